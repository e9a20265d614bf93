import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "crm-analytics-"));
after(() => rmSync(folder, { recursive: true }));

/** @param {string[]} args */
function cli(...args) {
  const { status, stdout, stderr } = spawnSync("node", [join(root, "pkg/bin/crm-analytics.mjs"), ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
  return { status, stdout, stderr, json: () => JSON.parse(stdout) };
}

const maven = join(root, "www/data/maven/sales_pipeline.csv");

test("funnel on Maven prints the reference's numbers and exits 0", () => {
  const run = cli("funnel", "--deals", maven, "--json");
  assert.equal(run.status, 0, run.stdout + run.stderr);
  const { cycle, meta } = run.json();
  assert.equal(cycle.duration.quantiles[1].days, 69);
  assert.equal(meta.rowsUsed, 8300);
  assert.equal(run.stderr, "");
});

test("forecast on Maven says no signal and shows the base rate", () => {
  const { verdict, shown, baseRate } = cli("forecast", "--deals", maven, "--json").json();
  assert.equal(verdict, "no_signal");
  assert.equal(shown, "base_rate");
  assert.ok(Math.abs(baseRate.value - 4238 / 6711) < 1e-12);
});

test("the pipeline of Maven is forecast month by month with its open deals", () => {
  const { open, periods, winTimes } = cli("pipeline", "--deals", maven, "--options", '{"periods":3,"draws":500}', "--json").json();
  assert.deepEqual([open.wins, periods.length, winTimes], [1589, 3, "cycle"]);
  assert.equal(cli("reps", "--deals", maven, "--json").json().reps.length, 30);
  assert.equal(cli("rules", "--deals", maven).json().error.code, "too_few");
});

test("mapping and options may be files", () => {
  const map = join(folder, "map.json");
  writeFileSync(map, JSON.stringify({ deals: { created_at: "engage_date" } }));
  const options = join(folder, "options.json");
  writeFileSync(options, JSON.stringify({ k: 4 }));
  const run = cli("segments", "--orders", join(root, "www/data/online-retail-orders.csv"), "--options", options, "--json");
  assert.equal(run.json().segments.length, 4);
  assert.equal(cli("funnel", "--deals", maven, "--map", map, "--json").json().meta.rowsUsed, 8300);
});

test("three broken lines among 10,000 are listed with their numbers and the rest is used", () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `d${i},2024-01-${String((i % 28) + 1).padStart(2, "0")},${i % 2 ? "Won" : "Lost"},2024-03-${String((i % 28) + 1).padStart(2, "0")}`);
  for (const broken of [100, 5000, 9000]) lines[broken] = "only,two";
  const file = join(folder, "broken.csv");
  writeFileSync(file, ["id,created_at,status,closed_at", ...lines].join("\n"));
  const { meta } = cli("funnel", "--deals", file, "--json").json();
  assert.equal(meta.rowsUsed, 9997);
  const unreadable = meta.rowsLeftOut.find((/** @type {any} */ left) => left.reason === "unreadable_line");
  assert.deepEqual([unreadable.count, unreadable.exampleLines], [3, [102, 5002, 9002]]);
});

test("bad input exits 2 with a coded error", () => {
  const empty = join(folder, "empty.csv");
  writeFileSync(empty, "");
  for (const [args, code] of /** @type {[string[], string][]} */ ([
    [["funnel", "--deals", empty], "empty_input"],
    [["funnel", "--deals", join(folder, "absent.csv")], "unreadable_file"],
    [["funnel", "--deals", maven, "--options", '{"confidence":7}'], "invalid_option"],
    [["funnel", "--deals", maven, "--map", '{"deals":{"amount":"worth"}}'], "unknown_column"],
    [["funnel", "--deals", maven, "--map", "{"], "invalid_option"],
    [["segments", "--deals", maven, "--options", '{"k":0}'], "invalid_option"],
    [["dance"], "usage"],
    [["funnel", "--deels", maven], "usage"],
    [["funnel"], "usage"],
  ])) {
    const run = cli(...args);
    assert.equal(run.status, 2, args.join(" "));
    const { error } = run.json();
    assert.equal(error.code, code, run.stdout);
    assert.ok(error.message && typeof error.details === "object");
  }
});

test("a simulated CRM is the same for the same seed and is recognised unmapped", () => {
  const write = (/** @type {string} */ table) => {
    const file = join(folder, `${table}.csv`);
    const run = cli("simulate", "--options", '{"deals":2000,"seed":7}', "--table", table);
    assert.equal(run.status, 0, run.stdout);
    writeFileSync(file, run.stdout);
    return file;
  };
  const [deals, history] = [write("deals"), write("history")];
  assert.equal(cli("simulate", "--options", '{"deals":2000,"seed":7}').stdout, cli("simulate", "--options", '{"deals":2000,"seed":7}').stdout);
  const { stages, source } = cli("funnel", "--deals", deals, "--history", history, "--json").json();
  assert.equal(source, "history");
  assert.equal(stages.length, 4);
});
