// What of Arrow the reader needs; bundled to vendor/arrow.js.
export { tableFromIPC } from "@uwdata/flechette";
