/**
 * `npm run bench:peers`: this project beside what users would pick instead, on the same seeded data in the same run. One JSON row
 * per measurement on stdout: `{workload, case, who, median_ms, n, checked}`, then a row per ratio.
 * `--workloads w1,w2,w3,w4`, `--sizes 100k,1m`, `--rounds 3`. W1 and W2 are also run at every shape, kernels alone, in turn with their peers.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { ROOT, browser, output, run, say, setUp, stop } from "./setup.mjs";

const { values } = parseArgs({
  options: {
    workloads: { type: "string", default: "w1,w2,w3,w4" },
    sizes: { type: "string", default: "100k,1m" },
    rounds: { type: "string", default: "3" },
  },
});
const workloads = values.workloads.split(",");
const sizes = values.sizes.split(",");

const HOME = join(ROOT, "benches/peers");
const [data, out, modules, venv] = ["data", "out", "node_modules", "venv"].map((name) => join(HOME, name));
const python = join(venv, "bin/python");

/** Which peers stand for what users would pick: `PEERS_FILTER` of the Python programs, and names of the JavaScript ones. */
const PYTHON = "rows 0-7 strict sklearn-lloyd|k sklearn-newton-cholesky|m sklearn-newton-cholesky|duckdb-1t|duckdb-sql|km-only lifelines|1m (pyarrow|pandas-c)-1t";
const JAVASCRIPT = ["ml-kmeans", "hand-js", "papaparse", "udsv"];

setUp();
const { program } = browser();
build();
for (const folder of [data, out]) mkdirSync(folder, { recursive: true });
if (!existsSync(python)) {
  if (!output("python3", ["--version"])) stop("Python 3 with venv is missing: the native peers are Python packages. Debian: apt-get install python3-venv");
  say("installing the Python peers");
  run("python3", ["-m", "venv", venv]);
  run(python, ["-m", "pip", "install", "-q", "numpy", "scipy", "scikit-learn", "pandas", "polars", "duckdb", "pyarrow", "lifelines", "statsmodels"]);
}
if (!existsSync(join(modules, "@duckdb"))) {
  say("installing the JavaScript peers");
  run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", HOME, "playwright-core", "ml-kmeans", "skmeans", "papaparse", "udsv",
    "d3-dsv", "csv-parse", "@duckdb/duckdb-wasm", "apache-arrow", "arquero@7.2.1"], { cwd: HOME });
}
const env = {
  PEERS_DATA: data, PEERS_OUT: out, PEERS_NODE_MODULES: modules, PEERS_BUILD: join(HOME, "build"), CHROMIUM: program,
  PEERS_REPS: "5", THREADS: "1", PYTHONPATH: join(HOME, "py"), PEERS_FILTER: PYTHON,
};
/** @type {Record<string, string>} */
const LAST_FILE = { w1: "w1_1m.f64", w2: "w2_1m_y.u8", w3: "w3_5m_ts.f64", w4: "w4_1m.csv" };
const missing = workloads.filter((workload) => !existsSync(join(data, LAST_FILE[workload] ?? "")));
if (missing.length) run(python, [join(HOME, "py/gen.py"), ...missing], { env });

const results = join(out, "results.jsonl");
rmSync(results, { force: true });
appendFileSync(results, "");
for (let round = 1; round <= Number(values.rounds); round++) {
  say(`round ${round} of ${values.rounds}`);
  run("node", [join(HOME, "js/chromium.mjs"), `ours.html?w=${workloads}&t=${sizes}&reps=5`], { env });
  run(python, [join(HOME, "py/bench_py.py"), ...workloads, ...sizes], { env });
  run("node", ["--max-old-space-size=12000", join(HOME, "js/jspeers.mjs"), ...workloads, ...sizes, ...JAVASCRIPT.map((name) => `peer=${name}`)], { env });
  run("node", ["--max-old-space-size=12000", join(HOME, "js/jspeers.mjs"), "duckdb", ...workloads.filter((workload) => /w[34]/.test(workload)), ...sizes, "peer=duckdb"], { env });
}

/** @param {number[]} list */
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

/** What programs counted in what they read: it must be the same. @type {Map<string, string>} */
const totals = new Map();
/** @type {Map<string, {w: string, case: string, peer: string, medians: number[], n: number, failed: boolean}>} */
const found = new Map();
for (const line of readFileSync(results, "utf8").split("\n").filter(Boolean)) {
  const row = JSON.parse(line);
  const key = `${row.w}|${row.case}|${row.peer}`;
  const entry = found.get(key) ?? { w: row.w, case: row.case, peer: row.peer, medians: /** @type {number[]} */ ([]), n: 0, failed: false };
  entry.failed ||= Boolean(row.error);
  if (row.totals !== undefined) totals.set(key, row.totals);
  if (row.median !== undefined) entry.medians.push(row.median);
  entry.n += row.n ?? 0;
  found.set(key, entry);
}
if (new Set(totals.values()).size > 1) say(`totals differ: ${JSON.stringify([...totals], undefined, 1)}`);
const rows = [...found.values()];
const timed = rows.filter(({ medians }) => medians.length);
for (const { w, case: name, peer, medians, n, failed } of timed) {
  console.log(JSON.stringify({ workload: w, case: name, who: peer, median_ms: median(medians), n, checked: !failed && new Set(totals.values()).size < 2 }));
}
/** The size that a case begins with. @param {string} name */
const size = (name) => name.split(/[- ,]/)[0];
for (const ours of timed.filter(({ peer }) => peer.startsWith("crm-analytics"))) {
  for (const other of timed.filter(({ w, case: name, peer }) => w === ours.w && size(name) === size(ours.case) && !peer.startsWith("crm-analytics"))) {
    console.log(JSON.stringify({ workload: ours.w, ours: ours.case, against: `${other.peer}: ${other.case}`, ratio: Number((median(ours.medians) / median(other.medians)).toFixed(3)) }));
  }
}

/** The programs that run a workload at every shape, and the last file that each needs. @type {Record<string, string>} */
const SHAPES = { w1: "w1s_1m_32_16.f64", w2: "w2s_1m_60_y.u8" };
/** What their rows call the programs. @type {Record<string, string>} */
const PEERS = { ours: "crm-analytics@chromium", exact: "crm-analytics@chromium, to the last digit", sklearn: "scikit-learn 1t", js: "hand-js@chromium", ml: "ml-kmeans" };

for (const workload of workloads.filter((workload) => workload in SHAPES)) {
  if (!existsSync(join(HOME, "build/own/own_bg.wasm"))) {
    say("building the kernels");
    run("sh", [join(HOME, "rs/build.sh"), "own-kernels"], { env: { ...env, WASM_BINDGEN: wasmBindgen() } });
  }
  const program = `${workload}_shapes`;
  if (!existsSync(join(data, SHAPES[workload]))) run(python, [join(HOME, "py", `${program}.py`), "gen"], { env });
  say(`${workload} at every shape`);
  const printed = output("node", ["--max-old-space-size=12000", join(HOME, "js", `${program}.mjs`), "--tags", sizes.join(",")], { env: { ...env, PYTHON: python } });
  if (printed === undefined) stop(`${program}.mjs failed`);
  for (const line of printed.split("\n").filter((line) => line.startsWith("{"))) {
    const row = JSON.parse(line);
    const shape = [row.tag, `d=${row.d}`, row.k && `k=${row.k}`].filter(Boolean).join(" ");
    // W1 is checked by its inertia, of which the rounding of f32 moves the sixth digit.
    const checked = row.checked ?? Math.abs(row.difference) < 1e-4;
    for (const [key, who] of Object.entries(PEERS)) {
      if (Number.isFinite(row[key])) console.log(JSON.stringify({ workload, case: shape, who, median_ms: row[key], n: key === "js" ? 3 : key === "ml" ? 1 : 5, checked }));
    }
    for (const key of Object.keys(PEERS).slice(2)) {
      if (Number.isFinite(row[key])) console.log(JSON.stringify({ workload, ours: shape, against: PEERS[key], ratio: Number((row.ours / row[key]).toFixed(3)) }));
    }
  }
}

/** The bindings generator that wasm-pack has built for the core. */
function wasmBindgen() {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), ".wasm-pack");
  const folders = existsSync(cache) ? readdirSync(cache).filter((name) => name.startsWith("wasm-bindgen-")) : [];
  const found = folders.map((name) => join(cache, name, "wasm-bindgen")).find((file) => existsSync(file));
  return found ?? "wasm-bindgen";
}
