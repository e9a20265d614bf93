/** Groups of deals side by side: whether they differ, and how long each stage takes in each of them. */
import { choice, h, refill, table } from "../dom.js";
import { heatTable } from "./heat-table.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** Columns with more values than this are no groups. */
const MOST_LEVELS = 200;
/** Groups that the heat map shows. */
const SHOWN = 12;
/** Below this an adjusted p-value is called a difference. */
const DIFFERENT = 0.05;

/** @param {import("../panel.js").Context} context @param {I18n} i18n */
export function groupSection(context, i18n) {
  const { t } = i18n;
  const head = h("div", { class: "toolbar" });
  const found = h("div", { class: "found" });
  const element = h("section", { class: "groups" }, head, found);

  /** @param {any} result @param {import("../deals-behind.js").DealsBehind} behind */
  function update({ groups, source, stages }, behind) {
    const columns = groupColumns(context.summary());
    refill(head, h("h3", null, t("groups.title")),
      choice({
        label: t("groups.by"), value: context.options.groupBy ?? "", testid: "funnel-group",
        options: [["", t("groups.none")], ["period", t("groups.period")], ...columns.map((name) => /** @type {[string, string]} */ ([name, name]))],
        onchange: (groupBy) => context.change({ groupBy: groupBy || undefined }),
      }));
    refill(found, groups ? comparison(i18n, groups, source === "history" ? stages.map((/** @type {any} */ { stage }) => stage) : [], behind) : h("p", { class: "note" }, t("groups.hint")));
  }

  return { element, update };
}

/** Columns of texts of the deals and of the tables joined to them. @param {any} summary @returns {string[]} */
function groupColumns({ tables, joins }) {
  const joined = new Set(joins.filter((/** @type {any} */ { table }) => table === "deals").map((/** @type {any} */ { source }) => source));
  /** @type {string[]} */ const names = [];
  for (const { table: kind, source, columns } of tables) {
    if (kind !== "deals" && !joined.has(source)) continue;
    for (const { name, kind: type, distinct, role } of columns) {
      if (type === "text" && distinct >= 2 && distinct <= MOST_LEVELS && role !== "outcome" && role !== "stage" && role !== "id" && !names.includes(name)) names.push(name);
    }
  }
  return names;
}

/** @param {I18n} i18n @param {any} groups @param {string[]} stages in funnel order; none without a history @param {import("../deals-behind.js").DealsBehind} behind */
function comparison(i18n, groups, stages, behind) {
  const { t, days, percent } = i18n;
  const halfOf = (/** @type {any} */ { cycle }) => cycle?.quantiles.find((/** @type {any} */ { p }) => p === 0.5);
  const shown = groups.groups.slice(0, SHOWN);
  const nameOf = (/** @type {any} */ { name }) => (name === null ? t("empty") : name);
  const heading = (/** @type {any} */ group) => ({ text: nameOf(group), number: true, title: group.isSmall ? t("groups.small") : undefined });
  const share = (/** @type {any} */ estimate) => (estimate ? percent(estimate.value) : "–");
  const range = i18n.inColumn(shown.flatMap((/** @type {any} */ group) => [halfOf(group)?.low, halfOf(group)?.high]));
  const hidden = groups.groups.length - shown.length + (groups.rest?.groups ?? 0);
  return [
    h("p", { "aria-live": "polite", dataset: { testid: "funnel-group-test" } }, verdict(i18n, groups)),
    table({
      caption: t("groups.table"), class: "small",
      columns: [{ text: groups.column }, { text: t("deals"), number: true }, { text: t("groups.median"), number: true }, { text: range.heading(t("intervalName", { level: percent(0.95, 0) })), number: true }, { text: t("groups.won"), number: true }, { text: t("groups.wonOfClosed"), number: true }],
      rows: shown.map((/** @type {any} */ group, /** @type {number} */ place) => {
        const half = halfOf(group);
        return [
          h("span", null, h("bdi", null, nameOf(group)), group.isSmall && h("span", { class: "note" }, ` (${t("groups.small")})`)), behind.link(i18n.number(group.deals), t("behind.of", { of: groups.column, what: nameOf(group) }), { group: place }),
          !half ? "–" : half.days === null ? h("span", { class: "note" }, t("notReached")) : days(half.days),
          h("span", { class: "note" }, half ? i18n.between(half.low, half.high, range.format) : "–"), share(group.won), h("span", { class: "note" }, share(group.wonShareOfClosed)),
        ];
      }),
    }),
    stages.length > 0 && heatMap(i18n, groups, stages, shown, heading, behind),
    hidden > 0 && h("p", { class: "note" }, t("groups.rest", { count: hidden })),
  ];
}

/** @param {I18n} i18n @param {any} groups */
function verdict(i18n, groups) {
  const { t } = i18n;
  const whole = (/** @type {string} */ test, /** @type {string | null} */ cause) => groups.tests.find((/** @type {any} */ entry) => entry.stage === null && entry.test === test && entry.cause === cause);
  const said = [["durations", whole("log_rank", null)], ["wins", whole("gray", "won")]].filter(([, test]) => test);
  if (!said.length) return t("groups.untested");
  const parts = said.map(([name, test]) => t(`groups.${name}.${test.adjustedP < DIFFERENT ? "differ" : "same"}`, { p: pText(i18n, test.adjustedP) }));
  const stages = groups.tests.filter((/** @type {any} */ { stage, test, adjustedP }) => stage !== null && test === "log_rank" && adjustedP < DIFFERENT).map((/** @type {any} */ { stage }) => stage);
  return [...parts, stages.length ? t("groups.stagesDiffer", { list: i18n.list(stages) }) : ""].filter(Boolean).join(" ");
}

/** @param {I18n} i18n @param {number} p */
const pText = (i18n, p) => (p < 0.001 ? `p\u00a0<\u00a0${i18n.fixed(0.001, 3)}` : `p\u00a0=\u00a0${i18n.fixed(p, 3)}`);

/** @param {I18n} i18n @param {any} groups @param {string[]} stages @param {any[]} shown @param {(group: any) => {text: string, number: boolean, title?: string}} heading @param {import("../deals-behind.js").DealsBehind} behind */
function heatMap(i18n, groups, stages, shown, heading, behind) {
  const { t } = i18n;
  const wide = groups.groups.length;
  const cells = (/** @type {number} */ stage) => groups.stages.slice(stage * wide, stage * wide + shown.length);
  const medians = stages.flatMap((_, at) => cells(at)).filter((/** @type {any} */ cell) => !cell.isSmall && cell.medianDays !== null).map((/** @type {any} */ cell) => cell.medianDays);
  const most = Math.max(...medians, 0);
  const column = i18n.inColumn(stages.flatMap((_, at) => cells(at).flatMap((/** @type {any} */ { medianDays, low, high }) => [medianDays, low, high])));
  return h("div", { class: "heat", dataset: { testid: "funnel-heat" } },
    h("h4", null, column.heading(t("groups.heat"))),
    heatTable({
      i18n, caption: t("groups.heat"),
      columns: [{ text: t("funnel.stage") }, ...shown.map(heading)],
      rows: stages.map((name, at) => ({ name, cells: cells(at).map((/** @type {any} */ cell, /** @type {number} */ group) => heatCell(i18n, cell, most, column.format,
        (words) => behind.open(t("behind.of", { of: heading(shown[group]).text, what: name }), { group, from: name }, words))) })),
    }),
    h("p", { class: "note" }, t("groups.heatNote", { most: i18n.days(most) })));
}

/** @param {I18n} i18n @param {any} cell @param {number} most @param {import("../../i18n/durations.js").Format} format @param {(words: string) => void} onopen @returns {import("./heat-table.js").HeatCell | string} */
function heatCell(i18n, { n, isSmall, medianDays, low, high }, most, format, onopen) {
  const { t } = i18n;
  if (n === 0) return "–";
  const detail = t("groups.cell", { count: n, range: i18n.between(low, high, format) });
  return {
    text: medianDays === null ? t("notReached") : format(medianDays), isFaint: isSmall, onopen, detail: isSmall ? `${detail}, ${t("groups.small")}` : detail,
    strength: isSmall || medianDays === null || most === 0 ? 0 : medianDays / most,
  };
}
