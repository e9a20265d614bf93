/** A probability with its interval on a line from 0 to 1, small enough for a table cell. */
import { h } from "../panels/dom.js";

/**
 * @param {{value: number, low: number, high: number, label: string, mark?: number | null, most?: number}} given `mark`: something to compare with; `most`: where the line ends
 */
export function intervalBar({ value, low, high, label, mark, most = 1 }) {
  const share = (/** @type {number} */ part) => `${Math.max(0, Math.min(1, part / most)) * 100}%`;
  return h("span", { class: "interval", role: "img", "aria-label": label, title: label },
    h("span", { class: "interval-range", style: { "inset-inline-start": share(low), "inline-size": share(high - low) } }),
    Number.isFinite(mark) && h("span", { class: "interval-mark", style: { "inset-inline-start": share(Number(mark)) } }),
    h("span", { class: "interval-dot", style: { "inset-inline-start": share(value) } }));
}
