import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import * as core from "../../pkg/dist/core/crm_analytics.js";
import { load } from "../../pkg/dist/load.js";
import { initSync as startSimulator } from "../../pkg/dist/simulator/crm_analytics.js";

const wasm = readFileSync(new URL("../../pkg/dist/core/crm_analytics_bg.wasm", import.meta.url));
const analyses = readFileSync(new URL("../../pkg/dist/core/crm_analytics_analyses.wasm", import.meta.url));
const { memory } = core.initSync({ module: wasm });
startSimulator({ module: readFileSync(new URL("../../pkg/dist/simulator/crm_analytics_bg.wasm", import.meta.url)) });
const maven = readFileSync(new URL("../../www/data/maven/sales_pipeline.csv", import.meta.url));

test("the core is at most 300 kB gzip, the analyses that come beside it at most 390", () => {
  const sizes = [wasm, analyses].map((bytes) => gzipSync(bytes, { level: 9 }).length);
  assert.ok(sizes[0] <= 300_000 && sizes[1] <= 390_000, `${sizes} bytes`);
});

test("the shell is at most 25 kB gzip, without its texts and what is loaded when it is needed", async () => {
  const folder = new URL("../../pkg/dist/", import.meta.url).pathname;
  const { outputFiles, metafile } = await build({
    absWorkingDir: folder, entryPoints: ["dashboard.js", "worker.js"], outdir: "out", bundle: true, splitting: true, format: "esm", minify: true, charset: "utf8", write: false, metafile: true,
    plugins: [{ name: "apart", setup: ({ onResolve }) => onResolve({ filter: /(\/en|\/crm_analytics|vendor\/\w+)\.js$/ }, ({ path }) => ({ path, external: true })) }],
  });
  const first = new Set(["out/dashboard.js", "out/worker.js"]);
  for (const file of first) for (const { path, kind } of metafile.outputs[file].imports) if (kind === "import-statement" && path in metafile.outputs) first.add(path);
  const sizes = [...first].map((file) => gzipSync(outputFiles.find(({ path }) => path.endsWith(file))?.contents ?? "", { level: 9 }).length);
  const size = sizes.reduce((sum, part) => sum + part);
  assert.ok(size <= 25_000 && size > 10_000, `${size} bytes`);
});

test("the core alone reads and recognises data, and the analyses come to the data that it holds", async () => {
  const handle = await load(core, [{ kind: "deals", name: "deals.csv", blob: new Blob([maven]) }], {});
  assert.equal(/** @type {any} */ (handle.summary()).counts.deals, 8800);
  assert.throws(() => handle.quality(), TypeError);
  core.addAnalyses(analyses);
  assert.equal(/** @type {any} */ (handle.forecast(undefined)).verdict, "no_signal");
  handle.free();
});

test("the pipeline, owners, rules and what-if answer in plain values, and what cannot be is refused by code", async () => {
  const mapping = { rules: [{ column: "source", operator: "=", value: "Referral", points: 5 }, { column: "amount", operator: "between", value: [0, 1e4], points: -1 }] };
  const handle = await load(core, [{ simulate: { deals: 3000, seed: 2 } }], { mapping });
  /** @type {any} */ const pipeline = handle.pipeline({ period: "quarter", periods: 2, draws: 500, quota: 1e6 });
  assert.equal(pipeline.periods.length, 2);
  assert.ok(pipeline.total.amount.p10 < pipeline.total.amount.p90 && pipeline.total.quotaChance >= 0);
  assert.ok(pipeline.startDay instanceof Float64Array && pipeline.backtest.wins.length === pipeline.backtest.won.length);
  assert.throws(() => handle.pipeline({ periods: 0 }), { code: "invalid_option" });
  /** @type {any} */ const { reps } = handle.reps(undefined);
  assert.ok(reps.every((/** @type {any} */ rep) => rep.shrunkenRate.n === rep.won + rep.lost));
  /** @type {any} */ const rules = handle.rules(undefined);
  assert.deepEqual(rules.rules.map((/** @type {any} */ { rule }) => rule), mapping.rules);
  assert.ok(rules.score.every((/** @type {number} */ points) => [0, 5, -1, 4].includes(points)));
  assert.throws(() => handle.rules({ rules: [] }), { code: "too_few" });
  const options = { actionable: ["source"], changes: [{ column: "source", value: "Referral" }] };
  /** @type {any} */ const tried = handle.whatIf(rules.row[0], options);
  assert.ok(tried.changed.probability.value > tried.now.probability.value === tried.difference > 0);
  assert.deepEqual(handle.whatIf(rules.row[0], options), tried);
  assert.throws(() => handle.whatIf(4_000_000_000, options), { code: "invalid_option" });
  // Segments become a column of the deals, which a model that was learnt before does not know.
  handle.segments({ k: 3 });
  assert.equal(/** @type {any} */ (handle.whatIf(rules.row[0], options)).id, tried.id);
  assert.deepEqual(handle.summary().mapping?.rules, mapping.rules);
  handle.free();
});

test("1,000 cycles of load, analyse and free leave the memory flat", async () => {
  const lines = maven.toString("utf8").split("\n");
  const deals = new Blob([lines.slice(0, 1500).join("\n")]);
  const cycle = async () => {
    const handle = await load(core, [{ kind: "deals", name: "deals.csv", blob: deals }], {});
    handle.funnel(undefined);
    handle.forecast(undefined);
    handle.segments({ k: 3, restarts: 1 });
    assert.throws(() => handle.funnel({ confidence: 3 }), { code: "invalid_option" });
    assert.throws(() => handle.funnel(/** @type {any} */ ([])), { code: "invalid_option" });
    handle.free();
  };
  for (let i = 0; i < 50; i++) await cycle();
  const warm = memory.buffer.byteLength;
  for (let i = 0; i < 1000; i++) await cycle();
  assert.equal(memory.buffer.byteLength, warm);
});

test("the same input gives the same bytes", async () => {
  const result = async () => {
    const handle = await load(core, [{ simulate: { deals: 3000, seed: 5 } }], {});
    const all = [handle.summary(), handle.quality(), handle.funnel(undefined), handle.forecast(undefined), handle.pipeline({ draws: 500 }), handle.reps(undefined), handle.segments(undefined)];
    handle.free();
    return all;
  };
  assert.deepEqual(await result(), await result());
});
