/** Our numbers beside the plain averages that other tools show, and why they differ. */
import { h, table } from "../dom.js";

/** @param {import("../../i18n/index.js").I18n} i18n @param {any} cycle `FunnelResult.cycle` */
export function besidePlain(i18n, { duration, outcomes, wonShareOfClosed }) {
  const { t, days, percent } = i18n;
  const half = duration.quantiles.find((/** @type {any} */ { p }) => p === 0.5);
  const won = outcomes.causes.find((/** @type {any} */ { cause }) => cause === "won");
  const mean = duration.restrictedMean;
  const shown = (/** @type {number | null | undefined} */ value) => (value === null || value === undefined ? "–" : days(value));
  const range = (/** @type {any} */ { low, high }, /** @type {import("../../i18n/durations.js").Format} */ format) => h("span", { class: "note" }, i18n.between(low, high, format));
  const row = (/** @type {string} */ name, /** @type {string} */ ours, /** @type {any} */ interval, /** @type {string} */ others, /** @type {number | null | undefined} */ raw) =>
    [t(`plain.${name}`), h("strong", null, ours), interval, h("span", { dataset: { testid: `plain-${name}`, value: raw ?? "" } }, others)];
  return h("section", { class: "measures", dataset: { testid: "plain" } },
    h("h3", null, t("plain.title")),
    table({
      caption: t("plain.title"), class: "small",
      columns: [{ text: "" }, { text: t("plain.ours"), number: true }, { text: t("intervalName", { level: percent(0.95, 0) }), number: true }, { text: t("plain.others"), number: true }],
      rows: [
        half && row("median", half.days === null ? t("notReached") : days(half.days), range(half, i18n.inColumn([half.days, half.low, half.high]).format), shown(duration.finishedMedianDays), duration.finishedMedianDays),
        row("mean", shown(mean.days), range(mean, i18n.inColumn([mean.days, mean.low, mean.high]).format), shown(duration.finishedMeanDays), duration.finishedMeanDays),
        won && wonShareOfClosed && row("won", percent(won.final), range({ low: won.finalLow, high: won.finalHigh }, percent), percent(wonShareOfClosed.value), wonShareOfClosed.value),
      ].filter(Boolean),
    }),
    h("p", { class: "note" }, t("plain.why"), " ", won && wonShareOfClosed ? t("plain.won.why") : "", " ", t("plain.horizon", { days: days(mean.horizonDays) })));
}
