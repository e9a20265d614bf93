// The reader of workbooks; bundled to vendor/xlsx.js.
export { default } from "read-excel-file/web-worker";
