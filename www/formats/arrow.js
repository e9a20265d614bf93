/** Arrow IPC, file or stream. */
import { tableFromIPC } from "../vendor/arrow.js";
import { columnOf } from "../columns.js";
import { localDay } from "./days.js";

/** Numbers of the format's types. */
const TYPE = { dictionary: -1, date: 8, timestamp: 10 };

/** @param {string} name @param {Blob} blob @returns {Promise<import("./index.js").Table[]>} */
export async function read(name, blob) {
  const table = tableFromIPC(await blob.arrayBuffer(), { useDate: false, useDecimalInt: false });
  /** @type {{name: string, type: any}[]} */
  const fields = table.schema.fields;
  const columns = fields.map(({ type }, at) => typed(type, table.getChildAt(at)));
  return [{ name, names: fields.map((field) => field.name), columns }];
}

/** @param {any} type @param {any} column @returns {import("../columns.js").ColumnValues} */
function typed(type, column) {
  const values = column.toArray();
  if (type.typeId === TYPE.timestamp && type.timezone) return { instants: Float64Array.from(values, (value) => (value === null ? NaN : Number(value))) };
  // Without a zone a timestamp is a local time, and a day is a local day.
  if (type.typeId === TYPE.timestamp) return Array.from(values, (value) => (value === null ? "" : new Date(Number(value)).toISOString().slice(0, -1)));
  if (type.typeId === TYPE.date) return Array.from(values, localDay);
  if (type.typeId === TYPE.dictionary) return coded(values);
  return columnOf(values);
}

/** @param {ArrayLike<unknown>} values @returns {import("../columns.js").ColumnValues} */
function coded(values) {
  /** @type {Map<unknown, number>} */
  const places = new Map();
  const codes = Uint32Array.from(values, (value) => {
    if (value === null || value === undefined) return 0xffffffff;
    let place = places.get(value);
    if (place === undefined) places.set(value, (place = places.size));
    return place;
  });
  return { codes, levels: [...places.keys()].map(String) };
}
