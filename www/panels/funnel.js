/** “How long do deals take, and where do they get stuck?” */
import { frame } from "../charts/frame.js";
import { conversionBars } from "../charts/conversion-bars.js";
import { incidenceArea } from "../charts/incidence-area.js";
import { periodLines } from "../charts/period-lines.js";
import { survivalCurve } from "../charts/survival-curve.js";
import { inWorkingTime } from "../i18n/durations.js";
import { dealsBehind } from "./deals-behind.js";
import { dealsLink } from "./deals-link.js";
import { choice, h, refill, table } from "./dom.js";
import { cohortTable } from "./funnel/cohorts.js";
import { groupSection } from "./funnel/groups.js";
import { paths } from "./funnel/paths.js";
import { besidePlain } from "./funnel/plain.js";
import { stuckSection } from "./funnel/stuck.js";
import { workingTimeSection } from "./funnel/working-time.js";
import { worth } from "./funnel/worth.js";
import { intervalText, keyNumber, panel } from "./panel.js";
import { smallPrint } from "./small-print.js";

const CHART_HEIGHT = 260;
const PERIODS = ["day", "week", "month", "quarter", "fiscal_year"];

/** @param {import("./panel.js").Context} context */
export function funnelPanel(context) {
  /** @type {any} */
  let result;
  /** @type {import("./deals-behind.js").DealsBehind} */
  let behind;
  const i18n = inWorkingTime(context.i18n, () => result?.workingDayHours);
  const { t } = i18n;
  const shell = panel(context, "funnel");
  const curve = frame({ i18n, height: CHART_HEIGHT, title: t("survival.title") });
  const outcomes = frame({ i18n, height: CHART_HEIGHT, title: t("incidence.title") });
  const stageCurve = frame({ i18n, height: CHART_HEIGHT, title: t("stage.curve") });
  const stageExits = frame({ i18n, height: CHART_HEIGHT, title: t("stage.exits") });
  const numbers = h("dl", { class: "key-numbers" });
  const shares = h("div", { class: "shares" });
  const stages = h("div", { class: "stages" });
  const chosen = h("div", { class: "chosen-stage", hidden: true });
  const print = h("div");
  const hours = workingTimeSection(context);
  const plain = h("div");
  const overTime = frame({ i18n, height: CHART_HEIGHT, title: t("period.title") });
  const periodHead = h("div", { class: "toolbar" });
  const periods = h("div", { class: "periods" }, periodHead, overTime.element);
  const stuck = stuckSection(context, i18n);
  const groups = groupSection(context, i18n);
  const more = h("div", { class: "more" });
  const curves = h("div", { class: "pair" }, curve.element, outcomes.element);
  const cycle = h("div", { class: "measures" }, numbers, curves, shares, plain);

  /** @param {any} next `FunnelResult` */
  function update(next) {
    result = next;
    behind = dealsBehind(context, result.meta.options);
    if (!shell.body.hasChildNodes()) shell.body.append(hours.element, cycle, stages, chosen, stuck.element, groups.element, periods, more, print);
    hours.update(result);
    shell.ready(sentence(i18n, result));
    cycle.hidden = !result.cycle;
    if (result.cycle) {
      refill(numbers, keyNumbers(i18n, result));
      refill(shares, wonShares(i18n, result));
      // Where nobody was watched for any time, a curve and means would be made of nothing.
      const isWatched = result.cycle.duration.lastDays > 0;
      curves.hidden = shares.hidden = plain.hidden = !isWatched;
      refill(plain, isWatched && besidePlain(i18n, result.cycle));
      curve.draw(survivalCurve(result.cycle.duration, { i18n, label: textOf(sentence(i18n, result)), valueName: t("survival.open") }));
      outcomes.draw(incidenceArea(result.cycle.outcomes, {
        i18n, lastDays: result.cycle.duration.lastDays, nameOf: (cause) => causeName(i18n, cause), remainingName: t("outcome.open"), label: outcomesLabel(i18n, result),
      }));
    }
    drawStages();
    drawPeriods();
    stuck.update(result);
    groups.update(result, behind);
    refill(more, worth(i18n, result, behind), paths(i18n, result, behind), cohortTable(i18n, result, behind));
    refill(print, smallPrint(i18n, result.meta, ["funnel.definition.duration", "funnel.definition.outcomes", "funnel.definition.conversion", "funnel.definition.stuck", "funnel.definition.tests"]));
  }

  function drawStages() {
    const known = result.stages.filter((/** @type {any} */ stage) => stage.duration);
    if (result.source !== "history" || !known.length) {
      chosen.hidden = true;
      return refill(stages, currentStages(context, i18n, result));
    }
    const current = known.find((/** @type {any} */ stage) => stage.stage === context.options.stage) ?? slowest(known);
    const changeView = (/** @type {object} */ options) => {
      context.change(options);
      drawStages();
    };
    const onchoose = (/** @type {string} */ stage) => changeView({ stage });
    const view = { definition: context.options.definition, measure: context.options.measure };
    refill(stages,
      h("h3", null, t("funnel.stages")),
      stuckSentence(i18n, current, slowest(known)),
      h("div", { class: "pair" }, conversionBars(result.stages, { i18n, behind, chosen: current.stage, onchoose, ...view, onchange: changeView }), currentStages(context, i18n, result)),
      stageTable(i18n, result.stages, current.stage, behind));
    refill(chosen,
      h("div", { class: "toolbar" },
        choice({ label: t("funnel.stage"), value: current.stage, options: known.map((/** @type {any} */ { stage }) => [stage, stage]), onchange: onchoose, testid: "funnel-stage" }),
        choice({ label: t("stage.exitsBy"), value: context.options.exits ?? "kind", options: [["kind", t("stage.exitsByKind")], ["target", t("stage.exitsByTarget")]], onchange: (exits) => changeView({ exits }), testid: "funnel-exits" }),
        context.showDeals && result.current.some((/** @type {any} */ { stage, open }) => stage === current.stage && open > 0)
          && h("button", { type: "button", dataset: { testid: "funnel-stage-deals" }, onclick: () => context.showDeals?.({ stage: current.stage }) }, t("deals.listStage"))),
      h("div", { class: "pair" }, stageCurve.element, stageExits.element));
    chosen.hidden = false;
    stageCurve.draw(survivalCurve(current.duration, { i18n, valueName: t("stage.stillHere"), label: t("stage.curveLabel", { stage: current.stage, count: current.passages, days: medianText(i18n, current.duration) }) }));
    const exits = context.options.exits === "target" ? current.exits : current.exitKinds ?? current.exits;
    stageExits.element.hidden = !exits;
    if (exits) {
      stageExits.draw(incidenceArea(exits, {
        i18n, lastDays: current.duration.lastDays, nameOf: (cause) => causeName(i18n, cause), remainingName: t("stage.stillHere"), legend: true, label: t("stage.exitsLabel", { stage: current.stage }),
      }));
    }
  }

  function drawPeriods() {
    const counts = result.periods;
    periods.hidden = !counts;
    if (!counts) return;
    const names = i18n.periodNames(counts.period);
    const nameOf = (/** @type {number} */ at) => names(counts.startDay[at], counts.startDay[at + 1]);
    const whole = Math.max(0, counts.created.length - (counts.lastIsPartial ? 2 : 1));
    const amount = counts.wonAmount[whole];
    const values = { name: nameOf(whole), created: counts.created[whole], won: counts.won[whole], lost: counts.lost[whole] };
    refill(periodHead,
      choice({ label: t("period.by"), value: counts.period, options: PERIODS.map((period) => [period, t(`period.${period}`)]), onchange: (period) => context.change({ period }), testid: "funnel-period" }),
      h("p", { dataset: { testid: "funnel-last-period" } }, amount > 0 ? t("period.lastAmount", { ...values, amount: i18n.short(amount) }) : t("period.last", values), " ",
        h("span", { class: "note" }, counts.lastIsPartial ? t("period.partial") : "", " ", counts.earlier > 0 ? t("period.earlier", { count: counts.earlier }) : "")));
    overTime.draw(periodLines(counts, { i18n, nameOf, behind }));
  }

  const headline = (/** @type {any} */ { cycle }) => (cycle ? medianText(i18n, cycle.duration) : t("glance.none"));
  return { ...shell, update, headline };
}

/** @param {any} duration @param {number} p */
const quantile = (duration, p) => duration.quantiles.find((/** @type {any} */ entry) => Math.abs(entry.p - p) < 1e-9) ?? { days: null, low: null, high: null };

/** How the ends of the interval of a duration are written. @param {import("../i18n/index.js").I18n} i18n @param {any} quantile */
const endsOf = (i18n, { days, low, high }) => i18n.inColumn([days, low, high]).format;

/** @param {any[]} stages The stage whose median, or else 75 % or plain mean, is the longest. */
const slowest = (stages) => [...stages].sort((a, b) => slowness(b) - slowness(a))[0];
/** @param {any} stage */
const slowness = ({ duration }) => quantile(duration, 0.5).days ?? duration.restrictedMean?.days ?? duration.lastDays;

/** @param {import("../i18n/index.js").I18n} i18n @param {any} duration */
const medianText = ({ t, days }, duration) => (quantile(duration, 0.5).days === null ? t("notReached") : days(quantile(duration, 0.5).days));

/** @param {(Node | string)[]} parts */
const textOf = (parts) => parts.map((part) => (part instanceof Node ? part.textContent : part)).join(" ");

/** @param {import("../i18n/index.js").I18n} i18n @param {string} cause */
export function causeName({ t, has }, cause) {
  if (cause.startsWith("stage:")) return t("outcome.moved", { stage: cause.slice(6) });
  return has(`outcome.${cause}`) ? t(`outcome.${cause}`) : cause;
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function sentence(i18n, { cycle, counts }) {
  const { t, percent, days } = i18n;
  if (!cycle) return [t("funnel.noCycle", { count: counts.open + counts.won + counts.lost + counts.hold + counts.closed })];
  const { duration } = cycle;
  const half = quantile(duration, 0.5);
  const most = quantile(duration, 0.9);
  const open = percent(duration.atEnd);
  if (half.days === null) return [t("funnel.noMedian", { open, days: days(duration.lastDays) }), interval(i18n, { low: null, high: null, n: duration.n })];
  const first = h("span", null, t("funnel.half"), " ", h("strong", null, t("funnel.within", { days: days(half.days) })));
  const rest = most.days === null
    ? t("funnel.openAtEnd", { open })
    : t("funnel.mostWithin", { days: days(most.days), open });
  return i18n.parts("funnel.sentence", { first, rest, interval: h("span", { class: "note" }, `(${intervalText(i18n, { ...half, n: duration.n }, endsOf(i18n, half))})`) });
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} estimate */
const interval = (i18n, estimate) => h("span", { class: "note" }, ` (${t0(i18n, estimate)})`);
/** @param {import("../i18n/index.js").I18n} i18n @param {any} estimate */
const t0 = (i18n, estimate) => i18n.t("n.equals", { count: estimate.n });

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function keyNumbers(i18n, { cycle }) {
  const { t, days, percent } = i18n;
  const { duration, outcomes } = cycle;
  const time = (/** @type {number} */ p, /** @type {string} */ testid, /** @type {string} */ label) => {
    const entry = quantile(duration, p);
    return keyNumber({
      label, testid, raw: entry.days, value: entry.days === null ? t("notReached") : days(entry.days),
      note: entry.days === null ? t("funnel.notReachedNote", { open: percent(duration.atEnd) }) : intervalText(i18n, entry, endsOf(i18n, entry)),
    });
  };
  const cause = (/** @type {string} */ name) => outcomes.causes.find((/** @type {any} */ entry) => entry.cause === name);
  const share = (/** @type {string} */ name) => {
    const entry = cause(name);
    return entry && keyNumber({
      label: t(`outcome.${name}`), outcome: name, testid: `funnel-${name}`, raw: entry.final, value: percent(entry.final),
      note: intervalText(i18n, { low: entry.finalLow, high: entry.finalHigh }, percent),
    });
  };
  const others = outcomes.causes.filter((/** @type {any} */ { cause: name }) => name !== "won" && name !== "lost").map((/** @type {any} */ { cause: name }) => share(name));
  const remaining = outcomes.remaining[outcomes.remaining.length - 1] ?? 1;
  return [
    time(0.5, "funnel-median", t("funnel.medianLabel")),
    time(0.9, "funnel-p90", t("funnel.p90Label")),
    share("won"), share("lost"), ...others,
    keyNumber({ label: t("funnel.openLabel"), outcome: "open", testid: "funnel-open", raw: remaining, value: percent(remaining), note: t("funnel.openNote") }),
  ];
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function wonShares(i18n, { cycle }) {
  const { t, percent, number } = i18n;
  const won = cycle.outcomes.causes.find((/** @type {any} */ { cause }) => cause === "won");
  if (!won) return [];
  const simple = [cycle.wonShareOfClosed && t("funnel.ofClosed", { share: percent(cycle.wonShareOfClosed.value) }), cycle.wonShareOfAll && t("funnel.ofAll", { share: percent(cycle.wonShareOfAll.value) })].filter(Boolean);
  const given = cycle.medianDaysGivenWon;
  const within = cycle.wonWithinDays.filter((/** @type {any} */ entry) => entry.probability);
  return [
    h("p", null, h("strong", null, t("funnel.wonByEnd", { share: percent(won.final) })), " ",
      simple.length > 0 && h("span", { class: "note" }, t("funnel.simpler", { list: simple.join(t("funnel.and")) }))),
    within.length > 0 && h("div", { class: "within" }, table({
      caption: t("funnel.wonWithin"),
      columns: [{ text: t("funnel.wonWithin") }, ...within.map((/** @type {any} */ { days }) => ({ text: i18n.days(days), number: true }))],
      rows: [
        [t("funnel.share"), ...within.map((/** @type {any} */ { probability }) => percent(probability.value))],
        [t("intervalName", { level: percent(0.95, 0) }), ...within.map((/** @type {any} */ { probability }) => h("span", { class: "note" }, i18n.range(percent(probability.low), percent(probability.high))))],
      ],
    }), given?.days != null && h("p", { class: "note", dataset: { testid: "funnel-median-given-won", value: given.days } }, t("funnel.medianGivenWon", { days: `${i18n.days(given.days)} (${intervalText(i18n, given, endsOf(i18n, given))})`, count: number(won.events) }))),
  ];
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function outcomesLabel({ t, percent }, { cycle }) {
  const final = (/** @type {string} */ name) => percent(cycle.outcomes.causes.find((/** @type {any} */ entry) => entry.cause === name)?.final ?? 0);
  return t("incidence.label", { won: final("won"), lost: final("lost"), open: percent(cycle.outcomes.remaining[cycle.outcomes.remaining.length - 1] ?? 1) });
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} stage @param {any} longest */
function stuckSentence(i18n, stage, longest) {
  const { t, days } = i18n;
  const entry = quantile(stage.duration, 0.5);
  const key = entry.days === null ? "stage.noMedian" : "stage.half";
  return h("p", { "aria-live": "polite" },
    t(key, { stage: stage.stage, days: days(entry.days ?? stage.duration.lastDays) }), " ",
    h("span", { class: "note" }, `(${intervalText(i18n, { ...entry, n: stage.passages }, endsOf(i18n, entry))})`), " ",
    stage === longest ? t("stage.slowest") : "");
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any[]} stages @param {string} chosen @param {import("./deals-behind.js").DealsBehind} behind */
function stageTable(i18n, stages, chosen, behind) {
  const { t, number } = i18n;
  const column = i18n.inColumn(stages.flatMap(({ duration }) => (duration ? [0.5, 0.75, 0.9].flatMap((p) => Object.values(quantile(duration, p)).slice(-3)).concat(duration.restrictedMean.days, duration.finishedMeanDays) : [])));
  const cell = (/** @type {any} */ entry) => (entry.days === null ? h("span", { class: "note" }, t("notReached")) : column.format(entry.days));
  const timed = (/** @type {string} */ key) => ({ text: column.heading(t(key)), number: true });
  return [table({
    caption: t("stage.table"),
    columns: [
      { text: t("funnel.stage") }, { text: t("stage.passages"), number: true }, timed("stage.median"), { text: t("intervalName", { level: i18n.percent(0.95, 0) }), number: true },
      timed("stage.p75"), timed("stage.p90"), { text: t("stage.stillHere"), number: true }, timed("stage.mean"), { text: t("stage.plainMean"), number: true },
    ],
    rows: stages.map(({ stage, passages, stillHere, duration }) => {
      const name = h("bdi", { class: stage === chosen ? "strong" : "" }, stage);
      const link = (/** @type {number} */ count, /** @type {string} */ what, /** @type {object} */ more) => behind.link(number(count), t("behind.of", { of: stage, what: t(what) }), count > 0 && { from: stage, ...more });
      const [stays, open] = [link(passages, "stage.passages", {}), link(stillHere, "stage.stillHere", { to: "still_here" })];
      if (!duration) return [name, stays, "–", "–", "–", "–", open, "–", "–"];
      const half = quantile(duration, 0.5);
      return [
        name, stays, cell(half), h("span", { class: "note" }, i18n.between(half.low, half.high, column.format)),
        cell(quantile(duration, 0.75)), cell(quantile(duration, 0.9)), open, column.format(duration.restrictedMean.days), h("span", { class: "note" }, duration.finishedMeanDays === null ? "–" : column.format(duration.finishedMeanDays)),
      ];
    }),
  }), h("p", { class: "note" }, t("stage.meanNote"), " ", t("stage.plainMeanNote"))];
}

/** @param {import("./panel.js").Context} context @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function currentStages(context, i18n, { current: all, source }) {
  const { t, number, short } = i18n;
  const current = all.filter((/** @type {any} */ { open }) => open > 0);
  if (!current.length) return null;
  return h("div", { class: "current" },
    h("h3", null, t("funnel.current")),
    table({
      caption: t("funnel.current"),
      columns: [{ text: t("funnel.stage") }, { text: t("outcome.open"), number: true }, { text: t("deals"), number: true }, { text: t("amount"), number: true }, { text: t("withoutAmount"), number: true }],
      rows: current.map((/** @type {any} */ row) => [row.stage ? h("bdi", null, row.stage) : t("unknown"), dealsLink(context, number(row.open), row.stage || t("unknown"), { stage: row.stage || null }), number(row.deals), row.withoutAmount >= row.deals ? "–" : h("span", { title: i18n.full(row.amount) }, short(row.amount)), number(row.withoutAmount)]),
    }),
    source === "deals" && h("p", { class: "note" }, t("funnel.noHistory")));
}
