/** `npm test`: installs what is missing and runs every test. Names after `--` narrow it: fmt clippy native types wasm js. */
import { join } from "node:path";
import { build } from "./build.mjs";
import { BROWSER_ARGS, ROOT, browser, run, say, setUp, stop, write } from "./setup.mjs";
import { stageTestData } from "./test-data.mjs";

setUp();
const { program, driver } = browser();
build();
stageTestData();
write(join(ROOT, "webdriver.json"), JSON.stringify({ "goog:chromeOptions": { binary: program, args: BROWSER_ARGS.map((arg) => arg.replace(/^--/, "")) } }));

/** @type {Record<string, () => void>} */
const steps = {
  fmt: () => run("cargo", ["fmt", "--check"]),
  clippy: () => run("cargo", ["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"]),
  native: () => run("cargo", ["test", "--quiet"]),
  types: () => run("tsc", ["-p", "jsconfig.json"]),
  wasm: () => run("wasm-pack", ["test", "--headless", "--chrome", "--chromedriver", driver, "--", "--test", "golden"],
    { env: { WASM_BINDGEN_TEST_TIMEOUT: "600" } }),
  js: () => run("node", ["--test", "--test-concurrency=1", "tests/js/"], { env: { CHROMIUM: program } }),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in steps));
if (unknown) stop(`${unknown} is no step; the steps are ${Object.keys(steps).join(" ")}`);
for (const [name, step] of Object.entries(steps)) {
  if (wanted.length && !wanted.includes(name)) continue;
  const begun = performance.now();
  say(name);
  step();
  say(`${name} passed in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
say("every test passed");
