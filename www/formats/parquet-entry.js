// What of Parquet the reader needs; bundled to vendor/parquet.js.
export { parquetMetadata, parquetReadObjects } from "hyparquet";
