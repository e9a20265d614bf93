import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { tableFromArrays, tableToIPC } from "@uwdata/flechette";
import * as core from "../../pkg/dist/core/crm_analytics.js";
import { columnsOfObject, columnsOfRows } from "../../pkg/dist/columns.js";
import { load } from "../../pkg/dist/load.js";

core.initSync({ module: readFileSync(new URL("../../pkg/dist/core/crm_analytics_bg.wasm", import.meta.url)) });
core.addAnalyses(readFileSync(new URL("../../pkg/dist/core/crm_analytics_analyses.wasm", import.meta.url)));
const file = (/** @type {string} */ name) => readFileSync(new URL(`../data/formats/${name}`, import.meta.url));
const csv = file("deals.csv");

/** What the core makes of a file: the funnel of its deals and the types of its columns. @param {string} name @param {Uint8Array | string} bytes */
async function read(name, bytes) {
  const handle = await load(core, [{ kind: undefined, name, blob: new Blob([/** @type {BlobPart} */ (bytes)]) }], { timeZone: "Asia/Tehran" });
  const { tables } = handle.summary();
  const columns = tables[0].columns.map(({ name: column, kind, role, missing }) => ({ column, kind, role, missing }));
  const { meta, ...funnel } = handle.funnel(undefined);
  const records = handle.records("deals", Uint32Array.of(0, 1, 4));
  handle.free();
  return { columns, funnel, records };
}

const expected = await read("deals.csv", csv);

test("the fixture is recognised", () => {
  assert.deepEqual(expected.columns.map(({ column, role }) => [column, role]).slice(0, 4), [["deal_id", "id"], ["created", "created_at"], ["close_date", "closed_at"], ["status", "outcome"]]);
  assert.equal(expected.funnel.counts.won, 3);
});

for (const name of ["deals.xlsx", "deals.parquet", "deals.arrow"]) {
  test(`${name} gives what the CSV file gives`, async () => assert.deepEqual(await read(name, file(name)), expected));
  test(`${name} in gzip gives the same`, async () => assert.deepEqual(await read(`${name}.gz`, gzipSync(file(name))), expected));
}

const rows = csv.toString("utf8").trim().split("\n").slice(1).map((line) => {
  const [, id, created, closed, status, owner, amount, changed] = /** @type {RegExpExecArray} */ (/^(.*?),(.*?),(.*?),(.*?),("[^"]*"|.*?),(.*?),(.*?)\r?$/.exec(line));
  return { deal_id: id, created, close_date: closed || null, status, owner: owner.replaceAll('"', "") || null, amount: amount ? Number(amount) : null, changed };
});

for (const [form, text] of Object.entries({
  rows: JSON.stringify(rows),
  "rows in the holder of an interface": JSON.stringify({ paging: {}, results: rows }),
  "rows in properties": JSON.stringify(rows.map((properties) => ({ properties }))),
  lines: rows.map((row) => JSON.stringify(row)).join("\n"),
  columns: JSON.stringify(Object.fromEntries(Object.keys(rows[0]).map((name) => [name, rows.map((row) => /** @type {any} */ (row)[name])]))),
})) {
  test(`JSON ${form} give what the CSV file gives`, async () => assert.deepEqual(await read("deals.json", text), expected));
}

test("an Arrow stream is read as a file is", async () => {
  const table = tableFromArrays({ deal_id: rows.map((row) => row.deal_id), amount: rows.map((row) => row.amount ?? NaN) });
  const stream = /** @type {Uint8Array} */ (tableToIPC(table, { format: "stream" }));
  const { columns } = await read("deals.arrow", stream);
  assert.deepEqual(columns.map(({ column, kind, missing }) => [column, kind, missing]), [["deal_id", "text", 0], ["amount", "number", 1]]);
});

test("fields of objects become columns, lists are joined", () => {
  const { names, columns } = columnsOfRows([{ id: 1, size: { from: 7, to: 9 }, tags: ["a", "b"] }, { id: 2, size: null, stage: "won" }]);
  assert.deepEqual(names, ["id", "size.from", "size.to", "tags", "size", "stage"]);
  assert.deepEqual(columns[3], ["a; b", ""]);
});

test("a long column of few texts crosses by code and is read as the texts are", async () => {
  const texts = { stage: ["Won", " Lost", "", null, "won "], amount: ["1,200", "70", "", "n/a", "5"], created: ["2024-01-05", "2024-02-30", "2024-03-01T10:00:00Z", "", "2024-01-05"] };
  const long = Object.fromEntries(Object.entries(texts).map(([name, few]) => [name, Array.from({ length: 4000 }, (_, row) => few[(row * 7) % 5])]));
  const { names, columns } = columnsOfObject({ id: Array.from({ length: 4000 }, (_, row) => `D${row}`), ...long });
  assert.deepEqual(columns.map((column) => "cells" in column), [false, true, true, true]);
  const plain = [columns[0], ...Object.values(long).map((list) => list.map((text) => text ?? ""))];
  const [by_code, by_text] = await Promise.all([columns, plain].map(async (columns) => {
    const handle = await load(core, [{ kind: "deals", name: "deals", names, columns }], {});
    const seen = [handle.summary(), handle.records("deals", Uint32Array.of(0, 1, 2, 3, 4, 3999))];
    handle.free();
    return seen;
  }));
  assert.deepEqual(by_code, by_text);
});

test("lookups are their names, and ids columns of their own", () => {
  const { names, columns } = columnsOfRows([
    { owner: { id: "7", name: "Sara", email: "s@x" }, org_id: { name: "Asia", value: 3 }, stage_id: [4, "Offer"], _parent_value: "g-1", "_parent_value@OData.Community.Display.V1.FormattedValue": "Asia" },
    { owner: null, org_id: null, stage_id: [5, "Won"], _parent_value: null },
  ]);
  const read = Object.fromEntries(names.map((name, at) => [name, Array.from(/** @type {ArrayLike<string | number>} */ (columns[at]))]));
  assert.deepEqual(read, {
    "owner.id": ["7", ""], owner: ["Sara", ""], "owner.email": ["s@x", ""], org_id: ["Asia", ""], "org_id.id": [3, NaN], stage_id: ["Offer", "Won"],
    "stage_id.id": [4, 5], "parent.id": ["g-1", ""], parent: ["Asia", ""],
  });
});

test("pieces of any size are one file, and Windows-1256 is told from UTF-8 wherever it shows", async () => {
  const long = `id,name\n${"1,plain\n".repeat(900_000)}2,`;
  const bytes = Buffer.concat([Buffer.from(long), Buffer.from([0xc8, 0xc7, 0xd1]), Buffer.from("\n")]);
  const handle = await load(core, [{ kind: "deals", name: "long.csv", blob: new Blob([bytes]) }], {});
  const last = handle.records("deals", Uint32Array.of(900_000))[0];
  handle.free();
  assert.deepEqual(last, [["id", "2"], ["name", "بار"]]);
});

test("what cannot be read is refused with a code and the name of the file", async () => {
  const cut = (/** @type {string} */ name) => file(name).subarray(0, 900);
  for (const [name, bytes, code] of /** @type {[string, Uint8Array | string, string][]} */ ([
    ["report.pdf", "%PDF-1.7", "is_pdf"],
    ["old.xls", new Uint8Array([0xd0, 0xcf, 0x11, 0xe0, 0xa1]), "is_office"],
    ["table.xls", "<html><table><tr><td>1</td></tr></table></html>", "is_html"],
    ["photo.csv", new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0]), "is_image"],
    ["deals.xlsx", cut("deals.xlsx"), "broken_xlsx"],
    ["deals.parquet", cut("deals.parquet"), "broken_parquet"],
    ["deals.arrow", cut("deals.arrow"), "broken_arrow"],
    ["deals.json", '{"data": [', "broken_json"],
    ["deals.json", "[]", "no_rows"],
    ["deals.csv.gz", gzipSync(csv).subarray(0, 60), "broken_gzip"],
    ["empty.csv", "", "empty_input"],
  ])) {
    await assert.rejects(read(name, bytes), (/** @type {any} */ error) => error.code === code && error.message.includes(name), `${name}: ${code}`);
  }
});
