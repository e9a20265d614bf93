/** The open deals, most probable first: sort, filter, pages; a row opens its reasons and its record. */
import { intervalBar } from "../charts/interval-bar.js";
import { dealDetails } from "./details.js";
import { h, refill } from "./dom.js";
import { reasonChip, strongest } from "./reasons.js";

const PAGE = 12;
const CHIPS = 3;

/** @typedef {"probability" | "amount" | "ageDays" | "id" | "stage" | "owner"} Column */

/** @param {import("./panel.js").Context} context */
export function dealTable(context) {
  const { i18n } = context;
  const { t, number } = i18n;
  /** @type {any} */ let result;
  /** @type {Column} */ let sortedBy = "probability";
  let descending = true;
  let filter = "";
  let pages = 1;

  const search = h("input", { type: "search", placeholder: t("deals.filter"), "aria-label": t("deals.filter"), oninput: () => ((filter = search.value.trim().toLowerCase()), (pages = 1), draw()) });
  const count = h("span", { class: "note", role: "status" });
  const head = h("thead");
  const rows = h("tbody");
  const more = h("button", { type: "button", onclick: () => ((pages *= 2), draw()) });
  const all = h("button", { type: "button", onclick: () => ((pages = Infinity), draw()) }, t("deals.showAll"));
  const element = h("div", { class: "deals" },
    h("div", { class: "toolbar" }, h("h3", null, t("deals.title")), search, count),
    h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": t("deals.title") },
      h("table", { class: "rows" }, h("caption", { class: "unseen" }, t("deals.title")), head, rows)),
    h("div", { class: "toolbar" }, more, all));

  /** @param {any} deal */
  const matches = (deal) => !filter || [deal.id, deal.stage, deal.owner, ...deal.reasons.map((/** @type {any} */ { value }) => value)].some((text) => text?.toLowerCase().includes(filter));

  function draw() {
    const modelled = result.shown === "model";
    const direction = descending ? -1 : 1;
    const found = result.listed.filter(matches).sort((/** @type {any} */ a, /** @type {any} */ b) => {
      const [x, y] = [a[sortedBy], b[sortedBy]];
      if (x === null || x === undefined) return y === null || y === undefined ? 0 : 1;
      if (y === null || y === undefined) return -1;
      return direction * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), i18n.lang, { numeric: true }));
    });
    const shown = found.slice(0, Math.min(found.length, PAGE * pages, 1000));
    refill(head, h("tr", null,
      heading("id", t("deals.id")), heading("probability", t("deals.probability"), true), h("th", { scope: "col", class: "wide" }, t("intervalName", { level: i18n.percent(0.95, 0) })),
      heading("amount", t("amount"), true), heading("stage", t("funnel.stage")), heading("owner", t("deals.owner")), heading("ageDays", t("deals.age"), true),
      modelled && h("th", { scope: "col" }, t("deals.reasons"))));
    refill(rows, shown.map((/** @type {any} */ deal) => row(deal, modelled)), !shown.length && h("tr", null, h("td", { colspan: 8, class: "note" }, t("deals.none"))));
    count.textContent = !filter && result.open.row.length > result.listed.length
      ? t("deals.listed", { count: result.listed.length, all: result.open.row.length })
      : t("deals.count", { count: found.length });
    more.textContent = t("deals.showMore");
    more.hidden = all.hidden = shown.length >= Math.min(found.length, 1000);
    element.hidden = !result.listed.length;
  }

  /** @param {Column} column @param {string} text @param {boolean} [isNumber] */
  function heading(column, text, isNumber = false) {
    const sorted = sortedBy === column;
    const onclick = () => {
      descending = sorted ? !descending : isNumber;
      sortedBy = column;
      draw();
      head.querySelector(`[data-column="${column}"]`)?.focus();
    };
    return h("th", { scope: "col", class: isNumber ? "number" : "", "aria-sort": sorted ? (descending ? "descending" : "ascending") : undefined },
      h("button", { type: "button", class: "link", onclick, dataset: { column } }, text, h("span", { "aria-hidden": "true", class: "sort" }, sorted ? (descending ? " ↓" : " ↑") : "")));
  }

  /** @param {any} deal @param {boolean} modelled */
  function row(deal, modelled) {
    const { percent } = i18n;
    const open = () => dealDetails(context, deal, result);
    const range = i18n.range(percent(deal.low), percent(deal.high));
    return h("tr", { onclick: (/** @type {any} */ event) => event.target.closest("button") || open(), class: "opens" },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: open }, h("bdi", null, deal.id))),
      h("td", { class: "number", dataset: { value: deal.probability } }, percent(deal.probability)),
      h("td", { class: "wide" }, intervalBar({ value: deal.probability, low: deal.low, high: deal.high, label: t("deals.range", { value: percent(deal.probability), range }) })),
      h("td", { class: "number" }, deal.amount === null || deal.amount === undefined ? h("span", { class: "note" }, "–") : number(deal.amount)),
      h("td", null, deal.stage ? h("bdi", null, deal.stage) : "–"), h("td", null, deal.owner ? h("bdi", null, deal.owner) : "–"),
      h("td", { class: "number" }, deal.ageDays === null || deal.ageDays === undefined ? h("span", { class: "note" }, "–") : number(Math.round(deal.ageDays))),
      modelled && h("td", null, h("span", { class: "chips" }, strongest(deal.reasons).slice(0, CHIPS).map((reason) => reasonChip(reason)))));
  }

  return {
    element,
    /** @param {any} next */
    update(next) {
      result = next;
      if (next.shown !== "model" && sortedBy === "probability") sortedBy = "amount";
      draw();
    },
  };
}
