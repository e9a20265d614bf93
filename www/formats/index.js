/**
 * What a file is, by its first bytes, and the readers of those that are no text. Each reader is a download of its own, made when such a file comes.
 *
 * @typedef {"text" | "gzip" | "json" | "arrow" | "parquet" | "xlsx"} Format
 * @typedef {{name: string} & import("../columns.js").Columns} Table
 */
import { CrmError } from "../error.js";

/** How many bytes tell what a file is. */
export const HEAD = 4096;

/** @type {[name: string, bytes: number[]][]} */
const MAGIC = [
  ["gzip", [0x1f, 0x8b]],
  ["xlsx", [0x50, 0x4b, 0x03, 0x04]],
  ["parquet", [0x50, 0x41, 0x52, 0x31]],
  ["arrow", [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31]],
  ["arrow", [0xff, 0xff, 0xff, 0xff]],
  ["pdf", [0x25, 0x50, 0x44, 0x46]],
  ["office", [0xd0, 0xcf, 0x11, 0xe0]],
  ["image", [0x89, 0x50, 0x4e, 0x47]],
  ["image", [0xff, 0xd8, 0xff]],
];
const REFUSED = new Set(["pdf", "office", "image", "html"]);

/**
 * @param {string} name of the file
 * @param {Uint8Array} head its first bytes
 * @returns {Format}
 */
export function formatOf(name, head) {
  const [found] = MAGIC.find(([, bytes]) => bytes.every((byte, at) => head[at] === byte)) ?? [textFormatOf(head)];
  if (REFUSED.has(found)) throw new CrmError(`is_${found}`, `${name} is ${SAID[found]}`, { table: name });
  return /** @type {Format} */ (found);
}

/** @type {Record<string, string>} */
const SAID = {
  pdf: "a PDF document, which holds no table that can be read; export CSV or XLSX instead",
  office: "an old .xls workbook or one that is locked by a password; save it as XLSX or CSV without a password",
  image: "a picture; export CSV or XLSX instead",
  html: "a web page under another name; open it in a spreadsheet and save it as XLSX or CSV",
};

/** @param {Uint8Array} head */
function textFormatOf(head) {
  const text = new TextDecoder().decode(head).trimStart();
  if (/^[[{]/.test(text)) return "json";
  return /^<(!doctype|html|table|meta|head|\?xml)/i.test(text) ? "html" : "text";
}

/**
 * The tables of a file that is not delimited text.
 *
 * @param {Exclude<Format, "text" | "gzip">} format
 * @param {string} name
 * @param {Blob} blob
 * @returns {Promise<Table[]>}
 */
export async function tablesOf(format, name, blob) {
  const readers = {
    json: () => import("./json.js"),
    arrow: () => import("./arrow.js"),
    parquet: () => import("./parquet.js"),
    xlsx: () => import("./xlsx.js"),
  };
  const { read } = await readers[format]();
  try {
    return await read(name, blob);
  } catch (cause) {
    if (cause instanceof CrmError) throw cause;
    throw new CrmError(`broken_${format}`, `${name} cannot be read as ${format}: ${/** @type {Error} */ (cause).message ?? cause}`, { table: name });
  }
}
