/** The user's own points for deals: an editor, what the past says about each rule, and the points beside the model. */
import { intervalBar } from "../../charts/interval-bar.js";
import { dealsLink } from "../deals-link.js";
import { choice, h, refill, table } from "../dom.js";
import { saveMapping } from "../mapping-file.js";
import { intervalText, shareWithInterval } from "../panel.js";
import { lazySection } from "./lazy-section.js";

/** @typedef {{column: string, operator: string, value?: any, points: number}} Rule */

/** Signs of the contract, by what is in the column. @type {Record<string, string[]>} */
const OPERATORS = {
  text: ["=", "≠", "in", "is empty"],
  number: ["≥", ">", "≤", "<", "between", "=", "≠", "is empty"],
  instant: ["≥", "<", "between", "is empty"],
};
const SAME = /** @type {Record<string, string>} */ ({ "!=": "≠", "<=": "≤", ">=": "≥" });
const WORDS = new Set(["in", "between", "is empty"]);
const POINTS = 10;

/** @param {import("../panel.js").Context} context */
export function rulesSection(context) {
  const { i18n } = context;
  const { t, percent, number, fixed } = i18n;
  /** @type {Rule[]} */ let rules = [];
  /** @type {Map<string, any>} */ let columns = new Map();
  const list = h("ol", { class: "rules" });
  const section = lazySection(context, { name: "rules", title: t("rules.title"), ask: () => ask(), show, before });

  function before() {
    const summary = context.summary();
    columns = new Map();
    for (const { table: kind, columns: of } of summary.tables) {
      if (kind !== "deals" && kind !== "dimension" && kind !== "customers") continue;
      for (const column of of) if (!columns.has(column.name) && column.role !== "id" && column.role !== "outcome") columns.set(column.name, column);
    }
    rules = structuredClone(summary.mapping.rules ?? []).map((/** @type {Rule} */ rule) => ({ ...rule, operator: SAME[rule.operator] ?? rule.operator }));
    draw();
    return [
      h("p", null, t("rules.intro")), list,
      h("div", { class: "toolbar" },
        h("button", { type: "button", dataset: { testid: "rule-add" }, onclick: add }, t("rules.add")),
        h("button", { type: "button", dataset: { testid: "rules-keep" }, onclick: () => context.remap(mapping()) }, t("rules.keep")),
        h("button", { type: "button", dataset: { testid: "rules-save" }, onclick: () => saveMapping(mapping()) }, t("map.save")),
        h("span", { class: "note" }, t("rules.keepNote"))),
    ];
  }

  const mapping = () => ({ ...context.summary().mapping, rules: rules.filter(isComplete) });
  const kindOf = (/** @type {string} */ column) => columns.get(column)?.kind ?? "text";
  const isGiven = (/** @type {any} */ value) => value !== undefined && value !== null && value !== "";

  /** @param {Rule} rule */
  function isComplete({ operator, value, points }) {
    if (!Number.isFinite(points)) return false;
    if (operator === "is empty") return true;
    if (operator === "between") return Array.isArray(value) && value.length === 2 && value.every(isGiven);
    return Array.isArray(value) ? value.length > 0 : isGiven(value);
  }

  const ask = () => (rules.some(isComplete) ? context.ask("rules", { rules: rules.filter(isComplete) }) : undefined);

  function add() {
    const [first] = [...columns.values()].filter(({ role, kind }) => kind === "text" || role === "amount");
    const column = first?.name ?? columns.keys().next().value;
    if (column === undefined) return;
    rules.push({ column, operator: OPERATORS[kindOf(column)][0], value: undefined, points: POINTS });
    draw();
    list.lastElementChild?.querySelector("select")?.focus();
  }

  function draw() {
    refill(list, rules.map((rule, at) => editor(rule, at)));
  }

  /** @param {Rule} rule @param {number} at */
  function editor(rule, at) {
    const kind = kindOf(rule.column);
    const name = t("rules.rule", { count: at + 1 });
    const redraw = (/** @type {string} */ testid) => {
      draw();
      list.children[at]?.querySelector(`[data-testid="${testid}"]`)?.focus();
      section.refresh();
    };
    const points = h("input", { type: "number", step: "any", value: rule.points, "aria-label": `${name}: ${t("rules.points")}`, dataset: { testid: `rule-points-${at}` }, onchange: () => ((rule.points = points.value === "" ? NaN : Number(points.value)), section.refresh()) });
    return h("li", null, h("div", { class: "rule" },
      choice({
        bare: true, label: `${name}: ${t("map.column")}`, value: rule.column, testid: `rule-column-${at}`, options: [...columns.keys()].map((column) => /** @type {[string, string]} */ ([column, column])),
        onchange: (column) => {
          Object.assign(rule, { column, value: undefined });
          if (!OPERATORS[kindOf(column)].includes(rule.operator)) rule.operator = OPERATORS[kindOf(column)][0];
          redraw(`rule-column-${at}`);
        },
      }),
      choice({
        bare: true, label: `${name}: ${t("rules.operator")}`, value: rule.operator, testid: `rule-operator-${at}`,
        options: OPERATORS[kind].map((sign) => [sign, WORDS.has(sign) ? t(`rules.${sign.replace(" ", "_")}`) : sign]),
        onchange: (operator) => {
          Object.assign(rule, { operator, value: operator === "is empty" || operator === "between" || operator === "in" ? undefined : Array.isArray(rule.value) ? rule.value[0] : rule.value });
          redraw(`rule-operator-${at}`);
        },
      }),
      values(rule, at, kind, name), h("span", { class: "arrow", "aria-hidden": "true" }), points, h("span", { class: "note" }, t("rules.points")),
      h("button", { type: "button", "aria-label": t("rules.remove", { rule: name }), onclick: () => (rules.splice(at, 1), draw(), section.refresh()) }, "×")));
  }

  /** The fields of what a rule compares with. @param {Rule} rule @param {number} at @param {string} kind @param {string} name */
  function values(rule, at, kind, name) {
    const { operator } = rule;
    if (operator === "is empty") return null;
    const label = `${name}: ${t("map.value")}`;
    const read = (/** @type {string} */ text) => (text === "" ? undefined : kind === "number" ? Number(text) : text);
    const input = (/** @type {any} */ value, /** @type {string} */ testid, /** @type {(text: string) => void} */ set) => {
      const known = `rule-values-${at}`;
      const field = h("input", { type: kind === "number" ? "number" : kind === "instant" ? "date" : "text", step: kind === "number" ? "any" : undefined, value: value ?? "", list: kind === "text" ? known : undefined, "aria-label": label, dataset: { testid }, onchange: () => (set(field.value.trim()), section.refresh()) });
      return [field, kind === "text" && h("datalist", { id: known }, (columns.get(rule.column)?.examples ?? []).map((/** @type {string} */ value) => h("option", { value })))];
    };
    if (operator === "between") {
      const pair = (rule.value = Array.isArray(rule.value) ? rule.value : [undefined, undefined]);
      return [...input(pair[0], `rule-value-${at}`, (text) => (pair[0] = read(text))), h("span", { class: "note" }, t("rules.and")), ...input(pair[1], `rule-high-${at}`, (text) => (pair[1] = read(text)))];
    }
    if (operator === "in") return input((rule.value ?? []).join(", "), `rule-value-${at}`, (text) => (rule.value = text.split(/[,،]/).map((part) => part.trim()).filter(Boolean)));
    return input(rule.value, `rule-value-${at}`, (text) => (rule.value = read(text)));
  }

  /** @param {any} result `RuleScores` */
  function show({ rules: judged, bands, spearman, test, meta, row, score }) {
    const level = meta.options.confidence;
    const words = (/** @type {Rule} */ { column, operator, value }) => [h("bdi", null, column), ` ${WORDS.has(operator) ? t(`rules.${operator.replace(" ", "_")}`) : operator} `, h("bdi", null, [value ?? ""].flat().map(String).join(operator === "between" ? ` ${t("rules.and")} ` : ", "))];
    const rate = (/** @type {any} */ estimate) => (estimate ? h("span", null, shareWithInterval(i18n, estimate, level), " ", h("span", { class: "note" }, t("n.equals", { count: estimate.n }))) : "–");
    const most = Math.max(1e-9, ...bands.map((/** @type {any} */ { observed }) => observed?.high ?? 0));
    return [
      h("p", { dataset: { testid: "rules-test" } }, !test ? t("rules.untested") : i18n.parts("rules.tested", {
        rules: h("strong", { dataset: { testid: "rules-auc", value: test.rules.value } }, percent(test.rules.value)), rulesInterval: h("span", { class: "note" }, `(${intervalText(i18n, test.rules, percent, level)})`),
        model: h("strong", { dataset: { testid: "model-auc", value: test.model.value } }, percent(test.model.value)), modelInterval: h("span", { class: "note" }, `(${intervalText(i18n, test.model, percent, level)})`),
      })),
      h("p", { class: "note", dataset: { testid: "rules-agreement", value: spearman ?? "" } }, spearman === null ? t("rules.noAgreement") : t("rules.agreement", { value: fixed(spearman, 2) })),
      table({
        caption: t("rules.each"), class: "small",
        columns: [{ text: t("rules.condition") }, { text: t("rules.points"), number: true }, { text: t("rules.with"), number: true }, { text: t("rules.without"), number: true }, { text: t("reps.open"), number: true }],
        rows: judged.map((/** @type {any} */ { rule, problem, hitRate, otherRate, open }) => [
          h("span", null, words(rule), problem && h("span", { class: "verdict-use_with_care" }, ` – ${t(`rules.problem.${problem}`)}`)), number(rule.points), rate(hitRate), rate(otherRate), number(open),
        ]),
      }),
      table({
        caption: t("rules.bands"), class: "small",
        columns: [{ text: t("rules.score"), number: true }, { text: t("lift.rate"), number: true }, { text: t("intervalName", { level: percent(level, 0) }), wide: true }, { text: t("n"), number: true }, { text: t("reps.open"), number: true }],
        rows: bands.map((/** @type {any} */ { low, high, observed, open }) => [
          i18n.range(number(low), number(high)), observed ? percent(observed.value) : "–",
          observed ? intervalBar({ ...observed, most, label: `${percent(observed.value)} (${intervalText(i18n, observed, percent, level)})` }) : "", observed ? number(observed.n) : "–",
          dealsLink(context, number(open), t("deals.points", { range: i18n.range(number(low), number(high)) }), open > 0 ? {
            name: t("deals.points", { range: i18n.range(number(low), number(high)) }), rows: Array.from(/** @type {number[]} */ (row)).filter((_, at) => score[at] >= low && score[at] <= high),
          } : undefined),
        ]),
      }),
      h("p", { class: "note" }, t("rules.note")),
    ];
  }

  return { element: section.element, update: section.reset };
}
