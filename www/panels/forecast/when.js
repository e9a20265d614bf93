/** When open deals will close: chances within 30, 60 and 90 days and in the end, and the window of a win, by weekly hazards learnt from the stage history. */
import { intervalBar } from "../../charts/interval-bar.js";
import { dealDetails } from "../details.js";
import { h, refill, sideways } from "../dom.js";
import { reasonChip } from "../reasons.js";
import { lazySection } from "./lazy-section.js";

const PAGE = 12;
const MOST = 1000;
/** Place of 60 days among the horizons: what deals are ordered by, and what the test judges. */
const JUDGED = 1;
/** Reasons per deal in the result. */
const REASONS = 3;
const NONE = 4294967295;

/** @param {import("../panel.js").Context} context @param {(hazard: any) => void} onknown */
export function whenSection(context, onknown) {
  const { t } = context.i18n;
  /** @type {AbortController | undefined} */ let running;
  const bar = h("progress", { max: 1, "aria-label": t("busy") });
  const progress = h("div", { class: "progress", hidden: true }, bar, h("button", { type: "button", onclick: () => running?.abort() }, t("cancel")));
  const section = lazySection(context, { name: "when", title: t("when.title"), before: () => progress, ask, show });

  async function ask() {
    const mine = (running = new AbortController());
    bar.value = 0;
    progress.hidden = false;
    try {
      return await context.forecastByWeeks({ signal: mine.signal, onProgress: ({ share }) => (bar.value = share) });
    } catch (error) {
      if (/** @type {any} */ (error).code === "cancelled" && running === mine) return null;
      throw error;
    } finally {
      if (running === mine) progress.hidden = true;
    }
  }

  /** @param {any} result `ForecastResult`; null after it was cancelled */
  function show(result) {
    if (!result) return h("button", { type: "button", onclick: section.refresh }, t("when.again"));
    if (result.hazard) onknown(result.hazard);
    return result.hazard ? [judgement(context, result.hazard), table(context, result)] : h("p", { dataset: { testid: "when-none" } }, t(`when.none.${result.modelReason}`));
  }

  return {
    element: section.element,
    update() {
      running?.abort();
      running = undefined;
      section.reset();
    },
  };
}

/** @param {import("../panel.js").Context} context @param {any} hazard `HazardForecast` */
function judgement({ i18n, showDeals }, { test, verdict, verdictReason, shown, won, lost, tooLittleData, withoutHistory }) {
  const { t, percent, number } = i18n;
  const skill = (/** @type {any} */ estimate) => ({ skill: percent(estimate.value), range: i18n.range(percent(estimate.low), percent(estimate.high)) });
  return h("div", { dataset: { testid: "when-verdict", value: verdict } },
    h("p", null, h("strong", { class: `verdict-${verdict}` }, t(`verdict.${verdict}`)), " ", t(`when.reason.${verdictReason}`)),
    test && h("p", null, t("when.test", {
      count: Math.round(test.n), dates: test.origins.length, days: test.days, observed: percent(test.observed), predicted: percent(test.predicted), ...skill(test.skillAgainstRate),
    })),
    h("p", { class: "note" }, t(shown === "model" ? "when.learnt" : "when.rates", { won: number(Math.round(won)), lost: number(Math.round(lost)) })),
    withoutHistory > 0 && h("p", { class: "note" }, t("when.withoutHistory", { count: withoutHistory })),
    tooLittleData.length > 0 && h("p", { class: "note" }, t("when.tooLittle", { count: tooLittleData.length }), " ",
      showDeals && h("button", { type: "button", class: "link", onclick: () => showDeals({ name: t("deals.tooLittle"), rows: tooLittleData }) }, t("deals.list"))));
}

/** @param {import("../panel.js").Context} context @param {any} result `ForecastResult` with a hazard */
function table(context, result) {
  const { i18n } = context;
  const { t, percent } = i18n;
  const { hazard, listed, meta } = result;
  const { horizons, closeWindow, row } = hazard;
  const explained = hazard.reason.length > 0;
  const known = new Map(listed.map((/** @type {any} */ deal) => [deal.row, deal]));
  const places = Array.from(row, (_, place) => place).filter((place) => known.has(row[place]))
    .sort((a, b) => horizons[JUDGED].won[b] - horizons[JUDGED].won[a]);
  const date = (/** @type {number | null} */ days) => (days === null ? t("when.never") : i18n.date(meta.asOf + days * 864e5));
  const name = (/** @type {any} */ { days }) => (days === null ? t("when.ever") : t("when.within", { days }));
  const body = h("tbody");
  const more = h("button", { type: "button", onclick: () => draw(body.rows.length * 3) }, t("deals.showMore"));

  /** The reasons of a deal as chips; values of its columns are those of its reasons in the other list. @param {number} place @param {any} deal */
  function chips(place, deal) {
    const places = Array.from({ length: REASONS }, (_, at) => REASONS * place + at).filter((at) => hazard.reason[at] !== NONE);
    return places.map((at) => {
      const name = hazard.reasonColumns[hazard.reason[at]];
      const column = name.startsWith("(") ? t(`when.column.${name.slice(1, -1)}`) : name;
      const value = deal.reasons.find((/** @type {any} */ reason) => reason.column === name)?.value ?? "";
      return reasonChip({ column, value, contribution: hazard.contribution[at] });
    });
  }

  /** @param {number} place */
  function line(place) {
    const deal = known.get(row[place]);
    const { id, stage } = deal;
    return h("tr", null,
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => dealDetails(context, deal, result) }, h("bdi", null, id))),
      h("td", null, stage ? h("bdi", null, stage) : "–"),
      horizons.map((/** @type {any} */ { won, low, high }, /** @type {number} */ at) => {
        const range = i18n.range(percent(low[place]), percent(high[place]));
        const label = t("deals.range", { value: percent(won[place]), range });
        return [
          h("td", { class: "number", dataset: { value: won[place] }, title: label }, percent(won[place])),
          at === JUDGED && h("td", { class: "wide" }, intervalBar({ value: won[place], low: low[place], high: high[place], label })),
        ];
      }),
      h("td", null, date(closeWindow.p50[place]), h("span", { class: "note" }, ` ${i18n.range(date(closeWindow.p10[place]), date(closeWindow.p90[place]))}`)),
      explained && h("td", null, h("span", { class: "chips" }, chips(place, deal))));
  }

  /** @param {number} count */
  function draw(count) {
    refill(body, places.slice(0, Math.min(count, MOST)).map(line));
    more.hidden = body.rows.length >= Math.min(places.length, MOST);
  }
  draw(PAGE);
  return h("div", { dataset: { testid: "when-deals" } },
    sideways(t("when.title"),
      h("table", { class: "rows" }, h("caption", { class: "unseen" }, t("when.caption")),
        h("thead", null, h("tr", null,
          h("th", { scope: "col" }, t("deals.id")), h("th", { scope: "col" }, t("funnel.stage")),
          horizons.map((/** @type {any} */ horizon, /** @type {number} */ at) => [
            h("th", { scope: "col", class: "number" }, name(horizon)),
            at === JUDGED && h("th", { scope: "col", class: "wide" }, t("intervalName", { level: percent(0.95, 0) })),
          ]),
          h("th", { scope: "col" }, t("when.window")),
          explained && h("th", { scope: "col", class: "why" }, t("deals.reasons")))),
        body)),
    h("div", { class: "toolbar" }, more),
    h("p", { class: "note" }, t("when.means")));
}
