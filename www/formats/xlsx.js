/** XLSX: one table per sheet that holds any. */
import readSheets from "../vendor/xlsx.js";
import { columnOf } from "../columns.js";

/** @param {string} name @param {Blob} blob @returns {Promise<import("./index.js").Table[]>} */
export async function read(name, blob) {
  /** @type {{sheet: string, data: any[][]}[]} */
  const sheets = await readSheets(blob);
  const filled = sheets.filter(({ data }) => data.length > 1);
  return filled.map(({ sheet, data: [header, ...rows] }) => ({
    name: filled.length > 1 ? `${name} · ${sheet}` : name,
    names: header.map((title) => (title === null ? "" : String(title))),
    columns: header.map((_, at) => columnOf(rows.map((row) => cell(row[at])))),
  }));
}

/** A workbook's dates have no zone: they are local. They are days and shares of days, so that seconds miss by a little. @param {any} value */
function cell(value) {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return value;
  const second = Math.round(value.getTime() / 1000) * 1000;
  const iso = new Date(Math.abs(second - value.getTime()) <= 2 ? second : value).toISOString();
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.slice(0, -1);
}
