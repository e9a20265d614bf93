/** What groups are and whether they can be trusted: rules, stability, value, and what they mean for deals. */
import { h, table } from "../dom.js";

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

/** @param {I18n} i18n @param {any} result @param {{nameOf: (index: number) => string, featureName: (feature: any) => string}} names */
export function rules(i18n, { segments, features, stability }, { nameOf, featureName }) {
  const { t, percent, number } = i18n;
  const condition = (/** @type {any} */ { feature, above, threshold }) => {
    const { level, name } = features[feature];
    if (level !== null) return t(above ? "segments.has" : "segments.hasNot", { column: name, level });
    return t(above ? "segments.above" : "segments.atMost", { feature: featureName(features[feature]), value: number(threshold) });
  };
  if (segments.every((/** @type {any} */ { rule }) => !rule)) return null;
  const valued = segments.some((/** @type {any} */ { value }) => value);
  return h("div", { class: "found" }, h("h3", null, t("segments.rules")), table({
    caption: t("segments.rules"), class: "small",
    columns: [
      { text: t("segments.group") }, { text: t("segments.rule") }, { text: t("segments.precision"), number: true }, { text: t("segments.recall"), number: true }, { text: t("segments.lift"), number: true },
      ...(valued ? [{ text: t("segments.value"), number: true }, { text: t("segments.tier") }] : []), ...(stability ? [{ text: t("segments.stability"), number: true }] : []),
    ],
    rows: segments.map((/** @type {any} */ { index, rule, value, tier, stability: own }) => [
      nameOf(index), rule ? rule.conditions.map(condition).join(t("funnel.and")) : "–", rule ? percent(rule.precision) : "–", rule ? percent(rule.recall) : "–", rule ? i18n.fixed(rule.lift, 1) : "–",
      ...(valued ? [value ? h("span", { title: i18n.range(i18n.short(value.low), i18n.short(value.high)) }, i18n.short(value.value)) : "–", tier ? t(`segments.tier.${tier}`) : "–"] : []),
      ...(stability ? [own === null ? "–" : h("span", { class: `chip ${own < stability.threshold ? "down" : "up"}`, dataset: { testid: "stability", value: own } }, t(own < stability.threshold ? "segments.badge.unstable" : "segments.badge.stable", { value: i18n.fixed(own, 2) }))] : []),
    ]),
  }));
}

/** The deals of each group. @param {I18n} i18n @param {any} result @param {(index: number) => string} nameOf @param {(days: number) => string} days */
export function crossView(i18n, { cross, segments }, nameOf, days) {
  if (!cross || cross.segments.every((/** @type {any} */ { deals }) => deals === 0)) return null;
  const { t, percent, number, short } = i18n;
  return h("div", { class: "found" }, h("h3", null, t("segments.cross")), table({
    caption: t("segments.cross"), class: "small",
    columns: [{ text: t("segments.group") }, { text: t("deals"), number: true }, { text: t("segments.winRate"), number: true }, { text: t("segments.wonAmount"), number: true }, { text: t("segments.openAmount"), number: true }, { text: t("groups.median"), number: true }],
    rows: segments.map((/** @type {any} */ { index }) => {
      const { deals, winRate, wonAmount, openAmount, cycle } = cross.segments[index];
      return [
        nameOf(index), number(deals), winRate ? h("span", { title: i18n.range(percent(winRate.low), percent(winRate.high)) }, percent(winRate.value)) : "–", short(wonAmount), short(openAmount),
        !cycle ? "–" : cycle.days === null ? h("span", { class: "note" }, t("notReached")) : days(cycle.days),
      ];
    }),
  }));
}
