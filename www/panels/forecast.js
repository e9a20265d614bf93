/** “Which open deals will close?” */
import { frame } from "../charts/frame.js";
import { reliability } from "../charts/reliability.js";
import { dealTable } from "./deal-table.js";
import { h, refill, table } from "./dom.js";
import { intervalText, keyNumber, panel } from "./panel.js";
import { smallPrint } from "./small-print.js";

/** @param {import("./panel.js").Context} context */
export function forecastPanel(context) {
  const { i18n } = context;
  const { t } = i18n;
  const shell = panel(context, "forecast");
  const reliabilityChart = frame({ i18n, height: 260, title: t("reliability.title") });
  const verdict = h("div", { class: "verdict" });
  const numbers = h("dl", { class: "key-numbers" });
  const quality = h("div", { class: "quality" });
  const measures = h("div", { class: "measures" });
  const evidence = h("div", { class: "pair" }, reliabilityChart.element, measures);
  const left = h("div");
  const print = h("div");
  const deals = dealTable(context);

  /** @param {any} result `ForecastResult` */
  function update(result) {
    if (!shell.body.hasChildNodes()) {
      quality.append(h("details", { class: "quiet", open: context.options.tested !== "0", ontoggle: (/** @type {any} */ event) => context.change({ tested: event.target.open ? undefined : "0" }) },
        h("summary", null, t("forecast.quality")), evidence));
      shell.body.append(verdict, numbers, deals.element, quality, left, print);
    }
    shell.ready(h("span", { dataset: { testid: "forecast-verdict", value: result.verdict } },
      h("strong", { class: `verdict-${result.verdict}` }, t(`verdict.${result.verdict}`))));
    refill(verdict, h("p", null, reason(i18n, result)), h("p", { class: "note" }, nextStep(i18n, result)));
    refill(numbers, keyNumbers(i18n, result));
    deals.update(result);
    quality.hidden = !result.holdout;
    if (result.holdout) {
      refill(measures, measureTable(i18n, result.holdout));
      reliabilityChart.element.hidden = !result.holdout.reliability.length;
      if (result.holdout.reliability.length) {
        reliabilityChart.draw(reliability(result.holdout.reliability, { i18n, label: t("reliability.label", { count: result.holdout.testRows, error: i18n.percent(result.holdout.calibrationError) }) }));
      }
    }
    refill(left, excluded(i18n, result.leakage));
    refill(print, smallPrint(i18n, result.meta, ["forecast.definition.model", "forecast.definition.test", "forecast.definition.verdict", "forecast.definition.reasons"]));
  }

  const headline = (/** @type {any} */ { verdict, baseRate }) => t(`glance.verdict.${verdict}`, { base: baseRate ? i18n.percent(baseRate.value) : "–" });
  return { ...shell, update, headline };
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function reason(i18n, { verdictReason, holdout, needed, closed, baseRate }) {
  const { t, percent, number } = i18n;
  return t(`verdictReason.${verdictReason}`, {
    count: holdout?.testRows ?? 0,
    from: i18n.date(holdout?.from),
    skill: holdout ? percent(holdout.logLossSkill.value) : "–",
    range: holdout ? i18n.range(percent(holdout.logLossSkill.low), percent(holdout.logLossSkill.high)) : "–",
    auc: holdout?.auc === null || holdout?.auc === undefined ? "–" : i18n.fixed(holdout.auc, 2),
    base: baseRate ? percent(baseRate.value) : "–",
    level: percent(0.95, 0),
    error: holdout ? percent(holdout.calibrationError) : "–",
    said: holdout ? percent(holdout.meanPredicted) : "–",
    happened: holdout ? percent(holdout.testRate) : "–",
    won: number(closed.won), lost: number(closed.lost),
    neededWon: number(closed.won + needed.won), neededLost: number(closed.lost + needed.lost),
  });
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
const nextStep = ({ t }, { verdict }) => t(`forecast.next.${verdict}`);

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function keyNumbers(i18n, { baseRate, holdout, expected, open, shown, meta }) {
  const { t, percent, number, short } = i18n;
  const level = meta.options?.confidence ?? 0.95;
  return [
    baseRate && keyNumber({
      label: t(shown === "base_rate" ? "forecast.baseRateShown" : "forecast.baseRate"), testid: "forecast-base-rate", raw: baseRate.value, value: percent(baseRate.value),
      note: intervalText(i18n, baseRate, percent, level),
    }),
    keyNumber({ label: t("forecast.expectedWins"), testid: "forecast-expected-wins", raw: expected.wins, value: number(Math.round(expected.wins)), note: t("forecast.ofOpen", { count: open.row.length }) }),
    keyNumber({
      label: t("forecast.expectedAmount"), testid: "forecast-expected-amount", raw: expected.amount,
      value: expected.dealsWithoutAmount >= open.row.length && open.row.length > 0 ? t("unknown") : short(expected.amount),
      note: expected.dealsWithoutAmount ? t("forecast.withoutAmount", { count: expected.dealsWithoutAmount }) : t("forecast.allWithAmount"),
    }),
    holdout && holdout.auc !== null && holdout.auc !== undefined && keyNumber({
      label: t("forecast.auc"), testid: "forecast-auc", raw: holdout.auc, value: i18n.fixed(holdout.auc, 2),
      note: intervalText(i18n, { low: holdout.aucLow, high: holdout.aucHigh, n: holdout.testRows }, (value) => i18n.fixed(value, 2), level),
    }),
  ].filter(Boolean);
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} holdout */
function measureTable(i18n, holdout) {
  const { t, fixed, percent } = i18n;
  const skill = holdout.logLossSkill;
  return [
    h("p", null, t("forecast.testedOn", { count: holdout.testRows, from: i18n.date(holdout.from), train: holdout.trainRows })),
    table({
      caption: t("forecast.quality"),
      columns: [{ text: t("forecast.measure") }, { text: t("forecast.model"), number: true }, { text: t("forecast.baseRate"), number: true }, { text: t("forecast.skill"), number: true }],
      rows: [
        [t("forecast.logLoss"), fixed(holdout.logLoss, 4), fixed(holdout.baseLogLoss, 4), h("span", null, percent(skill.value), " ", h("span", { class: "note" }, `(${i18n.range(percent(skill.low), percent(skill.high))})`))],
        [t("forecast.brier"), fixed(holdout.brier, 4), fixed(holdout.baseBrier, 4), percent(holdout.brierSkill)],
        [t("forecast.meanSaid"), percent(holdout.meanPredicted), percent(holdout.testRate), ""],
        [t("forecast.calibration"), holdout.calibrationSlope === null ? "–" : t("forecast.slope", { slope: fixed(holdout.calibrationSlope, 2), intercept: fixed(holdout.calibrationIntercept, 2) }), "", ""],
      ],
    }),
    h("p", { class: "note" }, t("forecast.measuresNote")),
  ];
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any[]} leakage */
function excluded({ t, has, fixed }, leakage) {
  if (!leakage.length) return null;
  const list = (/** @type {any[]} */ columns) => h("ul", { class: "left-out" }, columns.map(({ column, reason: why, auc, detail }) => h("li", null,
    h("bdi", { class: "strong" }, column), ": ", has(`leakage.${why}`) ? t(`leakage.${why}`) : detail,
    auc === null || auc === undefined ? null : h("span", { class: "note" }, ` (AUC ${fixed(auc, 2)})`))));
  const used = leakage.filter(({ used }) => used);
  const out = leakage.filter(({ used }) => !used);
  return [
    used.length > 0 && h("div", { dataset: { testid: "leakage-used" } }, h("p", { class: "verdict-use_with_care" }, t("forecast.leakageUsed", { count: used.length })), list(used)),
    out.length > 0 && h("details", { class: "quiet" }, h("summary", null, t("forecast.excluded", { count: out.length })), list(out)),
  ];
}
