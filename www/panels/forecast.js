/** “Which open deals will close?” */
import { dealTable } from "./deal-table.js";
import { h, refill } from "./dom.js";
import { modelQuality } from "./forecast/model-quality.js";
import { repsSection } from "./forecast/reps.js";
import { rulesSection } from "./forecast/rules.js";
import { stageRates } from "./forecast/stage-rates.js";
import { whenSection } from "./forecast/when.js";
import { intervalText, keyNumber, panel } from "./panel.js";
import { smallPrint } from "./small-print.js";

/** @param {import("./panel.js").Context} context */
export function forecastPanel(context) {
  const { i18n } = context;
  const { t } = i18n;
  const shell = panel(context, "forecast");
  const verdict = h("div", { class: "verdict" });
  const numbers = h("dl", { class: "key-numbers" });
  const quality = modelQuality(context);
  const rates = stageRates(context);
  const reps = repsSection(context);
  const rules = rulesSection(context);
  const deals = dealTable(context);
  const when = whenSection(context, deals.useWindows);
  const left = h("div");
  const print = h("div");

  /** @param {any} result `ForecastResult` */
  function update(result) {
    if (!shell.body.hasChildNodes()) shell.body.append(verdict, numbers, deals.element, when.element, quality.element, rates.element, rules.element, reps.element, left, print);
    shell.ready(h("span", { dataset: { testid: "forecast-verdict", value: result.verdict } },
      h("strong", { class: `verdict-${result.verdict}` }, t(`verdict.${result.verdict}`))));
    const { closed } = context.summary().counts;
    refill(verdict, h("p", null, result.verdictReason === "no_closed_deals" && closed > 0 ? t("verdictReason.not_told", { count: closed }) : reason(i18n, result)), h("p", { class: "note" }, nextStep(i18n, result)));
    refill(numbers, keyNumbers(i18n, result));
    deals.update(result);
    when.update();
    quality.update(result);
    rates.update(result.stages);
    rules.update();
    reps.update();
    refill(left, excluded(i18n, result.leakage));
    refill(print, smallPrint(i18n, result.meta, ["forecast.definition.model", "forecast.definition.test", "forecast.definition.verdict", "forecast.definition.reasons"]));
  }

  const headline = (/** @type {any} */ { verdict, baseRate }) => t(`glance.verdict.${verdict}`, { base: baseRate ? i18n.percent(baseRate.value) : "–" });
  return { ...shell, update, headline, showDeals: deals.show };
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function reason(i18n, { verdictReason, holdout, needed, closed, baseRate }) {
  const { t, percent, number } = i18n;
  const tested = holdout?.figures;
  return t(`verdictReason.${verdictReason}`, {
    count: tested?.testRows ?? 0,
    from: i18n.date(holdout?.from),
    skill: tested ? percent(tested.logLossSkill.value) : "–",
    range: tested ? i18n.range(percent(tested.logLossSkill.low), percent(tested.logLossSkill.high)) : "–",
    auc: tested?.auc ? i18n.fixed(tested.auc.value, 2) : "–",
    base: baseRate ? percent(baseRate.value) : "–",
    level: percent(0.95, 0),
    error: holdout ? percent(holdout.calibrationError) : "–",
    said: tested ? percent(tested.meanPredicted) : "–",
    happened: tested ? percent(tested.testRate) : "–",
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
    keyNumber({ label: t("forecast.expectedWins"), testid: "forecast-expected-wins", raw: baseRate ? expected.wins : null, value: baseRate ? number(Math.round(expected.wins)) : t("unknown"), note: t("forecast.ofOpen", { count: open.row.length }) }),
    keyNumber({
      label: t("forecast.expectedAmount"), testid: "forecast-expected-amount", raw: baseRate ? expected.amount : null,
      value: !baseRate || (expected.dealsWithoutAmount >= open.row.length && open.row.length > 0) ? t("unknown") : short(expected.amount),
      note: !baseRate ? undefined : expected.dealsWithoutAmount ? t("forecast.withoutAmount", { count: expected.dealsWithoutAmount }) : t("forecast.allWithAmount"),
    }),
    holdout?.figures.auc && keyNumber({
      label: t("forecast.auc"), testid: "forecast-auc", raw: holdout.figures.auc.value, value: i18n.fixed(holdout.figures.auc.value, 2),
      note: intervalText(i18n, holdout.figures.auc, (value) => i18n.fixed(value, 2), level),
    }),
  ].filter(Boolean);
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
