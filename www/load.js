/**
 * From sources to a handle of the core: what the worker and the command line share.
 *
 * @typedef {"deals" | "history" | "customers" | "orders" | "dimension" | undefined} Kind
 * @typedef {{kind: Kind, name: string, blob: Blob}} BlobSource
 * @typedef {{kind: Kind, name: string, url: string}} UrlSource
 * @typedef {{kind: Kind, name: string, names: string[], columns: import("./core/crm_analytics.js").ColumnValues[]}} ColumnSource
 * @typedef {{simulate: {deals: number, customers?: number, seed?: number}}} SimulatedSource
 * @typedef {BlobSource | UrlSource | ColumnSource | SimulatedSource} Source
 */

import { zoned } from "./time-zone.js";

/** An error with a stable `code`, and `details` that name the value, the rule and the place. */
export class CrmError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   * @param {Record<string, unknown>} [details]
   */
  constructor(code, message, details = {}) {
    super(message);
    this.name = "CrmError";
    this.code = code;
    this.details = details;
  }
}

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
    onProgress({ phase: "read", share: index / (sources.length + 1) });
    if ("simulate" in source) await addSimulated(loader, source.simulate);
    else if ("columns" in source) loader.addColumns(source.kind, source.name, source.names, source.columns);
    else addText(loader, source, await bytesOf(source));
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

/**
 * @param {import("./core/crm_analytics.js").Loader} loader
 * @param {BlobSource | UrlSource} source
 * @param {Uint8Array} bytes
 */
function addText(loader, source, bytes) {
  const add = (/** @type {Uint8Array} */ utf8) => loader.addCsv(source.kind, source.name, utf8);
  const utf16 = { "255,254": "utf-16le", "254,255": "utf-16be" }[String(bytes.subarray(0, 2))];
  if (utf16) return add(recode(bytes, utf16));
  try {
    add(bytes);
  } catch (error) {
    if (/** @type {CrmError} */ (error).code !== "not_utf8") throw error;
    add(recode(bytes, "windows-1256"));
  }
}

/**
 * @param {Uint8Array} bytes
 * @param {string} encoding
 */
const recode = (bytes, encoding) => new TextEncoder().encode(new TextDecoder(encoding).decode(bytes));

/** @param {BlobSource | UrlSource} source */
async function bytesOf(source) {
  const bytes = new Uint8Array(await ("blob" in source ? source.blob.arrayBuffer() : fetched(source.url)));
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return new Uint8Array(await new Response(plain).arrayBuffer());
  } catch (cause) {
    throw new CrmError("broken_gzip", `${source.name}: the gzip file is damaged (${cause})`, { table: source.name });
  }
}

/** @param {string} url */
async function fetched(url) {
  let status;
  try {
    const response = await fetch(url);
    if (response.ok) return response.arrayBuffer();
    status = response.status;
  } catch (cause) {
    status = String(cause);
  }
  throw new CrmError("not_fetched", `${url} could not be read: ${status}`, { url, status });
}
