/** The ways that deals take: moves between stages, and the commonest whole paths. */
import { h, table } from "../dom.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** @param {I18n} i18n @param {any} result */
export function paths(i18n, { transitions, variants }) {
  if (!variants || !variants.top.length) return null;
  const { t, percent, number } = i18n;
  return h("details", { class: "section" }, h("summary", null, t("paths.title")),
    h("p", null, t("paths.moves", { skips: number(transitions.dealsWithSkip), backs: number(transitions.dealsWithBack) })),
    table({
      caption: t("paths.common"), class: "small",
      columns: [{ text: t("paths.path") }, { text: t("deals"), number: true }, { text: t("paths.share"), number: true }, { text: t("outcome.won"), number: true }, { text: t("outcome.lost"), number: true }, { text: t("outcome.open"), number: true }],
      rows: variants.top.map((/** @type {any} */ { path, deals, won, lost, open }) => [
        h("span", { class: "path" }, Array.from(path, (stage, at) => [at > 0 && h("span", { class: "arrow", "aria-label": t("paths.then") }), h("bdi", null, transitions.stages[stage])]).flat()),
        number(deals), percent(deals / variants.deals), number(won), number(lost), number(open),
      ]),
    }),
    variants.otherDeals > 0 && h("p", { class: "note" }, t("paths.other", { count: variants.otherDeals, paths: number(variants.distinct - variants.top.length) })),
    matrix(i18n, transitions));
}

/** Above so many stages a matrix is not read. */
const MOST = 15;

/** @param {I18n} i18n @param {any} transitions */
function matrix(i18n, { stages, counts, won, lost, hold, closed, stillHere }) {
  const { t, number } = i18n;
  const n = stages.length;
  if (n === 0 || n > MOST) return null;
  const ends = /** @type {[string, ArrayLike<number>][]} */ ([["won", won], ["lost", lost], ["hold", hold], ["closed", closed]]).filter(([, values]) => Array.from(values).some((value) => value > 0));
  const cell = (/** @type {number} */ value) => (value > 0 ? number(value) : h("span", { class: "note" }, "–"));
  return [
    h("h4", null, t("paths.matrix")),
    table({
      caption: t("paths.matrix"), class: "small",
      columns: [{ text: t("paths.from") }, ...stages.map((/** @type {string} */ text) => ({ text, number: true })), ...ends.map(([name]) => ({ text: t(`outcome.${name}`), number: true })), { text: t("stage.stillHere"), number: true }],
      rows: stages.map((/** @type {string} */ stage, /** @type {number} */ from) => [
        h("bdi", null, stage), ...stages.map((/** @type {string} */ _, /** @type {number} */ to) => cell(counts[from * n + to])), ...ends.map(([, values]) => cell(values[from])), cell(stillHere[from]),
      ]),
    }),
  ];
}
