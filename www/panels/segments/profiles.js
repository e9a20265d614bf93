/** The groups side by side: each feature as a number and as a bar that says how far it lies from the average customer. */
import { categoryVariable, CATEGORIES, SYMBOL_TEXTS } from "../../charts/colours.js";
import { h, table } from "../dom.js";
import { featureName, segmentName } from "./names.js";

/** @param {number} index */
export const marker = (index) => h("span", { class: "marker", "aria-hidden": "true", style: { color: categoryVariable(index) } }, SYMBOL_TEXTS[Math.min(index, CATEGORIES)]);

/** @param {import("../../i18n/index.js").I18n} i18n @param {any} result @param {(row: number) => void} open */
export function profileTable(i18n, result, open) {
  const { t, number, percent } = i18n;
  const { segments, features } = result;
  const valued = segments.some((/** @type {any} */ { valueShare }) => valueShare !== null && valueShare !== undefined);
  const most = Math.max(1e-9, ...segments.flatMap((/** @type {any} */ { centreStandardised }) => centreStandardised.map(Math.abs)));
  const cell = (/** @type {any} */ segment, /** @type {any} */ feature, /** @type {number} */ at) => {
    const value = feature.level === null ? segment.median[at] : segment.centre[at];
    const z = segment.centreStandardised[at];
    return h("span", { class: "profile", title: t("segments.deviation", { value: i18n.full(value), deviations: i18n.fixed(z, 2) }) },
      h("span", null, feature.level === null ? number(value) : percent(value, 0)),
      h("span", { class: "deviation", "aria-hidden": "true" }, h("span", { class: z < 0 ? "less" : "more", style: { "inline-size": `${(Math.abs(z) / most) * 50}%` } })));
  };
  return [table({
    caption: t("segments.profiles"),
    columns: [
      { text: t("segments.group") }, { text: t("segments.size"), number: true }, { text: t("funnel.share"), number: true },
      ...features.map((/** @type {any} */ feature) => ({ text: feature.level === null ? t("segments.medianOf", { feature: featureName(i18n, feature) }) : featureName(i18n, feature), number: true })),
      ...(valued ? [{ text: t("segments.valueShare"), number: true }] : []),
      { text: t("segments.silhouette"), number: true }, { text: t("segments.medoid") },
    ],
    rows: segments.map((/** @type {any} */ segment) => [
      h("span", { class: "named" }, marker(segment.index), segmentName(i18n, result, segment.index)), number(segment.size), percent(segment.share),
      ...features.map((/** @type {any} */ feature, /** @type {number} */ at) => cell(segment, feature, at)),
      ...(valued ? [percent(segment.valueShare)] : []),
      segment.silhouette === null ? "–" : i18n.fixed(segment.silhouette, 2),
      h("button", { type: "button", class: "link", onclick: () => open(result.ids.indexOf(segment.medoid)) }, h("bdi", null, segment.medoid)),
    ]),
  }), h("p", { class: "note" }, t("segments.deviationNote"))];
}
