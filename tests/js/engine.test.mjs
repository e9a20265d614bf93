import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CrmError, open } from "../../pkg/dist/engine.js";
import { createWorker } from "./thread.mjs";

const root = new URL("../../", import.meta.url);
const [module, analyses] = ["bg", "analyses"].map((part) => WebAssembly.compile(readFileSync(new URL(`pkg/dist/core/crm_analytics_${part}.wasm`, root))));
const hosting = { module, analyses, createWorker };
const maven = readFileSync(new URL("www/data/maven/sales_pipeline.csv", root), "utf8");

/** @param {string} code */
const rejectsWith = (code) => (/** @type {unknown} */ error) => error instanceof CrmError && error.code === code;

/** @param {any} given @param {(crm: import("../../pkg/dist/engine.js").Engine) => Promise<void>} use */
async function withCrm(given, use) {
  const crm = await open({ ...given, ...hosting });
  try {
    await use(crm);
  } finally {
    crm.dispose();
  }
}

test("maven gives the reference's median and incidences", () =>
  withCrm({ deals: maven }, async (crm) => {
    const { cycle } = await crm.funnel();
    const [, median, , p90] = cycle.duration.quantiles;
    assert.equal(median.days, 69);
    assert.equal(p90.days, null);
    const final = Object.fromEntries(cycle.outcomes.causes.map((/** @type {any} */ cause) => [cause.cause, cause.final]));
    assert.ok(Math.abs(final.won - 0.5194391985) < 1e-9 && Math.abs(final.lost - 0.301740545969) < 1e-9);
    assert.ok(cycle.duration.survival instanceof Float64Array);
    structuredClone(cycle);
  }));

test("rows, columns and text of the same deals give the same result", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => ({
    id: `d${i}`, created: `2024-01-${String((i % 28) + 1).padStart(2, "0")}`, closed: i % 3 ? `2024-03-${String((i % 28) + 1).padStart(2, "0")}` : null,
    status: ["Open", "Won", "Lost"][i % 3], amount: 100 + i,
  }));
  const names = /** @type {const} */ (["id", "created", "closed", "status", "amount"]);
  const csv = [names.join(","), ...rows.map((row) => names.map((name) => row[name] ?? "").join(","))].join("\n");
  const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
  /** @type {any[]} */ const results = [];
  for (const deals of [rows, columns, csv]) await withCrm({ deals }, async (crm) => void results.push(await crm.funnel()));
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2].cycle, results[0].cycle);
});

test("a misspelt option is refused by name", () =>
  withCrm({ deals: maven }, async (crm) => {
    await assert.rejects(crm.funnel({ confidense: 0.9 }), (/** @type {any} */ error) => error.code === "invalid_option" && error.message.includes("confidense"));
    await assert.rejects(crm.funnel({ confidence: 2 }), rejectsWith("invalid_option"));
    assert.ok((await crm.funnel({ confidence: 0.9 })).cycle);
  }));

test("broken input is refused with a code", async () => {
  for (const [deals, code] of /** @type {const} */ ([
    [new Uint8Array(), "empty_input"],
    [new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]), "is_image"],
    [new Uint8Array([0x61, 0x2c, 0x62, 0x0a, 0, 1, 2]), "binary"],
    ["id,created_at\n", "no_rows"],
  ])) {
    await assert.rejects(open({ deals, ...hosting }), rejectsWith(code), code);
  }
});

test("windows-1256 text is read", async () => {
  const header = Buffer.from("id,created_at,status,owner\n");
  const lines = ["1,2024-01-01,Won,", "2,2024-01-05,Open,"].map((line) => Buffer.concat([Buffer.from(line), Buffer.from([0xe3, 0xcd, 0xe3, 0xcf, 0x0a])]));
  await withCrm({ deals: Buffer.concat([header, ...lines]) }, async (crm) => {
    const [record] = await crm.records("deals", [0]);
    assert.equal(record.owner, "محمد");
  });
});

test("the deals and customers behind a number are as many as it says, and their rows are their records", () =>
  withCrm({ deals: maven }, async (crm) => {
    const { counts, periods, meta } = await crm.funnel({ period: "quarter" });
    const won = await crm.dealsBehind({ outcome: "won" }, meta.options);
    assert.deepEqual([won.deals, won.id.length, new Set(won.row).size], [counts.won, counts.won, counts.won]);
    const [record] = await crm.records("deals", [won.row[7]]);
    assert.deepEqual([record.opportunity_id, record.deal_stage, won.outcomes[won.outcome[7]]], [won.id[7], "Won", "won"]);
    const quarter = await crm.dealsBehind({ closed: [periods.startDay[2], periods.startDay[3]], outcome: "lost" }, meta.options);
    assert.equal(quarter.deals, periods.lost[2]);
    await assert.rejects(crm.dealsBehind({ visited: "Nowhere" }, meta.options), rejectsWith("invalid_option"));
    await assert.rejects(crm.dealsBehind({ outcom: "won" }, meta.options), rejectsWith("invalid_option"));
    const { segments, cross, bands, ids } = await crm.segments();
    const of = await Promise.all(segments.map((/** @type {any} */ { key }) => crm.dealsBehind({ segment: key })));
    assert.deepEqual(of.map(({ deals }) => deals), cross.segments.map((/** @type {any} */ { deals }) => deals));
    const inBands = await Promise.all(bands.map((/** @type {any} */ _, /** @type {number} */ place) => crm.inBand(place)));
    assert.deepEqual(inBands.map(({ length }) => length), bands.map((/** @type {any} */ { size }) => size));
    assert.ok(inBands.flatMap((places) => Array.from(places)).every((place) => place < ids.length));
    assert.equal((await crm.inBand(99)).length, 0);
  }));

test("an aborted call rejects at once and the next one answers", () =>
  withCrm({ deals: maven }, async (crm) => {
    const controller = new AbortController();
    const pending = crm.forecast({}, { signal: controller.signal });
    controller.abort();
    await assert.rejects(pending, rejectsWith("cancelled"));
    assert.ok((await crm.funnel()).cycle);
    await assert.rejects(crm.funnel({}, { signal: controller.signal }), rejectsWith("cancelled"));
  }));

test("with latest, only the newest call of a method is answered", () =>
  withCrm({ deals: maven }, async (crm) => {
    const calls = [0.8, 0.9, 0.95].map((confidence) => crm.funnel({ confidence }, { latest: true }));
    const [first, second, third] = await Promise.allSettled(calls);
    assert.equal(first.status === "rejected" && first.reason.code, "superseded");
    assert.equal(second.status === "rejected" && second.reason.code, "superseded");
    assert.equal(third.status === "fulfilled" && third.value.meta.options.confidence, 0.95);
    const plain = await Promise.all([0.8, 0.9].map((confidence) => crm.funnel({ confidence })));
    assert.deepEqual(plain.map((result) => result.meta.options.confidence), [0.8, 0.9]);
  }));

test("the call after a killed worker answers", () =>
  withCrm({ deals: maven }, async (crm) => {
    const before = await crm.funnel();
    crm.worker?.terminate();
    assert.deepEqual(await crm.funnel(), before);
  }));

test("a crash rejects the pending calls with a code, and the next call answers", () =>
  withCrm({ deals: maven }, async (crm) => {
    const pending = [crm.records("deals", [0]), crm.segments()].map((call) => assert.rejects(call, rejectsWith("crashed")));
    /** @type {any} */ (crm.worker).onerror({ message: "out of memory" });
    await Promise.all(pending);
    assert.ok((await crm.forecast()).verdict);
  }));

test("reload recognises the same data at another instant, and a refused one changes nothing", () =>
  withCrm({ deals: maven }, async (crm) => {
    assert.equal(crm.summary().counts.won, 4238);
    const earlier = await crm.reload({ asOf: "2017-06-30" });
    assert.ok(earlier.counts.won < 4238 && earlier.asOfFrom === "option");
    await assert.rejects(crm.reload({ asOf: "yesterday" }), rejectsWith("invalid_option"));
    assert.equal((await crm.funnel()).meta.asOf, earlier.asOf);
  }));

test("calls report progress", () =>
  withCrm({ deals: maven }, async (crm) => {
    /** @type {number[]} */ const shares = [];
    await crm.segments({}, { onProgress: ({ share }) => void shares.push(share) });
    assert.ok(shares.length > 1 && shares.every((share, i) => share >= 0 && share <= 1 && (i === 0 || share >= shares[i - 1])));
  }));

test("after dispose every call rejects", async () => {
  const crm = await open({ deals: maven, ...hosting });
  const pending = assert.rejects(crm.forecast(), rejectsWith("disposed"));
  crm.dispose();
  await pending;
  await assert.rejects(crm.funnel(), rejectsWith("disposed"));
});

test("a reload keeps the options that it does not name", () =>
  withCrm({ deals: maven, timeZone: "Asia/Tehran", calendar: "jalali" }, async (crm) => {
    const summary = /** @type {any} */ (await crm.reload({ asOf: "2017-06-30" }));
    assert.deepEqual([summary.timeZone, summary.calendar, summary.asOf], ["Asia/Tehran", "jalali", Date.UTC(2017, 5, 30) - 270 * 60_000]);
    const { periods } = await crm.funnel();
    assert.equal(periods.calendar, "jalali");
    const gregorian = (await crm.funnel({ calendar: "gregorian" })).periods;
    const all = (/** @type {any} */ { created }) => created.reduce((/** @type {number} */ sum, /** @type {number} */ count) => sum + count, 0);
    assert.equal(all(periods), all(gregorian));
    await assert.rejects(crm.reload({ timeZone: "Mars/Olympus" }), rejectsWith("invalid_option"));
    assert.equal(/** @type {any} */ (crm.summary()).timeZone, "Asia/Tehran");
  }));
