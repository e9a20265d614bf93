/** Factor analysis: in which few directions customers differ, and how much each feature has to do with them. */
import { h, table } from "../dom.js";
import { factorName, featureName } from "./names.js";

/** Loadings below this are faint: they do not name a factor. */
const FAINT = 0.4;

/** @param {import("../../i18n/index.js").I18n} i18n @param {any} result */
export function factorTable(i18n, result) {
  const { factors, features } = result;
  if (!factors || features.length < 2) return null;
  const { t, percent, fixed } = i18n;
  const together = factors.factors.reduce((/** @type {number} */ sum, /** @type {any} */ { share }) => sum + share, 0);
  return h("details", { class: "section", dataset: { testid: "segments-factors" } }, h("summary", null, t("segments.factors")),
    h("p", null, t("segments.factors.sentence", { count: factors.factors.length, share: percent(together, 0) })),
    table({
      caption: t("segments.factors"), class: "small",
      columns: [{ text: t("segments.feature") }, ...factors.factors.map((/** @type {any} */ { share }, /** @type {number} */ index) => ({ text: t("segments.factor", { name: factorName(i18n, result, index), share: percent(share, 0) }), number: true }))],
      rows: features.map((/** @type {any} */ feature, /** @type {number} */ row) => [
        h("bdi", null, featureName(i18n, feature)),
        ...factors.factors.map((/** @type {any} */ { loadings }) => h("span", { class: Math.abs(loadings[row]) < FAINT ? "note" : "strong", title: i18n.full(loadings[row]) }, fixed(loadings[row], 2))),
      ]),
    }),
    h("p", { class: "note" }, t("segments.factors.note")));
}
