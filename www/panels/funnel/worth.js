/** What time costs: sales velocity, and what each stage would give if it took no longer than in the best third of the groups. */
import { h, table } from "../dom.js";
import { keyNumber } from "../panel.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** @param {I18n} i18n @param {any} result @param {import("../deals-behind.js").DealsBehind} behind */
export function worth(i18n, { velocity, bottlenecks }, behind) {
  if (!velocity && !bottlenecks) return null;
  const { t } = i18n;
  return h("section", { class: "worth" }, h("h3", null, t("worth.title")), velocity && speed(i18n, velocity, behind), bottlenecks && stages(i18n, bottlenecks));
}

/** @param {I18n} i18n @param {any} velocity @param {import("../deals-behind.js").DealsBehind} behind */
function speed(i18n, { openDeals, winRate, meanWonAmount, cycleDays, perDay, plain }, behind) {
  const { t, short, percent, days, number } = i18n;
  const shown = (/** @type {any} */ value, /** @type {(value: any) => string} */ format) => (value === null || value === undefined ? "–" : format(value));
  return h("dl", { class: "key-numbers" },
    keyNumber({ label: t("worth.perDay"), testid: "velocity", raw: perDay, value: shown(perDay, short), note: t("worth.plain", { value: shown(plain.perDay, short) }) }),
    keyNumber({ label: t("worth.openDeals"), value: behind.link(number(openDeals), t("worth.openDeals"), openDeals > 0 && { outcome: "open" }) }),
    keyNumber({ label: t("worth.winRate"), value: shown(winRate?.value, percent), note: t("worth.plain", { value: shown(plain.winRate?.value, percent) }) }),
    keyNumber({ label: t("worth.meanWon"), value: shown(meanWonAmount, short) }),
    keyNumber({ label: t("worth.cycle"), value: days(cycleDays), note: t("worth.plain", { value: shown(plain.cycleDays, days) }) }));
}

/** @param {I18n} i18n @param {any} bottlenecks */
function stages(i18n, { column, stages: all }) {
  const { t, short, days } = i18n;
  const [first] = all;
  if (!first) return null;
  const { format, heading } = i18n.inColumn(all.flatMap((/** @type {any} */ { medianDays, bestThirdDays, savedDaysPerDeal, dealDays }) => [medianDays, bestThirdDays, savedDaysPerDeal, dealDays]));
  return [
    h("p", { dataset: { testid: "bottleneck" } }, first.dealDays > 0
      ? t(first.perDay ? "worth.bottleneckMoney" : "worth.bottleneck", { stage: first.stage, days: days(first.savedDaysPerDeal), all: days(first.dealDays), value: first.perDay ? short(first.perDay) : "", column })
      : t("worth.noBottleneck", { column })),
    first.dealDays > 0 && table({
      caption: t("worth.stages"), class: "small",
      columns: [{ text: t("funnel.stage") }, ...["stage.median", "worth.best", "worth.saved", "worth.dealDays"].map((key) => ({ text: heading(t(key)), number: true })), { text: t("worth.perDay"), number: true }],
      rows: all.map((/** @type {any} */ stage) => [
        h("bdi", null, stage.stage), format(stage.medianDays), format(stage.bestThirdDays), format(stage.savedDaysPerDeal), format(stage.dealDays), stage.perDay === null ? "–" : short(stage.perDay),
      ]),
    }),
  ];
}
