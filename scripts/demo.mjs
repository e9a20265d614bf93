/** `npm start`: installs what is missing, builds, and serves the dashboard on sample data. `--open` opens it, `--port N` picks the port. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { serve } from "./serve.mjs";
import { ROOT, say, setUp, stop } from "./setup.mjs";

const { values } = parseArgs({ options: { open: { type: "boolean" }, port: { type: "string", default: "8080" } } });
const wanted = Number(values.port);
if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65535) stop(`--port is ${values.port}; a port is a whole number from 0 to 65535`);

setUp();
build();
const server = await serve(join(ROOT, "www"), { port: wanted }).catch((error) => {
  if (error.code !== "EADDRINUSE") throw error;
  return serve(join(ROOT, "www"));
});
say(`the dashboard is at ${server.url}  (Ctrl+C ends it)`);
if (values.open) {
  const opener = { darwin: "open", win32: "explorer" }[/** @type {string} */ (process.platform)] ?? "xdg-open";
  spawn(opener, [server.url], { stdio: "ignore", detached: true }).on("error", () => say(`could not open a browser: ${opener} is missing`)).unref();
}
