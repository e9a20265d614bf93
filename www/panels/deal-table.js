/** All open deals, most probable first: sort, filter and search; a row opens its reasons and its record, and what is shown goes to the host. */
import { intervalBar } from "../charts/interval-bar.js";
import { NONE, dealFilters } from "./deal-filters.js";
import { dealDetails } from "./details.js";
import { h, refill } from "./dom.js";
import { reasonChip, strongest } from "./reasons.js";
import { virtualRows } from "./virtual-rows.js";

const CHIPS = 3;
/** Numbers in IDs are ordered as numbers up to so many digits. */
const DIGITS = 15;
const DAY_MS = 86_400_000;
/** Days after which a date is no longer worth telling. */
const TEN_YEARS = 3652;

/** @typedef {"probability" | "amount" | "ageDays" | "id" | "stage" | "owner" | "window"} Column */

/** @param {import("./panel.js").Context} context */
export function dealTable(context) {
  const { i18n } = context;
  const { t, number, percent } = i18n;
  /** @type {any} */ let result;
  /** All places by the sorted column, until that is another. @type {Uint32Array | undefined} */ let order;
  /** Places in `result.open` of the deals shown. @type {Uint32Array} */ let places = new Uint32Array();
  /** Details of the listed ones by row. @type {Map<number, any>} */ let listed = new Map();
  /** Days until 10, 50 and 90 % of the wins, by place. @type {{p10: ArrayLike<number>, p50: ArrayLike<number>, p90: ArrayLike<number>}} */ let windows;
  /** @type {ReturnType<typeof i18n.inColumn>} */ let ages;
  /** @type {Column} */ let sortedBy = "probability";
  let descending = true;
  /** Whether anything is known of when deals are won. */ let timed = false;

  const filters = dealFilters(context, () => draw());
  const count = h("span", { class: "note", role: "status", dataset: { testid: "deals-count" } });
  const hand = h("button", { type: "button", dataset: { testid: "deals-hand" }, onclick: () => (context.select(ids()), (count.textContent = t("segments.members.handed", { count: places.length }))) }, t("segments.members.hand"));
  const head = h("thead");
  const body = h("tbody");
  const whole = h("table", { class: "rows" }, h("caption", { class: "unseen" }, t("deals.title")), head, body);
  const scroller = h("div", { class: "scroll long-list all-deals", tabIndex: 0, role: "region", "aria-label": t("deals.title") }, whole);
  const none = h("p", { class: "note" }, t("deals.none"));
  const element = h("section", { class: "deals", tabIndex: -1 }, h("div", { class: "toolbar" }, h("h3", null, t("deals.title")), filters.element, hand, count), scroller, none);
  const rows = virtualRows({ scroller, body, columns: () => head.querySelectorAll("th").length, row: (at) => row(places[at]) });

  const ids = () => Array.from(places, (place) => result.open.id[place]);
  const nameAt = (/** @type {string[]} */ names, /** @type {number} */ code) => (code === NONE ? null : names[code]);
  const present = (/** @type {number} */ value) => (Number.isNaN(value) ? null : value);
  const isKnown = () => result.baseRate !== null;

  /** The deal at a place of `result.open`: as listed, else without the values of its reasons. @param {number} place */
  function dealAt(place) {
    const { open } = result;
    const known = listed.get(open.row[place]);
    const window = windowOf(place);
    if (known) return { ...known, window };
    const reasons = [];
    for (let at = CHIPS * place; open.reason.length && at < CHIPS * (place + 1); at++) {
      if (open.reason[at] !== NONE) reasons.push({ column: open.reasonColumns[open.reason[at]], value: "", contribution: open.contribution[at] });
    }
    return {
      id: open.id[place], row: open.row[place], stage: nameAt(open.stages, open.stage[place]), owner: nameAt(open.owners, open.owner[place]), amount: present(open.amount[place]),
      ageDays: present(open.ageDays[place]), probability: open.probability[place], low: open.low[place], high: open.high[place], reasons, window, isBrief: true,
    };
  }

  /** When a deal is won if it is, in words. @param {number} place @returns {{range: string, half: string} | undefined} */
  function windowOf(place) {
    const [low, half, high] = [windows.p10[place], windows.p50[place], windows.p90[place]];
    const { asOf } = result.meta;
    if (Number.isNaN(half) || !Number.isFinite(asOf)) return undefined;
    const date = (/** @type {number} */ days) => (days < TEN_YEARS ? i18n.date(asOf + days * DAY_MS) : t("when.never"));
    return { range: high < TEN_YEARS ? i18n.dates(asOf + low * DAY_MS, asOf + high * DAY_MS) : i18n.range(date(low), date(high)), half: date(half) };
  }

  /** Places by the sorted column; what is missing stands last. */
  function sorted() {
    const { open } = result;
    const direction = descending ? -1 : 1;
    /** @type {ArrayLike<number>} */ let keys;
    if (sortedBy === "id" || sortedBy === "stage" || sortedBy === "owner") {
      const codes = sortedBy === "id" ? undefined : open[sortedBy];
      const names = codes ? open[`${sortedBy}s`] : open.id.map((/** @type {string} */ id) => id.replace(/\d+/g, (digits) => digits.padStart(DIGITS, "0")));
      // Of a hundred thousand IDs the order of a language takes half a second.
      const compare = codes ? new Intl.Collator(i18n.lang, { numeric: true }).compare : (/** @type {string} */ a, /** @type {string} */ b) => (a < b ? -1 : a > b ? 1 : 0);
      const alphabet = Uint32Array.from(names, (_, at) => at).sort((a, b) => compare(names[a], names[b]));
      const rank = new Float64Array(names.length);
      alphabet.forEach((name, at) => (rank[name] = at));
      keys = codes ? Float64Array.from(codes, (code) => rank[code] ?? NaN) : rank;
    } else {
      keys = sortedBy === "window" ? windows.p50 : open[sortedBy];
    }
    return Uint32Array.from({ length: open.row.length }, (_, place) => place).sort((a, b) => {
      const [x, y] = [keys[a], keys[b]];
      if (Number.isNaN(x)) return Number.isNaN(y) ? a - b : 1;
      return Number.isNaN(y) ? -1 : direction * (x - y) || a - b;
    });
  }

  function draw() {
    timed = !Array.prototype.every.call(windows.p50, Number.isNaN);
    order ??= sorted();
    places = filters.fitting(order, listed).subarray(0, rows.most);
    refill(head, h("tr", null,
      heading("id", t("deals.id")),
      isKnown() && [heading("probability", t("deals.probability"), "number"), h("th", { scope: "col", class: "wide" }, t("intervalName", { level: percent(result.meta.options?.confidence ?? 0.95, 0) }))],
      timed && heading("window", t("when.window"), "window"), heading("amount", t("amount"), "number"), heading("stage", t("funnel.stage"), "spare"), heading("owner", t("deals.owner"), "spare"),
      heading("ageDays", ages.heading(t("deals.age")), "number spare"), result.shown === "model" && h("th", { scope: "col", class: "why spare" }, t("deals.reasons"))));
    whole.setAttribute("aria-rowcount", String(places.length + 1));
    count.textContent = t("deals.count", { count: places.length });
    none.hidden = places.length > 0;
    hand.disabled = !places.length;
    rows.reset(places.length);
  }

  /** @param {Column} column @param {string} text @param {string} [kind] */
  function heading(column, text, kind = "") {
    const isSorted = sortedBy === column;
    const onclick = () => {
      descending = isSorted ? !descending : kind.startsWith("number");
      sortedBy = column;
      order = undefined;
      draw();
      head.querySelector(`[data-column="${column}"]`)?.focus();
    };
    return h("th", { scope: "col", class: kind, "aria-sort": isSorted ? (descending ? "descending" : "ascending") : undefined },
      h("button", { type: "button", class: "link", onclick, dataset: { column } }, text, h("span", { "aria-hidden": "true", class: "sort" }, isSorted ? (descending ? " ↓" : " ↑") : "")));
  }

  /** @param {number} place */
  function row(place) {
    const deal = dealAt(place);
    const open = () => dealDetails(context, deal, result);
    const range = i18n.range(percent(deal.low), percent(deal.high));
    const named = [deal.stage, deal.owner].filter(Boolean);
    return h("tr", { onclick: (/** @type {any} */ event) => event.target.closest("button") || open(), class: "opens" },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: open }, h("bdi", null, deal.id)), named.length > 0 && h("span", { class: "note narrow" }, named.map((name, at) => [at > 0 && " · ", h("bdi", null, name)]).flat())),
      isKnown() && [
        h("td", { class: "number", dataset: { value: deal.probability } }, percent(deal.probability)),
        h("td", { class: "wide" }, intervalBar({ value: deal.probability, low: deal.low, high: deal.high, label: t("deals.range", { value: percent(deal.probability), range }) })),
      ],
      timed && h("td", { class: "window", title: deal.window && t("deals.window", { date: deal.window.half, range: deal.window.range }), dataset: { days: windows.p50[place] } }, deal.window?.range ?? "–"),
      h("td", { class: "number" }, deal.amount === null || deal.amount === undefined ? h("span", { class: "note" }, "–") : number(deal.amount)),
      h("td", { class: "spare" }, deal.stage ? h("bdi", null, deal.stage) : "–"), h("td", { class: "spare" }, deal.owner ? h("bdi", null, deal.owner) : "–"),
      h("td", { class: "number spare" }, deal.ageDays === null || deal.ageDays === undefined ? h("span", { class: "note" }, "–") : ages.format(deal.ageDays < 1 ? deal.ageDays : Math.round(deal.ageDays))),
      result.shown === "model" && h("td", { class: "spare" }, h("span", { class: "chips" }, strongest(deal.reasons).slice(0, CHIPS).map((reason) => reasonChip(reason)))));
  }

  return {
    element,
    /** @param {any} next */
    update(next) {
      result = next;
      listed = new Map(next.listed.map((/** @type {any} */ deal) => [deal.row, deal]));
      windows = next.open.closeWindow;
      ages = i18n.inColumn(next.open.ageDays);
      order = undefined;
      if (next.shown !== "model" && sortedBy === "probability") sortedBy = "amount";
      element.hidden = !next.open.row.length;
      filters.update(next);
      if (!element.hidden) draw();
    },
    /** Windows that tell deals of one age apart take the place of the common ones. @param {any} hazard `HazardForecast` */
    useWindows({ row, closeWindow }) {
      const at = new Map(Array.from(row, (of, place) => [of, place]));
      const taken = (/** @type {"p10" | "p50" | "p90"} */ part) => Float64Array.from(result.open.row, (of, place) => {
        const found = at.get(of);
        return found === undefined ? result.open.closeWindow[part][place] : closeWindow[part][found] ?? Infinity;
      });
      windows = { p10: taken("p10"), p50: taken("p50"), p90: taken("p90") };
      if (sortedBy === "window") order = undefined;
      draw();
    },
    /** Shows some deals, and hands them to the host. @param {import("./deal-filters.js").Shown} shown */
    show(shown) {
      // The deals are not there yet, or never will be.
      if (!result) return;
      filters.show(shown);
      draw();
      context.select(ids());
      element.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
      scroller.focus({ preventScroll: true });
    },
  };
}
