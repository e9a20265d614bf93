/** What groups are and whether they can be trusted: rules, stability, value, and what they mean for deals. */
import { h, table } from "../dom.js";
import { intervalText, shareWithInterval } from "../panel.js";
import { marker } from "./profiles.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** Whether there are groups at all, in words. @param {I18n} i18n @param {any} result @param {(feature: any) => string} featureName */
export function trust(i18n, { gap: measured, chosenBy, stability, segments, notes, features }, featureName) {
  const { t, number } = i18n;
  // The gap statistic is about groups around centres.
  const gap = chosenBy === "bic" || chosenBy === "density" ? null : measured;
  const unstable = stability ? segments.filter((/** @type {any} */ segment) => segment.stability !== null && segment.stability < stability.threshold).length : 0;
  const filled = notes.filter((/** @type {any} */ { code }) => code === "missing_filled").map((/** @type {any} */ { column, value }) => `${column} (${number(value)})`);
  const said = [
    gap && t(`segments.gap.${gap.verdict}`, { references: number(gap.references) }),
    stability && (unstable === 0 ? t("segments.allStable", { count: stability.bootstraps }) : t("segments.unstable", { count: unstable, all: number(segments.length) })),
  ].filter(Boolean);
  const logs = notes.filter((/** @type {any} */ { code }) => code === "logarithm_taken").map((/** @type {any} */ { column }) => featureName(features.find((/** @type {any} */ { name }) => name === column) ?? { name: column, unit: null }));
  if (!said.length && !logs.length && !filled.length) return null;
  return h("div", { class: "found", dataset: { testid: "segments-trust", verdict: gap?.verdict ?? "" } },
    h("p", null, said.join(" ")), logs.length > 0 && h("p", { class: "note" }, t("segments.logTaken", { list: i18n.list(logs) })),
    filled.length > 0 && h("p", { class: "note" }, t("segments.filled", { list: i18n.list(filled) })));
}

/** Who is in each group, as a sentence. @param {I18n} i18n @param {any} result @param {{nameOf: (index: number) => string, featureName: (feature: any) => string}} names */
export function rules(i18n, { of, segments, features, stability }, { nameOf, featureName }) {
  const { t, percent, number } = i18n;
  const condition = (/** @type {any} */ { feature, above, threshold }) => {
    const { level, name, unit } = features[feature];
    if (level !== null) return t(above ? "segments.has" : "segments.hasNot", { column: name, level });
    // Days with an order are whole numbers.
    const [key, value] = unit !== "order_days" ? [above ? "above" : "atMost", threshold] : above ? ["atLeast", Math.floor(threshold) + 1] : ["atMost", Math.floor(threshold)];
    return t(`segments.${key}`, { feature: featureName(features[feature]), value: number(value) });
  };
  const sentence = (/** @type {any} */ rule) => (rule
    ? t("segments.rule", { things: t(`segments.rule.${of}`), conditions: rule.conditions.map(condition).join(t("funnel.and")), count: number(rule.n), precision: percent(rule.precision, 0), lift: i18n.fixed(rule.lift, 1), recall: percent(rule.recall, 0) })
    : t("segments.rule.none"));
  if (segments.every((/** @type {any} */ { rule }) => !rule)) return null;
  return h("div", { class: "found" }, h("h3", null, t("segments.rules")), h("ul", { class: "rules sentences", dataset: { testid: "segments-rules" } },
    segments.map((/** @type {any} */ { index, rule, value, tier, stability: own }) => {
      const worth = [
        value && t("segments.valueOf", { value: i18n.short(value.value), interval: intervalText(i18n, { low: value.low, high: value.high }, i18n.short) }), tier && t("segments.tierOf", { tier: t(`segments.tier.${tier}`) }),
      ].filter(Boolean).join(t("comma"));
      return h("li", null,
        h("p", { class: "rule" }, h("span", { class: "named" }, marker(index), h("strong", null, nameOf(index))),
          stability && own !== null && h("span", { class: `chip ${own < stability.threshold ? "down" : "up"}`, dataset: { testid: "stability", value: own } }, t(own < stability.threshold ? "segments.badge.unstable" : "segments.badge.stable", { value: i18n.fixed(own, 2) }))),
        h("p", null, sentence(rule)), worth && h("p", { class: "note" }, worth));
    })));
}

/** The deals of each group. @param {I18n} i18n @param {any} result @param {(index: number) => string} nameOf @param {import("../deals-behind.js").DealsBehind} behind */
export function crossView(i18n, { cross, segments }, nameOf, behind) {
  if (!cross || cross.segments.every((/** @type {any} */ { deals }) => deals === 0)) return null;
  const { t, percent, number, short, days } = i18n;
  return h("div", { class: "found" }, h("h3", null, t("segments.cross")), table({
    caption: t("segments.cross"), class: "small",
    columns: [{ text: t("segments.group") }, { text: t("deals"), number: true }, { text: t("segments.winRate"), number: true }, { text: t("segments.wonAmount"), number: true }, { text: t("segments.openAmount"), number: true }, { text: t("groups.median"), number: true }],
    rows: segments.map((/** @type {any} */ { index, key }) => {
      const { deals, winRate, wonAmount, openAmount, cycle } = cross.segments[index];
      /** @param {string} text @param {number} size @param {string} [outcome] */
      const link = (text, size, outcome) =>
        behind.link(text, outcome ? t("behind.of", { of: nameOf(index), what: t(`outcome.${outcome}`) }) : nameOf(index), size > 0 && { segment: key, outcome });
      return [
        nameOf(index), link(number(deals), deals), winRate ? shareWithInterval(i18n, winRate) : "–", link(short(wonAmount), wonAmount, "won"), link(short(openAmount), openAmount, "open"),
        !cycle ? "–" : cycle.days === null ? h("span", { class: "note" }, t("notReached")) : days(cycle.days),
      ];
    }),
  }));
}
