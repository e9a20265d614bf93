/** How well the groups separate for each number of groups: one small bar each, and a button that chooses it. */
import { h } from "../panels/dom.js";

/**
 * @param {{k: number, silhouette: number}[]} candidates
 * @param {{i18n: import("../i18n/index.js").I18n, k: number, onchoose: (k: number) => void}} given
 */
export function silhouetteBars(candidates, { i18n, k, onchoose }) {
  const most = Math.max(0.01, ...candidates.map((candidate) => candidate.silhouette));
  return h("figure", { class: "silhouettes" },
    h("figcaption", null, i18n.t("segments.separation")),
    h("ol", null, candidates.map((candidate) => h("li", null,
      h("button", {
        type: "button", class: candidate.k === k ? "chosen" : "", "aria-pressed": String(candidate.k === k), onclick: () => onchoose(candidate.k),
        "aria-label": i18n.t("segments.candidate", { count: candidate.k, silhouette: i18n.fixed(candidate.silhouette, 3) }),
      },
      h("span", { class: "column", "aria-hidden": "true" }, h("span", { style: { "block-size": `${Math.max(0, candidate.silhouette / most) * 100}%` } })),
      h("span", null, i18n.number(candidate.k)),
      h("span", { class: "note" }, i18n.fixed(candidate.silhouette, 2)))))));
}
