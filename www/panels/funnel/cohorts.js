/** Deals by when they were created: what share was won within 30, 60 and 90 days. What cannot be known yet stays empty. */
import { h } from "../dom.js";
import { intervalText } from "../panel.js";
import { heatTable } from "./heat-table.js";

/** Cohorts that are shown; more are behind the API. */
const SHOWN = 24;

/** @param {import("../../i18n/index.js").I18n} i18n @param {any} result @param {import("../deals-behind.js").DealsBehind} behind */
export function cohortTable(i18n, { cohorts: found }, behind) {
  if (!found || found.cohorts.length < 2) return null;
  const { t, percent, number } = i18n;
  const names = i18n.periodNames(found.period);
  const shown = found.cohorts.slice(-SHOWN);
  const most = Math.max(...shown.flatMap((/** @type {any} */ { wonWithinDays }) => wonWithinDays.map((/** @type {any} */ { probability }) => probability?.value ?? 0)), 0);
  const asked = (/** @type {any} */ { startDay, endDay }) => ({ created: [startDay, endDay], withCycle: true });
  const nameOf = (/** @type {any} */ cohort) => t("behind.of", { of: names(cohort.startDay, cohort.endDay), what: t("period.created") });
  const cell = (/** @type {any} */ cohort) => (/** @type {any} */ { probability }) => probability
    ? {
      text: percent(probability.value), strength: most > 0 ? probability.value / most : 0, detail: intervalText(i18n, probability, percent),
      onopen: (/** @type {string} */ words) => behind.open(nameOf(cohort), asked(cohort), words),
    }
    : h("span", { class: "unseen" }, t("cohorts.unknown"));
  return h("details", { class: "section" }, h("summary", null, t("cohorts.title")),
    h("p", { class: "note" }, t("cohorts.note")),
    heatTable({
      i18n, caption: t("cohorts.title"),
      columns: [{ text: t("period.name") }, { text: t("deals"), number: true }, { text: t("outcome.open"), number: true }, ...shown[0].wonWithinDays.map((/** @type {any} */ { days }) => ({ text: t("cohorts.within", { days: i18n.days(days) }), number: true }))],
      rows: shown.map((/** @type {any} */ cohort) => ({ name: names(cohort.startDay, cohort.endDay), cells: [
        behind.link(number(cohort.deals), nameOf(cohort), asked(cohort)),
        behind.link(number(cohort.open), t("behind.of", { of: nameOf(cohort), what: t("outcome.open") }), cohort.open > 0 && { ...asked(cohort), outcome: "open" }), ...cohort.wonWithinDays.map(cell(cohort)),
      ] })),
    }),
    found.cohorts.length > shown.length && h("p", { class: "note" }, t("cohorts.earlier", { count: found.cohorts.length - shown.length })));
}
