/** Parquet, compressed by snappy, gzip or not at all. */
import { parquetMetadata, parquetReadObjects } from "../vendor/parquet.js";
import { columnOf } from "../columns.js";
import { CrmError } from "../error.js";
import { localDay } from "./days.js";

/** @param {string} name @param {Blob} blob @returns {Promise<import("./index.js").Table[]>} */
export async function read(name, blob) {
  const file = await blob.arrayBuffer();
  const metadata = parquetMetadata(file);
  /** @type {any[]} */
  const leaves = metadata.schema.slice(1).filter((/** @type {any} */ element) => !element.num_children);
  const rows = await parquetReadObjects({ file, metadata, compressors: { GZIP: gunzip } });
  if (!rows.length) throw new CrmError("no_rows", `${name} holds no rows`, { table: name });
  const names = Object.keys(rows[0]);
  const columns = names.map((column) => {
    const values = rows.map((/** @type {any} */ row) => row[column]);
    const { converted_type: converted, logical_type: logical } = leaves.find((leaf) => leaf.name === column) ?? {};
    if (converted === "DATE" || logical?.type === "DATE") return values.map(localDay);
    if (!values.some((/** @type {unknown} */ value) => value instanceof Date)) return columnOf(values);
    if (logical?.isAdjustedToUTC === false) return values.map((/** @type {Date | null} */ value) => value?.toISOString().slice(0, -1) ?? "");
    return { instants: Float64Array.from(values, (value) => (value instanceof Date ? value.getTime() : NaN)) };
  });
  return [{ name, names, columns }];
}

/** @param {Uint8Array} bytes */
const gunzip = async (bytes) => new Uint8Array(await new Response(new Blob([/** @type {BlobPart} */ (bytes)]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
