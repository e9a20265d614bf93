/** A probability with its interval on a line from 0 to 1, small enough for a table cell. */
import { h } from "../panels/dom.js";

/**
 * @param {{value: number, low: number, high: number, label: string}} given
 */
export function intervalBar({ value, low, high, label }) {
  const share = (/** @type {number} */ part) => `${Math.max(0, Math.min(1, part)) * 100}%`;
  return h("span", { class: "interval", role: "img", "aria-label": label, title: label },
    h("span", { class: "interval-range", style: { "inset-inline-start": share(low), "inline-size": share(high - low) } }),
    h("span", { class: "interval-dot", style: { "inset-inline-start": share(value) } }));
}
