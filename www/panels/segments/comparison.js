/** This run beside one that was kept: which groups go on, which are new, which are gone. */
import { h, table } from "../dom.js";
import { segmentName } from "./names.js";

/** The kept run among the options of the panel; a symbol, because it is no option that is written into an address. */
export const KEPT = Symbol("kept");

/** What is kept of a run. @param {import("../../i18n/index.js").I18n} i18n @param {any} result */
export const keptOf = (i18n, result) => ({
  recipe: result.recipe,
  asOf: result.meta.asOf,
  segments: result.segments.map((/** @type {any} */ { index, key, size, share }) => ({ key, size, share, name: segmentName(i18n, result, index) })),
});

/** @param {import("../../i18n/index.js").I18n} i18n @param {any} result @param {any} kept */
export function comparison(i18n, result, kept) {
  if (!kept || kept.recipe === result.recipe) return null;
  const { t, number, percent } = i18n;
  const signed = (/** @type {number} */ change) => `${change > 0 ? "+" : ""}${percent(change)}`;
  const before = new Map(kept.segments.map((/** @type {any} */ segment) => [segment.key, segment]));
  const gone = kept.segments.filter((/** @type {any} */ { key }) => result.vanished.includes(key) || !result.segments.some((/** @type {any} */ segment) => segment.key === key && segment.matched));
  const stay = result.segments.filter((/** @type {any} */ { matched }) => matched).length;
  return h("div", { class: "found", dataset: { testid: "segments-comparison", stay, gone: gone.length } }, h("h3", null, t("segments.comparison")),
    h("p", null, t("segments.comparison.sentence", { stay: number(stay), fresh: number(result.segments.length - stay), gone: number(gone.length) })),
    table({
      caption: t("segments.comparison"), class: "small",
      columns: [{ text: t("segments.group") }, { text: t("segments.comparison.was"), number: true }, { text: t("segments.comparison.now"), number: true }, { text: t("segments.comparison.change"), number: true }, { text: t("segments.comparison.overlap"), number: true }],
      rows: [
        ...result.segments.map((/** @type {any} */ { index, key, size, share, matched }) => {
          const was = /** @type {any} */ (matched && before.get(key));
          return [segmentName(i18n, result, index), was ? number(was.size) : t("segments.comparison.new"), number(size), was ? signed(share - was.share) : "–", matched ? percent(matched.overlap, 0) : "–"];
        }),
        ...gone.map((/** @type {any} */ { name, size }) => [name, number(size), t("segments.comparison.gone"), "–", "–"]),
      ],
    }),
    h("p", { class: "note" }, t("segments.comparison.note")));
}
