/** JSON: an array of records, an object of columns, what CRM interfaces put around records, or one record per line. */
import { columnsOfObject, columnsOfRows } from "../columns.js";
import { CrmError } from "../error.js";

/** Where the interfaces of CRMs put their records. */
const HOLDERS = ["data", "value", "results", "result", "records", "items", "rows", "deals", "list"];

/** @param {string} name @param {Blob} blob @returns {Promise<import("./index.js").Table[]>} */
export async function read(name, blob) {
  const given = parsed(await blob.text());
  const { rows, columns } = found(given, 0);
  if (columns) return [{ name, ...columnsOfObject(columns) }];
  if (!rows?.length) throw new CrmError("no_rows", `${name} holds no records: an array of objects or an object of arrays is expected`, { table: name });
  return [{ name, ...columnsOfRows(rows) }];
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const lines = text.split("\n").filter((line) => line.trim());
    if (lines.length < 2 || !lines[0].trim().endsWith("}")) throw error;
    return lines.map((line, at) => {
      try {
        return JSON.parse(line);
      } catch (cause) {
        throw new Error(`line ${at + 1}: ${/** @type {Error} */ (cause).message}`);
      }
    });
  }
}

/**
 * @param {any} given
 * @param {number} depth
 * @returns {{rows?: Record<string, unknown>[], columns?: Record<string, unknown[]>}}
 */
function found(given, depth) {
  if (Array.isArray(given)) return { rows: given.filter((row) => typeof row === "object" && row !== null && !Array.isArray(row)) };
  if (typeof given !== "object" || given === null) return {};
  const holder = HOLDERS.find((key) => typeof given[key] === "object" && given[key] !== null);
  if (holder && depth < 2) return found(given[holder], depth + 1);
  const values = Object.values(given);
  const isColumns = values.length > 0 && values.every((value) => Array.isArray(value) && value.length === values[0].length);
  return isColumns ? { columns: given } : {};
}
