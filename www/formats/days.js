/** A day that a file gives as its midnight in UTC, as the text of a local day. @param {any} value */
export const localDay = (value) => (value === null || value === undefined ? "" : new Date(Number(value)).toISOString().slice(0, 10));
