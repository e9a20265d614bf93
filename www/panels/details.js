/** One deal in the drawer: its probability, all reasons, its record. */
import { intervalBar } from "../charts/interval-bar.js";
import { h, refill, table } from "./dom.js";
import { whatIf } from "./forecast/what-if.js";
import { errorText } from "./panel.js";
import { reasonChip, strongest } from "./reasons.js";

/**
 * @param {import("./panel.js").Context} context
 * @param {any} deal `ListedDeal`; `isBrief`: without all of its reasons, which the engine is then asked for
 * @param {any} result
 */
export function dealDetails(context, deal, result) {
  const { i18n } = context;
  const { t, percent } = i18n;
  const range = i18n.range(percent(deal.low), percent(deal.high));
  const bar = (/** @type {number} */ average) => intervalBar({ value: deal.probability, low: deal.low, high: deal.high, mark: average, label: t("deals.range", { value: percent(deal.probability), range }) });
  const line = h("div", null, bar(NaN));
  const why = h("div", { class: "measures" });

  /** @param {any[]} reasons all of them */
  function explain(reasons) {
    const average = logistic(logOdds(deal.probability) - reasons.reduce((sum, { contribution }) => sum + contribution, 0));
    const most = Math.max(...reasons.map(({ contribution }) => Math.abs(contribution)), 1e-9);
    refill(line, bar(average));
    refill(why,
      h("h3", null, t("deals.allReasons")), h("p", { dataset: { testid: "reasons-sum", value: average } }, t("deals.average", { average: percent(average), probability: percent(deal.probability) })),
      h("p", { class: "note" }, t("deals.reasonsNote")),
      h("ul", { class: "reasons" }, strongest(reasons).map((reason) => h("li", null,
        h("span", { class: "note" }, h("bdi", null, reason.column)), reasonChip(reason),
        h("span", { class: `weight ${reason.contribution > 0 ? "up" : "down"}`, "aria-hidden": "true" }, h("span", { style: { "inline-size": `${(Math.abs(reason.contribution) / most) * 100}%` } })),
        h("span", { class: "number" }, i18n.fixed(reason.contribution, 3))))),
      whatIf(context, { ...deal, reasons }, result));
  }

  openRecord(context, { title: t("deals.one", { id: deal.id }), table: "deals", row: deal.row, content: result.baseRate === null ? [h("p", null, t("deals.unknown"))] : [
    h("p", { class: "sentence" }, h("strong", null, percent(deal.probability)), " ",
      h("span", { class: "note" }, t("intervalOnly", { level: percent(result.meta.options?.confidence ?? 0.95, 0), range }))),
    line, deal.window && h("p", null, t("deals.window", { date: deal.window.half, range: deal.window.range })), deal.high - deal.low > 0.5 && h("p", null, t("deals.tooWide")), why,
  ].filter(Boolean) });
  context.select([deal.id]);
  if (result.baseRate === null) return;
  if (result.shown !== "model") refill(why, h("p", null, t("deals.baseRateOnly")));
  else if (!deal.isBrief) explain(deal.reasons);
  else {
    refill(why, h("p", { class: "note" }, t("busy")));
    context.ask("whatIf", deal.row, {}).then(({ reasons }) => explain(reasons), (error) => refill(why, errorText(i18n, error)));
  }
}

const logOdds = (/** @type {number} */ p) => Math.log(p) - Math.log1p(-p);
const logistic = (/** @type {number} */ z) => 1 / (1 + Math.exp(-z));

/**
 * Opens the drawer at once and adds the record when the worker has answered.
 *
 * @param {import("./panel.js").Context} context
 * @param {{title: string, table: string, row: number, content: any[]}} given
 */
export function openRecord(context, { title, table: name, row, content }) {
  const { t } = context.i18n;
  const record = h("div", null, h("p", { class: "note" }, t("busy")));
  context.openDetails({ title, content: [...content, h("h3", null, t("record")), record] });
  context.records(name, [row]).then(
    ([cells]) => refill(record, table({
      caption: t("record"), class: "record", columns: [{ text: t("map.column") }, { text: t("map.value") }],
      rows: Object.entries(cells ?? {}).map(([column, value]) => [h("bdi", null, column), value === null || value === "" ? h("span", { class: "note" }, t("empty")) : h("bdi", null, value)]),
    })),
    (error) => refill(record, h("p", { class: "note" }, error.message)),
  );
}
