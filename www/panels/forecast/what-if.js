/** Other values of one deal and what goes with them: fields of the columns that somebody can act on, and which values go with a better chance. */
import { intervalBar } from "../../charts/interval-bar.js";
import { h, refill, table } from "../dom.js";
import { errorText, intervalText, shareWithInterval } from "../panel.js";

/** What the core writes for a value that is not there. */
const MISSING = "(missing)";
/** Other values that the fields offer; with them come the suggestions. */
const OFFERED = 1000;
const SUGGESTED = 6;
const POINT = 100;

/** Column names are kept in the URL. @param {string | undefined} text @returns {string[]} */
const namesOf = (text) => (text ? text.split(",").map(decodeURIComponent) : []);
/** @param {string[]} names */
const textOf = (names) => names.map(encodeURIComponent).join(",") || undefined;

/**
 * @param {import("../panel.js").Context} context
 * @param {any} deal `ListedDeal` with reasons
 * @param {any} result `ForecastResult`
 */
export function whatIf(context, deal, result) {
  const { i18n, options, ask } = context;
  const { t, percent } = i18n;
  const level = result.meta.options?.confidence ?? 0.95;
  const kinds = new Map(context.summary().tables.flatMap((/** @type {any} */ { columns }) => columns.map((/** @type {any} */ { name, kind }) => [name, kind])));
  /** @type {Map<string, string>} */
  const own = new Map(deal.reasons.map((/** @type {any} */ { column, value }) => [column, value]));
  const columns = [...own.keys()].filter((name) => kinds.get(name) !== "instant").sort((a, b) => a.localeCompare(b, i18n.lang));
  const isNumber = (/** @type {string} */ column) => kinds.get(column) === "number";
  let actionable = namesOf(options.actionable).filter((name) => columns.includes(name));
  /** @type {Map<string, string>} */ let changes = new Map();

  const boxes = h("fieldset", { class: "merges" }, h("legend", { class: "unseen" }, t("whatIf.choose")), columns.map((name) => h("label", { class: "check" },
    h("input", { type: "checkbox", checked: actionable.includes(name), dataset: { testid: `actionable-${name}` }, onchange: (/** @type {any} */ event) => mark(name, event.target.checked) }), h("bdi", null, name))));
  const fields = h("div", { class: "fields" });
  const outcome = h("div", { class: "measures", "aria-live": "polite", dataset: { testid: "what-if" } });
  const others = h("div", { class: "measures" });
  const element = h("section", { class: "measures" },
    h("h3", null, t("whatIf.title")), h("p", null, t("whatIf.wording")),
    h("details", { class: "quiet", open: !actionable.length }, h("summary", null, t("whatIf.choose")), h("p", { class: "note" }, t("whatIf.hint")), boxes),
    fields, outcome, others);

  /** @param {string} name @param {boolean} isActionable */
  function mark(name, isActionable) {
    actionable = columns.filter((column) => (column === name ? isActionable : actionable.includes(column)));
    changes.delete(name);
    context.change({ actionable: textOf(actionable) });
    start();
  }

  /** @param {object} asked @param {(result: any) => void} use */
  async function answer(asked, use) {
    element.setAttribute("aria-busy", "true");
    try {
      use(await ask("whatIf", deal.row, { actionable, ...asked }));
      element.removeAttribute("aria-busy");
    } catch (error) {
      const { code } = /** @type {any} */ (error);
      if (code !== "superseded" && code !== "disposed") refill(outcome, errorText(i18n, /** @type {any} */ (error)));
    }
  }

  function start() {
    if (!actionable.length) return refill(fields), refill(outcome), refill(others);
    answer({ changes: asked(), suggestions: OFFERED }, (found) => {
      refill(fields, actionable.map((column) => field(column, found.suggestions.filter((/** @type {any} */ one) => one.column === column).map((/** @type {any} */ { value }) => value))),
        h("button", { type: "button", onclick: reset }, t("whatIf.reset")));
      show(found);
      refill(others, suggestions(found.suggestions));
    });
  }

  const asked = () => [...changes].map(([column, value]) => ({ column, value: value === "" ? null : isNumber(column) ? Number(value) : value }));
  const again = () => answer({ changes: asked(), suggestions: 0 }, show);

  function reset() {
    changes = new Map();
    start();
  }

  /** @param {string} column @param {string} value */
  function set(column, value) {
    if (value === shownOwn(column)) changes.delete(column);
    else changes.set(column, value);
    again();
  }

  const shownOwn = (/** @type {string} */ column) => (own.get(column) === MISSING ? "" : own.get(column) ?? "");

  /** @param {string} column @param {string[]} values other values, by effect */
  function field(column, values) {
    const now = changes.get(column) ?? shownOwn(column);
    const testid = `what-if-${column}`;
    if (isNumber(column)) {
      const list = `values-of-${columns.indexOf(column)}`;
      const input = h("input", { type: "number", step: "any", value: now, list, dataset: { testid }, oninput: () => input.validity.valid && set(column, input.value) });
      return h("label", { class: "field" }, h("span", null, h("bdi", null, column)), input, h("datalist", { id: list }, values.map((value) => h("option", { value }))));
    }
    const levels = [...new Set([shownOwn(column), ...values])].sort((a, b) => a.localeCompare(b, i18n.lang, { numeric: true }));
    const select = h("select", { dataset: { testid }, onchange: () => set(column, select.value) },
      levels.map((value) => h("option", { value, selected: value === now }, value === "" ? t("empty") : value)));
    return h("label", { class: "field" }, h("span", null, h("bdi", null, column)), select);
  }

  const points = (/** @type {number} */ difference) => `${difference > 0 ? "+" : ""}${i18n.fixed(difference * POINT, 1)}`;

  /** @param {any} found `WhatIfResult` */
  function show({ now, changed, difference, withoutEffect }) {
    const { probability: chance, wonWithin, expectedClose } = changed;
    const isChanged = changes.size > 0;
    outcome.dataset.value = chance.value;
    refill(outcome,
      h("p", { class: "sentence" }, ...i18n.parts(isChanged ? "whatIf.result" : "whatIf.unchanged", {
        value: h("strong", null, percent(chance.value)), now: percent(now.probability.value), difference: points(difference),
        interval: h("span", { class: "note" }, intervalText(i18n, { low: chance.low, high: chance.high }, percent, level)),
      })),
      intervalBar({ ...chance, mark: isChanged ? now.probability.value : null, label: t("deals.range", { value: percent(chance.value), range: i18n.range(percent(chance.low), percent(chance.high)) }) }),
      wonWithin && h("p", { class: "note" }, t("whatIf.within", { first: percent(wonWithin[0], 0), second: percent(wonWithin[1], 0), third: percent(wonWithin[2], 0) }), " ",
        expectedClose !== null && t("whatIf.expected", { date: i18n.date(expectedClose) })),
      withoutEffect.length > 0 && h("p", { class: "note" }, t("whatIf.noEffect", { list: i18n.list(withoutEffect) })));
  }

  /** @param {any[]} all by falling effect */
  function suggestions(all) {
    const better = all.filter(({ difference }) => difference > 0).slice(0, SUGGESTED);
    const shown = (/** @type {any} */ { column, value }) => (isNumber(column) ? i18n.number(Number(value)) : value);
    return [
      h("h4", null, t("whatIf.suggestions")),
      !better.length ? h("p", { class: "note" }, t("whatIf.none")) : table({
        caption: t("whatIf.suggestions"), class: "small",
        columns: [{ text: t("whatIf.value") }, { text: t("whatIf.difference"), number: true }, { text: t("deals.probability"), number: true }, { text: t("whatIf.behind"), number: true }, { text: "" }],
        rows: better.map((one) => [
          h("span", null, h("span", { class: "note" }, h("bdi", null, one.column)), " ", h("bdi", null, shown(one))), h("span", { dataset: { difference: one.difference } }, points(one.difference)),
          shareWithInterval(i18n, one.probability, level), i18n.number(one.n),
          h("button", { type: "button", class: "link", "aria-label": t("whatIf.tryOne", { column: one.column, value: shown(one) }), onclick: () => (changes.set(one.column, one.value), start()) }, t("whatIf.try")),
        ]),
      }),
    ];
  }

  start();
  return element;
}
