/** CSV files for spreadsheets, in which no cell can act as a formula. */

/** Spreadsheets take a cell that starts with one of these for a formula. */
const FORMULA = /^[=+\-@\t\r]/;

/** @param {string} text */
function cell(text) {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {string[][]} rows */
export const csv = (rows) => rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";

/** @param {string} name @param {string} text @param {string} [type] spreadsheets need a mark before the text, other programs must not have it */
export function download(name, text, type = "text/csv") {
  const url = URL.createObjectURL(new Blob(type === "text/csv" ? ["\uFEFF", text] : [text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
