/** Builds the core, the chart bundle and the npm package; does nothing where nothing changed. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { ROOT, output, run, say, setUp, write } from "./setup.mjs";
import { split } from "./split.mjs";

/** All files below `paths`, in a fixed order. @param {string[]} paths @returns {string[]} */
function files(paths) {
  return paths.flatMap((path) => {
    const full = join(ROOT, path);
    if (!existsSync(full)) return [];
    if (!statSync(full).isDirectory()) return [path];
    return files(readdirSync(full).sort().map((name) => join(path, name)));
  });
}

/**
 * Runs `make` unless `inputs` are the same as when `made` was made.
 *
 * @param {string} made
 * @param {string[]} inputs
 * @param {() => void} make
 */
function once(made, inputs, make) {
  const hash = createHash("sha256");
  for (const file of files(inputs)) hash.update(file).update("\0").update(readFileSync(join(ROOT, file))).update("\0");
  const digest = hash.digest("hex");
  const stamp = join(ROOT, made, ".inputs-sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  rmSync(join(ROOT, made), { recursive: true, force: true });
  say(`building ${made}`);
  make();
  write(stamp, digest);
}

/** Reading and recognising data is one download; what answers questions is a second one into the same instance. */
const DEFERRED = ["assign", "dealsBehind", "forecast", "funnel", "inBand", "offending", "pipeline", "quality", "reps", "rules", "segments", "whatIf"].map((name) => `handle_${name}`);

const FEATURES = ["simd", "bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"].map((name) => `--enable-${name}`);
/** A loop that has a function of its own keeps its state in registers: put into its caller it is a third slower, and no smaller. */
const APART = "--one-caller-inline-max-function-size=0";
const SMALL = [APART, "-Oz", "--flatten", "--rereloop", "-Oz", "-Oz"];

/** Compiles the crate with one of its features into a folder of `www`; returns where the module stands. @param {"engine" | "simulator"} feature @param {string} folder */
function compiled(feature, folder) {
  // The same bytes on every machine, and no folder names of this one in them.
  const folders = [join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src"), ROOT];
  const remapped = folders.map((folder) => `"--remap-path-prefix=${folder}=."`).join(", ");
  run("wasm-pack", ["--quiet", "build", "--target", "web", "--release", "--no-pack", "--no-opt", "--out-dir", folder,
    "--", "--no-default-features", "--features", feature, "--config", `target.wasm32-unknown-unknown.rustflags=[${remapped}]`]);
  // npm leaves out what a .gitignore names, even inside a package.
  rmSync(join(ROOT, folder, ".gitignore"), { force: true });
  return join(ROOT, folder, "crm_analytics_bg.wasm");
}

/** @param {string} name @param {string} file */
function saySize(name, file) {
  const bytes = readFileSync(file);
  say(`${name}: ${kilobytes(bytes.length)} kB, ${kilobytes(gzipSync(bytes, { level: 9 }).length)} kB gzip`);
}

function simulator() {
  const made = compiled("simulator", "www/simulator");
  run("wasm-opt", [made, ...SMALL, ...FEATURES, "-o", made]);
  saySize("simulator", made);
}

function core() {
  const folder = "www/core";
  const made = compiled("engine", folder);
  const text = join(ROOT, folder, "split.wat");
  run("wasm-opt", [made, "-g", ...SMALL, ...FEATURES, "-o", made]);
  run("wasm-dis", [made, ...FEATURES, "-o", text]);
  const parts = split(readFileSync(text, "utf8"), DEFERRED);
  for (const [file, part] of [["crm_analytics_bg.wasm", parts.core], ["crm_analytics_analyses.wasm", parts.deferred]]) {
    const path = join(ROOT, folder, file);
    write(text, part);
    run("wasm-as", [text, ...FEATURES, "-o", path]);
    run("wasm-opt", [path, APART, "-Oz", ...FEATURES, "-o", path]);
    saySize(file, path);
  }
  rmSync(text);
  extend(join(ROOT, folder, "crm_analytics"));
}

/** Gives the bindings a way to add the second download. @param {string} bindings path without its extension */
function extend(bindings) {
  const script = readFileSync(`${bindings}.js`, "utf8");
  const exportsTaken = "wasm = instance.exports;";
  if (script.split(exportsTaken).length !== 2) throw new Error("the bindings are not written as expected");
  write(`${bindings}.js`, `${script.replace(exportsTaken, "wasm = { ...instance.exports };")}
/** Adds the analyses of crm_analytics_analyses.wasm, once the core is initialised. */
export function addAnalyses(module) {
    const compiled = module instanceof WebAssembly.Module ? module : new WebAssembly.Module(module);
    Object.assign(wasm, new WebAssembly.Instance(compiled, { core: wasm }).exports);
}
`);
  write(`${bindings}.d.ts`, `${readFileSync(`${bindings}.d.ts`, "utf8")}
/** Adds the analyses of crm_analytics_analyses.wasm, once the core is initialised. */
export function addAnalyses(module: SyncInitInput): void;
`);
}

/** @param {number} bytes */
const kilobytes = (bytes) => Math.round(bytes / 1000);

/** What is bundled, each a file of `www/vendor` of its own. */
const VENDOR = ["www/charts/echarts-entry.js", "www/formats/arrow-entry.js", "www/formats/parquet-entry.js", "www/formats/xlsx-entry.js"];

function vendor() {
  for (const entry of VENDOR) {
    const name = basename(entry).replace("-entry", "");
    run("esbuild", [entry, "--bundle", "--format=esm", "--minify", "--legal-comments=eof", "--banner:js=// @ts-nocheck",
      "--define:process.env.NODE_ENV=\"production\"", "--log-level=warning", `--outfile=www/vendor/${name}`]);
  }
}

const PAGE_ONLY = new Set(["index.html", "main.js", "style.css", "data"]);

function dist() {
  cpSync(join(ROOT, "www"), join(ROOT, "pkg/dist"), {
    recursive: true,
    filter: (source) => {
      const [top] = relative(join(ROOT, "www"), source).split(/[\\/]/);
      return !PAGE_ONLY.has(top) && !source.endsWith(".inputs-sha256");
    },
  });
  cpSync(join(ROOT, "src/types.d.ts"), join(ROOT, "pkg/dist/types.d.ts"));
}

export function build() {
  const crate = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo", "src", "scripts/build.mjs"];
  once("www/core", [...crate, "scripts/split.mjs"], core);
  once("www/simulator", crate, simulator);
  once("www/vendor", [...VENDOR, "package-lock.json", "scripts/build.mjs"], vendor);
  once("pkg/dist", ["www", "src/types.d.ts", "scripts/build.mjs"], dist);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  setUp();
  build();
  say(`built with ${output("rustc", ["--version"])}`);
}
