/** All open deals, most probable first: sort and filter; a row opens its reasons and its record. */
import { intervalBar } from "../charts/interval-bar.js";
import { dealDetails } from "./details.js";
import { h, refill } from "./dom.js";
import { reasonChip, strongest } from "./reasons.js";
import { virtualRows } from "./virtual-rows.js";

const CHIPS = 3;
/** Height of a row; Persian and Arabic lines are higher. */
const ROW = 41;
/** In place of a place in a list: none. */
const NONE = 0xffff_ffff;

/** @typedef {"probability" | "amount" | "ageDays" | "id" | "stage" | "owner"} Column */

/** @param {import("./panel.js").Context} context */
export function dealTable(context) {
  const { i18n } = context;
  const { t, number, percent } = i18n;
  /** @type {any} */ let result;
  /** Places in `result.open` of the deals shown. @type {Uint32Array} */ let places = new Uint32Array();
  /** Details of the listed ones by row. @type {Map<number, any>} */ let listed = new Map();
  /** @type {Column} */ let sortedBy = "probability";
  let descending = true;
  let filter = "";

  const search = h("input", { type: "search", placeholder: t("deals.filter"), "aria-label": t("deals.filter"), dataset: { testid: "deals-filter" }, oninput: () => ((filter = search.value.trim().toLowerCase()), draw()) });
  const count = h("span", { class: "note", role: "status" });
  const head = h("thead");
  const body = h("tbody");
  const whole = h("table", { class: "rows" }, h("caption", { class: "unseen" }, t("deals.title")), head, body);
  const scroller = h("div", { class: "scroll long-list all-deals", tabIndex: 0, role: "region", "aria-label": t("deals.title") }, whole);
  const none = h("p", { class: "note" }, t("deals.none"));
  const element = h("div", { class: "deals" }, h("div", { class: "toolbar" }, h("h3", null, t("deals.title")), search, count), scroller, none);
  const rows = virtualRows({ scroller, body, height: ROW, columns: () => head.querySelectorAll("th").length, row: (at) => row(places[at]) });

  const nameAt = (/** @type {string[]} */ names, /** @type {number} */ code) => (code === NONE ? null : names[code]);
  const present = (/** @type {number} */ value) => (Number.isNaN(value) ? null : value);

  /** The deal at a place of `result.open`: as listed, else without the values of its reasons. @param {number} place */
  function dealAt(place) {
    const { open } = result;
    const known = listed.get(open.row[place]);
    if (known) return known;
    const reasons = [];
    for (let at = CHIPS * place; open.reason.length && at < CHIPS * (place + 1); at++) {
      if (open.reason[at] !== NONE) reasons.push({ column: open.reasonColumns[open.reason[at]], value: "", contribution: open.contribution[at] });
    }
    return {
      id: open.id[place], row: open.row[place], stage: nameAt(open.stages, open.stage[place]), owner: nameAt(open.owners, open.owner[place]), amount: present(open.amount[place]),
      ageDays: present(open.ageDays[place]), probability: open.probability[place], low: open.low[place], high: open.high[place], reasons, isBrief: true,
    };
  }

  /** @param {number} place */
  function matches(place) {
    const { open } = result;
    const has = (/** @type {string | null} */ text) => text?.toLowerCase().includes(filter);
    return has(open.id[place]) || has(nameAt(open.stages, open.stage[place])) || has(nameAt(open.owners, open.owner[place]))
      || listed.get(open.row[place])?.reasons.some((/** @type {any} */ { value }) => has(value));
  }

  /** Places by the sorted column; what is missing stands last. @param {Uint32Array} found */
  function sort(found) {
    const { open } = result;
    const direction = descending ? -1 : 1;
    /** @type {ArrayLike<number>} */ let keys;
    if (sortedBy === "id" || sortedBy === "stage" || sortedBy === "owner") {
      const names = sortedBy === "id" ? open.id : sortedBy === "stage" ? open.stages : open.owners;
      const codes = sortedBy === "id" ? undefined : open[sortedBy];
      const { compare } = new Intl.Collator(i18n.lang, { numeric: true });
      const order = Uint32Array.from(names, (_, at) => at).sort((a, b) => compare(names[a], names[b]));
      const rank = new Float64Array(names.length);
      order.forEach((name, at) => (rank[name] = at));
      keys = codes ? Float64Array.from(codes, (code) => rank[code] ?? NaN) : rank;
    } else {
      keys = open[sortedBy];
    }
    return found.sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (Number.isNaN(x)) return Number.isNaN(y) ? a - b : 1;
      return Number.isNaN(y) ? -1 : direction * (x - y) || a - b;
    });
  }

  function draw() {
    const { open } = result;
    const all = Uint32Array.from({ length: open.row.length }, (_, place) => place);
    places = sort(filter ? all.filter(matches) : all).subarray(0, rows.most);
    refill(head, h("tr", null,
      heading("id", t("deals.id")), heading("probability", t("deals.probability"), true), h("th", { scope: "col", class: "wide" }, t("intervalName", { level: percent(result.meta.options?.confidence ?? 0.95, 0) })),
      heading("amount", t("amount"), true), heading("stage", t("funnel.stage")), heading("owner", t("deals.owner")), heading("ageDays", t("deals.age"), true),
      result.shown === "model" && h("th", { scope: "col", class: "why" }, t("deals.reasons"))));
    whole.setAttribute("aria-rowcount", String(places.length + 1));
    count.textContent = t("deals.count", { count: places.length });
    none.hidden = places.length > 0;
    rows.reset(places.length);
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

  /** @param {number} place */
  function row(place) {
    const deal = dealAt(place);
    const open = () => dealDetails(context, deal, result);
    const range = i18n.range(percent(deal.low), percent(deal.high));
    return h("tr", { onclick: (/** @type {any} */ event) => event.target.closest("button") || open(), class: "opens" },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: open }, h("bdi", null, deal.id))),
      h("td", { class: "number", dataset: { value: deal.probability } }, percent(deal.probability)),
      h("td", { class: "wide" }, intervalBar({ value: deal.probability, low: deal.low, high: deal.high, label: t("deals.range", { value: percent(deal.probability), range }) })),
      h("td", { class: "number" }, deal.amount === null || deal.amount === undefined ? h("span", { class: "note" }, "–") : number(deal.amount)),
      h("td", null, deal.stage ? h("bdi", null, deal.stage) : "–"), h("td", null, deal.owner ? h("bdi", null, deal.owner) : "–"),
      h("td", { class: "number" }, deal.ageDays === null || deal.ageDays === undefined ? h("span", { class: "note" }, "–") : number(Math.round(deal.ageDays))),
      result.shown === "model" && h("td", null, h("span", { class: "chips" }, strongest(deal.reasons).slice(0, CHIPS).map((reason) => reasonChip(reason)))));
  }

  return {
    element,
    /** @param {any} next */
    update(next) {
      result = next;
      listed = new Map(next.listed.map((/** @type {any} */ deal) => [deal.row, deal]));
      if (next.shown !== "model" && sortedBy === "probability") sortedBy = "amount";
      element.hidden = !next.open.row.length || next.baseRate === null;
      if (!element.hidden) draw();
    },
  };
}
