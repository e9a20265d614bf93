/**
 * From sources to a handle of the core: what the worker and the command line share.
 *
 * @typedef {"deals" | "history" | "customers" | "orders" | "interactions" | "dimension" | undefined} Kind
 * @typedef {{kind: Kind, name: string, blob: Blob}} BlobSource
 * @typedef {{kind: Kind, name: string, url: string}} UrlSource
 * @typedef {{kind: Kind, name: string, names: string[], columns: import("./core/crm_analytics.js").ColumnValues[]}} ColumnSource
 * @typedef {{simulate: {deals: number, customers?: number, seed?: number}}} SimulatedSource
 * @typedef {BlobSource | UrlSource | ColumnSource | SimulatedSource} Source
 */

import { CrmError } from "./error.js";
import { HEAD, formatOf, tablesOf } from "./formats/index.js";
import { zoned } from "./time-zone.js";

export { CrmError };

/**
 * Reads every source and recognises the whole.
 *
 * @param {typeof import("./core/crm_analytics.js")} core
 * @param {Source[]} sources
 * @param {object} options `LoadOptions`
 * @param {(progress: {phase: string, share: number}) => void} [onProgress]
 */
export async function load(core, sources, options, onProgress = () => {}) {
  const loader = new core.Loader(...zoned(options));
  for (const [index, source] of sources.entries()) {
    const report = (/** @type {number} */ share) => onProgress({ phase: "read", share: (index + share) / (sources.length + 1) });
    report(0);
    if ("simulate" in source) await addSimulated(loader, source.simulate);
    else if ("columns" in source) loader.addColumns(source.kind, source.name, source.names, source.columns);
    else await addFile(loader, source.kind, source.name, "blob" in source ? source.blob : await fetched(source.url), report);
  }
  onProgress({ phase: "load", share: sources.length / (sources.length + 1) });
  return loader.finish();
}

/**
 * The simulator is a download of its own: only who asks for simulated data pays for it.
 *
 * @param {import("./core/crm_analytics.js").Loader} loader
 * @param {SimulatedSource["simulate"]} options
 */
async function addSimulated(loader, options) {
  const simulator = await import("./simulator/crm_analytics.js");
  await simulator.default();
  for (const { kind, names, columns } of simulator.simulate(options)) loader.addColumns(kind, kind, names, columns);
}

/** Bytes that are read at a time: enough to hide the way to the disk, few enough for progress. */
const PIECE = 1 << 22;

/**
 * Adds the tables of a file, whatever its format.
 *
 * @param {import("./core/crm_analytics.js").Loader} loader
 * @param {Kind} kind
 * @param {string} name
 * @param {Blob} blob
 * @param {(share: number) => void} report
 */
async function addFile(loader, kind, name, blob, report) {
  const head = async (/** @type {AsyncIterable<Uint8Array>} */ pieces) => {
    for await (const piece of pieces) if (piece.length) return piece.subarray(0, HEAD);
    return new Uint8Array();
  };
  let format = formatOf(name, new Uint8Array(await blob.slice(0, HEAD).arrayBuffer()));
  let pieces = () => slices(blob, report);
  if (format === "gzip") {
    pieces = () => unzipped(blob, name, report);
    format = formatOf(name, await head(pieces()));
    if (format === "gzip") throw new CrmError("broken_gzip", `${name} is compressed twice`, { table: name });
    if (format !== "text") blob = await gathered(pieces());
  }
  if (format === "text") return addText(loader, kind, name, pieces);
  const tables = await tablesOf(/** @type {"json"} */ (format), name, blob);
  if (!tables.length) throw new CrmError("no_rows", `${name} holds no table`, { table: name });
  for (const [at, { name: table, names, columns }] of tables.entries()) loader.addColumns(at ? undefined : kind, table, names, columns);
}

/**
 * Streams delimited text into the core. It is UTF-8, or UTF-16 with its mark; what is neither is Windows-1256, of which every byte is a letter.
 *
 * @param {import("./core/crm_analytics.js").Loader} loader
 * @param {Kind} kind
 * @param {string} name
 * @param {() => AsyncIterable<Uint8Array>} pieces
 */
async function addText(loader, kind, name, pieces) {
  for (const recode of [false, true]) {
    try {
      loader.begin(kind, name);
      do {
        for await (const piece of recode ? recoded(pieces()) : pieces()) loader.push(piece);
      } while (!loader.close());
      return;
    } catch (error) {
      if (recode || /** @type {CrmError} */ (error).code !== "not_utf8") throw error;
    }
  }
}

/**
 * The bytes of a file, the next piece being fetched while one is worked on.
 *
 * @param {Blob} blob
 * @param {(share: number) => void} report
 */
async function* slices(blob, report) {
  const slice = (/** @type {number} */ from) => blob.slice(from, from + PIECE).arrayBuffer();
  let next = slice(0);
  for (let from = 0; from < blob.size; from += PIECE) {
    const piece = new Uint8Array(await next);
    next = slice(from + PIECE);
    next.catch(() => {});
    yield piece;
    report(Math.min(1, (from + PIECE) / blob.size));
  }
}

/**
 * @param {Blob} blob
 * @param {string} name
 * @param {(share: number) => void} report
 */
async function* unzipped(blob, name, report) {
  let read = 0;
  const counted = new TransformStream({
    transform(chunk, controller) {
      report(Math.min(1, (read += chunk.length) / blob.size));
      controller.enqueue(chunk);
    },
  });
  const reader = blob.stream().pipeThrough(counted).pipeThrough(/** @type {any} */ (new DecompressionStream("gzip"))).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw new CrmError("broken_gzip", `${name}: the gzip file is damaged (${cause})`, { table: name });
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** @param {AsyncIterable<Uint8Array>} pieces */
async function gathered(pieces) {
  /** @type {BlobPart[]} */
  const parts = [];
  for await (const piece of pieces) parts.push(/** @type {BlobPart} */ (piece));
  return new Blob(parts);
}

/** @param {AsyncIterable<Uint8Array>} pieces */
async function* recoded(pieces) {
  const decoder = new TextDecoder("windows-1256");
  const encoder = new TextEncoder();
  for await (const piece of pieces) yield encoder.encode(decoder.decode(piece, { stream: true }));
}

/** @param {string} url */
async function fetched(url) {
  let status;
  try {
    const response = await fetch(url);
    if (response.ok) return response.blob();
    status = response.status;
  } catch (cause) {
    status = String(cause);
  }
  throw new CrmError("not_fetched", `${url} could not be read: ${status}`, { url, status });
}
