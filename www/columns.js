/**
 * Rows and columns of a host as the columns that the core takes.
 *
 * @typedef {import("./core/crm_analytics.js").ColumnValues} ColumnValues
 * @typedef {{names: string[], columns: ColumnValues[]}} Columns
 */

/** Objects that CRM interfaces put between a record and its fields. */
const WRAPPERS = new Set(["properties", "fields", "attributes"]);
const DEEPEST = 3;

/** What OData writes behind the name of a lookup whose label it tells. */
const LABELLED = /^_(.+)_value@OData\.Community\.Display\.V1\.FormattedValue$/;

/**
 * Rows as columns in the order in which their names appear first. Fields of objects inside become columns of their own (`owner.email`);
 * the name in a lookup is the column itself, its id another one (`owner.id`), be it written `{id, name}`, `[id, name]` or as OData does.
 *
 * @param {Record<string, unknown>[]} rows
 * @returns {Columns}
 */
export function columnsOfRows(rows) {
  /** @type {Map<string, unknown[]>} */
  const columns = new Map();
  const put = (/** @type {string} */ name, /** @type {number} */ row, /** @type {unknown} */ value) => {
    let column = columns.get(name);
    if (!column) columns.set(name, (column = new Array(rows.length).fill(null)));
    column[row] = value;
  };
  const spread = (/** @type {any} */ record, /** @type {number} */ row, /** @type {string} */ prefix, /** @type {number} */ depth) => {
    const lookup = depth > 0 && isLookup(record);
    for (const key in record) {
      const value = record[key];
      if (lookup && key === "name") put(prefix.slice(0, -1), row, value);
      else if (lookup && key === "value" && !("id" in record)) put(`${prefix}id`, row, value);
      else if (isPair(value)) {
        put(prefix + key, row, value[1]);
        put(`${prefix}${key}.id`, row, value[0]);
      } else if (LABELLED.test(key)) put(prefix + key.replace(LABELLED, "$1"), row, value);
      else if (key.startsWith("_") && key.endsWith("_value")) put(`${prefix}${key.slice(1, -6)}.id`, row, value);
      else if (key.includes("@OData.") || key.includes("@Microsoft.")) continue;
      else if (!isRecord(value) || depth === DEEPEST) put(prefix + key, row, value);
      else spread(value, row, WRAPPERS.has(key) ? prefix : `${prefix}${key}.`, depth + 1);
    }
  };
  for (const [row, record] of rows.entries()) spread(record, row, "", 0);
  return { names: [...columns.keys()], columns: [...columns.values()].map(columnOf) };
}

/** @param {any} record */
const isLookup = (record) => typeof record.name === "string" && ["string", "number"].includes(typeof (record.id ?? record.value));

/** @param {unknown} value @returns {value is [number, string]} */
const isPair = (value) => Array.isArray(value) && value.length === 2 && typeof value[0] === "number" && typeof value[1] === "string";

/** @param {unknown} value */
const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date) && !ArrayBuffer.isView(value);

/**
 * Columns by name.
 *
 * @param {Record<string, any>} byName
 * @returns {Columns}
 */
export function columnsOfObject(byName) {
  const names = Object.keys(byName);
  return { names, columns: names.map((name) => columnOf(byName[name])) };
}

/**
 * @param {any} values an array, a typed array, `{instants}` or `{codes, levels}`
 * @returns {ColumnValues}
 */
export function columnOf(values) {
  if (values instanceof Float64Array || isRecord(values)) return values;
  if (ArrayBuffer.isView(values)) return Float64Array.from(/** @type {any} */ (values), Number);
  const list = Array.isArray(values) ? values : Array.from(values);
  if (list.every((value) => value === null || value === undefined || typeof value === "number" || isSafe(value))) {
    return Float64Array.from(list, (value) => (value === null || value === undefined ? NaN : Number(value)));
  }
  return coded(list) ?? list.map(textOf);
}

/** Shorter lists go as they are. */
const MANY = 1000;

/**
 * Texts by their place among the distinct ones, which cross to the worker and into the core in a fraction of the time; nothing where most are distinct.
 *
 * @param {unknown[]} list
 * @returns {ColumnValues | undefined}
 */
function coded(list) {
  if (list.length < MANY) return;
  /** @type {Map<unknown, number>} */
  const places = new Map();
  /** @type {string[]} */
  const cells = [];
  const codes = new Uint32Array(list.length);
  for (let row = 0; row < list.length; row++) {
    const value = list[row];
    let place = places.get(value);
    if (place === undefined) {
      if (cells.length > MANY && cells.length * 4 > row) return;
      places.set(value, (place = cells.length));
      cells.push(textOf(value));
    }
    codes[row] = place;
  }
  return { codes, cells };
}

/** @param {unknown} value */
const isSafe = (value) => typeof value === "bigint" && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value));

/** @param {unknown} value @returns {string} */
function textOf(value) {
  if (value === null || value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "" : value.toISOString();
  if (Array.isArray(value)) return value.some((item) => typeof item === "object" && item !== null) ? JSON.stringify(value) : value.map(textOf).join("; ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
