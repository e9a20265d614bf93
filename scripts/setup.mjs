/** Installs what building and testing need, where the system's own tools can, and otherwise says exactly what to install. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Cargo's output, outside the clone so that the next clone starts warm; cargo locks it. */
export const TARGET =
  process.env.CARGO_TARGET_DIR ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "crm-analytics", "target");

const WASM_PACK = "0.15.1";

/** @param {string} text */
export const say = (text) => console.log(`▸ ${text}`);

/** Stops with what the person has to do. @param {string} text @returns {never} */
export function stop(text) {
  console.error(`\n✗ ${text}\n`);
  process.exit(1);
}

/**
 * Runs a command in the clone with its output shown, and stops where it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{env?: Record<string, string>, cwd?: string}} [options]
 */
export function run(command, args, { env = {}, cwd = ROOT } = {}) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: "inherit", env: { ...environment(), ...env } });
  if (error || status !== 0) stop(`${command} ${args.join(" ")} failed (${error?.message ?? `exit ${status}`})`);
}

export function environment() {
  const cargo = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");
  const path = [join(ROOT, "node_modules", ".bin"), process.env.PATH, cargo].join(process.platform === "win32" ? ";" : ":");
  return { ...process.env, PATH: path, CARGO_TARGET_DIR: TARGET };
}

/** What a command prints, or undefined where it cannot be run. @param {string} command @param {string[]} args @param {{env?: Record<string, string>}} [options] */
export function output(command, args, { env = {} } = {}) {
  const { status, stdout } = spawnSync(command, args, { cwd: ROOT, encoding: "utf8", env: { ...environment(), ...env } });
  return status === 0 ? stdout.trim() : undefined;
}

/** Node, npm packages, Rust with the wasm target, wasm-pack. */
export function setUp() {
  const [major] = process.versions.node.split(".");
  if (Number(major) < 20) stop(`Node ${process.versions.node} is too old. Install Node 20 or newer: https://nodejs.org`);
  npmPackages();
  rust();
  wasmPack();
}

function npmPackages() {
  const lock = createHash("sha256").update(readFileSync(join(ROOT, "package-lock.json"))).digest("hex");
  const stamp = join(ROOT, "node_modules", ".lock-sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  say("installing the npm packages of package-lock.json");
  run("npm", ["ci", "--prefer-offline", "--no-audit", "--no-fund"]);
  writeFileSync(stamp, lock);
}

function rust() {
  if (!output("cargo", ["--version"])) {
    stop("Rust is missing. Install it with rustup (https://rustup.rs); the toolchain and its wasm target come by rust-toolchain.toml.");
  }
  const target = "wasm32-unknown-unknown";
  const root = output("rustc", ["--print", "sysroot"]);
  if (root && existsSync(join(root, "lib", "rustlib", target, "lib"))) return;
  say(`adding the Rust target ${target}`);
  if (!output("rustup", ["--version"])) stop(`The Rust target ${target} is missing and rustup is not here to add it. Install rustup: https://rustup.rs`);
  run("rustup", ["target", "add", target]);
}

function wasmPack() {
  if (output("wasm-pack", ["--version"])?.includes(WASM_PACK)) return;
  say(`installing wasm-pack ${WASM_PACK} by cargo (1 to 2 minutes)`);
  run("cargo", ["install", "wasm-pack", "--version", WASM_PACK, "--locked"], { env: { CARGO_TARGET_DIR: join(TARGET, "wasm-pack") } });
}

const BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Paths of a Chromium and of its driver. Brings them by apt where this is Debian and we are root. */
export function browser() {
  const find = () => {
    const [program, driver] = [firstOf(BROWSERS), firstOf(["chromedriver"])];
    return program && driver ? { program, driver } : undefined;
  };
  const found = find();
  if (found) return found;
  const missing = "Chromium and its driver are missing. Install them: Debian or Ubuntu: apt-get install chromium chromium-driver · Fedora: dnf install chromium chromedriver · macOS: brew install --cask chromium chromedriver";
  if (process.getuid?.() !== 0 || !output("apt-get", ["--version"])) stop(missing);
  say("installing chromium and chromium-driver by apt-get");
  const quiet = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  run("apt-get", ["update", "-qq"], quiet);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", "chromium", "chromium-driver", "fonts-noto-core"], quiet);
  return find() ?? stop(missing);
}

/** @param {string[]} names */
const firstOf = (names) => names.map((name) => output("sh", ["-c", `command -v ${name}`])).find(Boolean);

/** How Chromium is started everywhere: headless, silent, without its background traffic. */
export const BROWSER_ARGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Writes `text` and the folders above it. @param {string} path @param {string} text */
export function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
