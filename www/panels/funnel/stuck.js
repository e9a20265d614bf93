/** Deals that have been in their stage for longer than nine of ten of the later wins, and what they are worth. */
import { csv, download } from "../csv.js";
import { openRecord } from "../details.js";
import { h, refill, table } from "../dom.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

const PAGE = 8;

/** @param {import("../panel.js").Context} context @param {I18n} i18n */
export function stuckSection(context, i18n) {
  const { t, number, short, days, percent } = i18n;
  let shown = PAGE;
  /** @type {any} */ let stuck;
  const element = h("section", { class: "stuck" });

  /** @param {any} result */
  function update(result) {
    stuck = result.stuck;
    shown = PAGE;
    draw();
  }

  function draw() {
    const { count, value, deals, unjudged, thresholds } = stuck;
    // Without a stage history it is the whole cycle that takes too long.
    const hasStages = thresholds.some((/** @type {any} */ { stage }) => stage !== null);
    element.hidden = thresholds.length === 0;
    if (!thresholds.length) return;
    const save = () => download("stuck-deals.csv", csv([
      ["id", "stage", "owner", "amount", "age_days", "threshold_days", "p_won"],
      ...deals.map((/** @type {any} */ deal) => [deal.id, deal.stage ?? "", deal.owner ?? "", deal.amount ?? "", deal.ageDays, deal.thresholdDays, deal.won?.value ?? ""].map(String)),
    ]));
    const column = i18n.inColumn(deals.flatMap((/** @type {any} */ { ageDays, thresholdDays }) => [ageDays, thresholdDays]));
    refill(element,
      h("div", { class: "toolbar" }, h("h3", null, t("stuck.title")), deals.length > 0 && h("button", { type: "button", onclick: save }, t("csv.save"))),
      h("p", { dataset: { testid: "stuck-sentence" } },
        count === 0 ? t("stuck.none") : t(!hasStages ? "stuck.cycle" : value > 0 ? "stuck.worth" : "stuck.count", { count, value: short(value) }), " ",
        h("span", { class: "note" }, t("stuck.rule"), " ", unjudged > 0 ? t("stuck.unjudged", { count: unjudged }) : "")),
      deals.length > 0 && table({
        caption: t("stuck.title"), class: "small",
        columns: [{ text: t("deals.id") }, ...(hasStages ? [{ text: t("funnel.stage") }] : []), { text: t("deals.owner") }, { text: t("amount"), number: true }, { text: column.heading(t("stuck.age")), number: true }, { text: column.heading(t("stuck.threshold")), number: true }, { text: t("stuck.won"), number: true }],
        rows: deals.slice(0, shown).map((/** @type {any} */ deal) => [
          h("button", { type: "button", class: "link", onclick: () => open(deal) }, h("bdi", null, deal.id)), ...(hasStages ? [h("bdi", null, deal.stage ?? "–")] : []), h("bdi", null, deal.owner ?? "–"),
          deal.amount === null ? "–" : short(deal.amount), column.format(deal.ageDays), h("span", { class: "note" }, column.format(deal.thresholdDays)), deal.won ? h("span", null, percent(deal.won.value), " ", h("span", { class: "note" }, `(${i18n.range(percent(deal.won.low), percent(deal.won.high))})`)) : "–",
        ]),
      }),
      deals.length > shown && h("div", { class: "toolbar" },
        h("button", { type: "button", onclick: () => ((shown *= 3), draw()) }, t("deals.showMore")),
        h("span", { class: "note" }, t("stuck.listed", { count: Math.min(shown, deals.length), all: number(count) }))));
  }

  const range = (/** @type {any} */ { low, high }) => t("intervalOnly", { level: percent(0.95, 0), range: i18n.range(percent(low), percent(high)) });

  /** @param {any} deal */
  function open(deal) {
    const content = [
      h("p", null, t(deal.stage === null ? "stuck.oneCycle" : "stuck.one", { stage: deal.stage ?? "", age: days(deal.ageDays), threshold: days(deal.thresholdDays) })),
      deal.won && h("p", null, t("stuck.oneWon", { days: days(deal.wonAfterDays), share: percent(deal.won.value) }), " ", h("span", { class: "note" }, range(deal.won))),
    ].filter(Boolean);
    openRecord(context, { title: t("deals.one", { id: deal.id }), table: "deals", row: deal.row, content });
    context.select([deal.id]);
  }

  return { element, update };
}
