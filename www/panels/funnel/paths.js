/** The ways that deals take: moves between stages, and the commonest whole paths. */
import { h, table } from "../dom.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** @param {I18n} i18n @param {any} result @param {import("../deals-behind.js").DealsBehind} behind */
export function paths(i18n, { transitions, variants }, behind) {
  if (!variants || !variants.top.length) return null;
  const { t, percent, number } = i18n;
  return h("details", { class: "section" }, h("summary", null, t("paths.title")),
    h("p", null, t("paths.moves", { skips: number(transitions.dealsWithSkip), backs: number(transitions.dealsWithBack) })),
    table({
      caption: t("paths.common"), class: "small",
      columns: [{ text: t("paths.path") }, { text: t("deals"), number: true }, { text: t("paths.share"), number: true }, { text: t("outcome.won"), number: true }, { text: t("outcome.lost"), number: true }, { text: t("outcome.open"), number: true }],
      rows: variants.top.map((/** @type {any} */ { path, deals, won, lost, open }) => {
        const names = Array.from(path, (stage) => transitions.stages[stage]);
        const name = names.map(i18n.isolate).join(` ${t("paths.then")} `);
        /** @param {number} count @param {string} [outcome] */
        const link = (count, outcome) =>
          behind.link(number(count), outcome ? t("behind.of", { of: name, what: t(`outcome.${outcome}`) }) : name, count > 0 && { path, outcome });
        return [
          h("span", { class: "path" }, names.map((stage, at) => [at > 0 && h("span", { class: "arrow", role: "img", "aria-label": t("paths.then") }), h("bdi", null, stage)]).flat()),
          link(deals), percent(deals / variants.deals), link(won, "won"), link(lost, "lost"), link(open, "open"),
        ];
      }),
    }),
    variants.otherDeals > 0 && h("p", { class: "note" }, t("paths.other", { count: variants.otherDeals, paths: number(variants.distinct - variants.top.length) })),
    matrix(i18n, transitions, behind));
}

/** Above so many stages a matrix is not read. */
const MOST = 15;

/** @param {I18n} i18n @param {any} transitions @param {import("../deals-behind.js").DealsBehind} behind */
function matrix(i18n, { stages, counts, won, lost, hold, closed, stillHere }, behind) {
  const { t, number } = i18n;
  const n = stages.length;
  if (n === 0 || n > MOST) return null;
  const ends = /** @type {[string, ArrayLike<number>][]} */ ([["won", won], ["lost", lost], ["hold", hold], ["closed", closed]]).filter(([, values]) => Array.from(values).some((value) => value > 0));
  const cell = (/** @type {number} */ value, /** @type {string} */ from, /** @type {string} */ to, /** @type {string} */ name) =>
    value > 0 ? behind.link(number(value), t("behind.of", { of: from, what: name }), { from, to }) : h("span", { class: "note" }, "–");
  return [
    h("h4", null, t("paths.matrix")),
    table({
      caption: t("paths.matrix"), class: "small",
      columns: [{ text: t("paths.from") }, ...stages.map((/** @type {string} */ text) => ({ text, number: true })), ...ends.map(([name]) => ({ text: t(`outcome.${name}`), number: true })), { text: t("stage.stillHere"), number: true }],
      rows: stages.map((/** @type {string} */ stage, /** @type {number} */ from) => [
        h("bdi", null, stage), ...stages.map((/** @type {string} */ next, /** @type {number} */ to) => cell(counts[from * n + to], stage, `stage:${next}`, t("outcome.moved", { stage: next }))),
        ...ends.map(([name, values]) => cell(values[from], stage, name, t(`outcome.${name}`))), cell(stillHere[from], stage, "still_here", t("stage.stillHere")),
      ]),
    }),
  ];
}
