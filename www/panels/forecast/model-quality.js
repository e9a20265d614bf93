/** How good the model was on deals that it had not seen: said against happened, against other sources of a percentage, by order, and by threshold. */
import { frame } from "../../charts/frame.js";
import { intervalBar } from "../../charts/interval-bar.js";
import { reliability } from "../../charts/reliability.js";
import { dealsBehind } from "../deals-behind.js";
import { h, refill, table } from "../dom.js";
import { intervalText } from "../panel.js";
import { testedWhere, thresholdSection } from "./threshold.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** How many of the first groups the sentence on the order is about. */
const FIRST = 2;
/** By how much the ends of a group of chances may be rounded. */
const ROUNDING = 1e-12;

/** @param {import("../panel.js").Context} context */
export function modelQuality(context) {
  const { i18n } = context;
  const { t, percent } = i18n;
  const chart = frame({ i18n, height: 260, title: t("reliability.title") });
  const said = h("p");
  const calibration = h("p", { class: "note" });
  const against = h("section", { class: "measures" });
  const again = h("section", { class: "measures" });
  const order = h("section", { class: "measures" });
  const behind = dealsBehind(context, {});
  const threshold = thresholdSection(context, behind);
  const element = h("details", { class: "section", open: context.options.tested !== "0", ontoggle: (/** @type {any} */ event) => context.change({ tested: event.target.open ? undefined : "0" }) },
    h("summary", null, t("forecast.quality")),
    h("div", { class: "model-quality" },
      said, h("div", { class: "pair" }, h("div", { class: "measures" }, chart.element, calibration), threshold.element), again, against, order));

  /** @param {any} result `ForecastResult` */
  function update({ holdout, model, rolling, performance, meta }) {
    element.hidden = !holdout;
    if (!holdout) return;
    const { figures } = holdout;
    const level = meta.options?.confidence ?? 0.95;
    said.textContent = t("forecast.testedOn", { count: figures.testRows, from: i18n.date(holdout.from), train: holdout.trainRows });
    calibration.textContent = [
      t("forecast.calibrated", { said: percent(figures.meanPredicted), happened: percent(figures.testRate), error: percent(holdout.calibrationError) }),
      figures.calibrationSlope === null ? "" : t("forecast.slope", { slope: i18n.fixed(figures.calibrationSlope, 2), intercept: i18n.fixed(figures.calibrationIntercept, 2) }),
      model?.calibration ? corrected(i18n, model.calibration) : "",
    ].filter(Boolean).join(" ");
    /** @param {{lowest: number, highest: number}} said */
    const named = ({ lowest, highest }) => t("threshold.tested", { said: i18n.range(percent(lowest), percent(highest)) });
    /** @param {{lowest: number, highest: number}} said */
    const between = ({ lowest, highest }) => ({ rows: testedWhere(holdout, (probability) => probability >= lowest - ROUNDING && probability <= highest + ROUNDING) });
    chart.element.hidden = !holdout.reliability.length;
    if (holdout.reliability.length) chart.draw(reliability(holdout.reliability, {
      i18n, label: t("reliability.label", { count: figures.testRows, error: percent(holdout.calibrationError) }),
      onselect: (bin) => behind.open(named(bin), between(bin)),
    }));
    refill(again, rolling && fromEarlierDates(i18n, rolling, level));
    refill(against, baselines(i18n, performance.baselines, level));
    refill(order, lift(i18n, performance.lift, figures.testRate, (group) => behind.link(i18n.number(group.n), named(group), () => between(group))));
    threshold.update(performance.thresholds, holdout);
  }

  return { element, update };
}

/** @param {I18n} i18n @param {any} calibration `ModelCalibration` */
function corrected({ t, fixed }, { method, used, logLoss, calibratedLogLoss }) {
  return t(used ? `forecast.corrected.${method}` : "forecast.corrected.not", { before: fixed(logLoss, 4), after: fixed(calibratedLogLoss, 4) });
}

/** @param {I18n} i18n @param {any} rolling @param {number} level */
function fromEarlierDates(i18n, { origins, pooled }, level) {
  const { t, fixed, percent, number } = i18n;
  const { low, high } = pooled.logLossSkill;
  const said = low > 0 ? "rolling.better" : high < 0 ? "rolling.worse" : "rolling.same";
  const row = (/** @type {any} */ name, /** @type {string} */ train, /** @type {any} */ of) => [
    name, train, number(of.testRows), percent(of.meanPredicted), percent(of.testRate), percent(of.logLossSkill.value),
    h("span", { class: "note" }, i18n.range(percent(of.logLossSkill.low), percent(of.logLossSkill.high))), of.auc ? fixed(of.auc.value, 2) : "–", of.calibrationSlope === null ? "–" : fixed(of.calibrationSlope, 2),
  ];
  return [
    h("h4", null, t("rolling.title")),
    h("p", { dataset: { testid: "rolling", value: pooled.logLossSkill.value } }, t(said, {
      count: origins.length, skill: percent(Math.abs(pooled.logLossSkill.value)), range: i18n.range(percent(low), percent(high)), tested: number(pooled.testRows),
    })),
    table({
      caption: t("rolling.title"), class: "small",
      columns: [
        { text: t("rolling.from") }, { text: t("rolling.train"), number: true }, { text: t("rolling.tested"), number: true }, { text: t("reliability.said"), number: true }, { text: t("reliability.happened"), number: true },
        { text: t("forecast.skill"), number: true }, { text: t("intervalName", { level: percent(level, 0) }), number: true }, { text: t("rolling.auc"), number: true }, { text: t("rolling.slope"), number: true },
      ],
      rows: [...origins.map((/** @type {any} */ { from, trainRows, figures }) => row(i18n.date(from), number(trainRows), figures)), row(h("strong", null, t("rolling.all")), "", pooled)],
    }),
    h("p", { class: "note" }, t("rolling.note")),
  ];
}

/** @param {I18n} i18n @param {any[]} all @param {number} level */
function baselines(i18n, all, level) {
  const { t, fixed, percent } = i18n;
  const name = (/** @type {any} */ { kind }) => t(`baseline.${kind}`);
  const named = (/** @type {(skill: any) => boolean} */ fits) => all.filter(({ skill }) => skill && fits(skill.logLossSkill)).map(name);
  const said = /** @type {[string, string[]][]} */ ([["beats", named(({ low }) => low > 0)], ["same", named(({ low, high }) => low <= 0 && high >= 0)], ["worse", named(({ high }) => high < 0)]]);
  const remarks = all.filter(({ basis }) => basis !== "trained" && basis !== "column").map((one) => t("baseline.remark", { name: name(one), why: t(`baseline.basis.${one.basis}`) }));
  return [
    h("h4", null, t("baseline.title")),
    h("p", { dataset: { testid: "baselines" } }, said.filter(([, list]) => list.length).map(([key, list]) => t(`baseline.${key}`, { list: i18n.list(list) })).join(" ")),
    table({
      caption: t("baseline.title"), class: "small",
      columns: [
        { text: t("baseline.against") }, { text: t("baseline.its"), number: true }, { text: t("baseline.ours"), number: true }, { text: t("forecast.skill"), number: true },
        { text: t("intervalName", { level: percent(level, 0) }), number: true }, { text: t("baseline.brier"), number: true }, { text: t("baseline.auc"), number: true }, { text: t("n"), number: true },
      ],
      rows: all.map((one) => {
        const { kind, skill, auc } = one;
        const head = h("span", { dataset: { testid: `baseline-${kind}`, value: skill?.logLossSkill.value ?? "" } }, name(one));
        if (!skill) return [head, ...Array(7).fill("–")];
        const gain = skill.logLossSkill;
        return [head, fixed(skill.logLoss, 3), fixed(skill.modelLogLoss, 3), percent(gain.value), h("span", { class: "note" }, i18n.range(percent(gain.low), percent(gain.high))), percent(skill.brierSkill), auc ? fixed(auc.value, 2) : "–", i18n.number(gain.n)];
      }),
    }),
    h("p", { class: "note", dataset: { testid: "baseline-remarks" } }, [...remarks, t("baseline.note")].join(" ")),
  ];
}

/** @param {I18n} i18n @param {any[]} groups @param {number} all share won of all tested deals @param {(group: any) => Node | string} deals of a group */
function lift(i18n, groups, all, deals) {
  const { t, fixed, percent } = i18n;
  const first = groups[Math.min(FIRST, groups.length) - 1];
  if (!first) return null;
  const most = Math.max(all, ...groups.map(({ rate }) => rate.high));
  const times = (/** @type {number} */ value) => t("lift.times", { value: fixed(value, 1) });
  return [
    h("h4", null, t("lift.title")),
    h("p", { dataset: { testid: "lift", value: first.winsShare } }, t("lift.sentence", { share: percent(first.dealsShare, 0), wins: percent(first.winsShare), times: fixed(first.winsShare / first.dealsShare, 1) })),
    table({
      caption: t("lift.title"), class: "small",
      columns: [
        { text: t("lift.said"), number: true }, { text: t("lift.rate"), number: true }, { text: t("intervalName", { level: percent(0.95, 0) }), wide: true },
        { text: t("lift.against"), number: true }, { text: t("lift.soFar"), number: true }, { text: t("n"), number: true },
      ],
      rows: groups.map((group) => {
        const { lowest, highest, rate, lift: value, winsShare } = group;
        return [
          i18n.range(percent(lowest), percent(highest)), percent(rate.value),
          intervalBar({ ...rate, most, mark: all, label: t("lift.bar", { share: percent(rate.value), interval: intervalText(i18n, rate, percent), times: fixed(value, 1) }) }),
          times(value), percent(winsShare), deals(group),
        ];
      }),
    }),
    h("p", { class: "note" }, t("lift.note", { all: percent(all) })),
  ];
}
