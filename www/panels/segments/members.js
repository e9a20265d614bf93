/** The customers of the groups, one below the other: filtered by group and by name, each opens; those of a group are handed to the host. */
import { choice, h, refill } from "../dom.js";
import { virtualRows } from "../virtual-rows.js";
import { segmentName } from "./names.js";
import { marker } from "./profiles.js";

/** @param {import("../panel.js").Context} context @param {(row: number) => void} open */
export function memberList(context, open) {
  const { i18n } = context;
  const { t, percent } = i18n;
  /** @type {any} */ let result;
  /** Index of the group shown; all of them when undefined. @type {number | undefined} */ let group;
  /** Index of the group by rule shown. @type {number | undefined} */ let rule;
  /** Positions to which the list is narrowed, and what they are. @type {{places: Set<number>, name: string} | undefined} */ let only;
  let filter = "";
  /** Positions in `result.ids` of those shown. @type {number[]} */ let places = [];

  const search = h("input", { type: "search", placeholder: t("segments.members.filter"), "aria-label": t("segments.members.filter"), dataset: { testid: "segments-search" }, oninput: () => ((filter = search.value.trim().toLowerCase()), draw()) });
  const count = h("span", { class: "note", role: "status", dataset: { testid: "segments-shown" } });
  const pick = h("span", { class: "picks" });
  const hand = h("button", { type: "button", dataset: { testid: "segments-hand" }, onclick: () => (context.select(places.map((place) => result.ids[place])), (count.textContent = t("segments.members.handed", { count: places.length }))) }, t("segments.members.hand"));
  const head = h("thead");
  const body = h("tbody");
  const whole = h("table", { class: "rows" }, h("caption", { class: "unseen" }, t("segments.members")), head, body);
  const scroller = h("div", { class: "scroll long-list members", tabIndex: 0, role: "region", "aria-label": t("segments.members") }, whole);
  const element = h("section", { class: "deals", dataset: { testid: "segments-members" } }, h("div", { class: "toolbar" }, h("h3", null, t("segments.members")), pick, search, hand, count), scroller);
  const rows = virtualRows({ scroller, body, columns: () => head.querySelectorAll("th").length, row: (at) => line(places[at]) });

  function draw() {
    const { ids, labels, soft, rfm } = result;
    places = [];
    for (let place = 0; place < ids.length; place++) {
      if ((group === undefined || labels[place] === group) && (rule === undefined || rfm.labels[place] === rule) && (!only || only.places.has(place)) && (!filter || ids[place].toLowerCase().includes(filter))) places.push(place);
    }
    const byRule = rfm && choice({
      label: t("segments.members.rfm"), value: rule === undefined ? "" : String(rule), testid: "segments-rule",
      options: [["", t("segments.members.all")], ...rfm.groups.map((/** @type {any} */ { name }, /** @type {number} */ index) => /** @type {[string, string]} */ ([String(index), t(`group.${name}`)]))],
      onchange: (value) => (showRule(value === "" ? undefined : Number(value)), pick.querySelector('[data-testid="segments-rule"]')?.focus()),
    });
    refill(pick, choice({
      label: t("segments.group"), value: group === undefined ? "" : String(group), testid: "segments-show",
      options: [["", t("segments.members.all")], ...result.segments.map((/** @type {any} */ { index }) => /** @type {[string, string]} */ ([String(index), segmentName(i18n, result, index)]))],
      onchange: (value) => (show(value === "" ? undefined : Number(value)), pick.querySelector("select")?.focus()),
    }), byRule, only && h("button", { type: "button", dataset: { testid: "segments-only" }, "aria-label": t("deals.showAll", { name: only.name }), onclick: () => (show(undefined), search.focus()) }, h("bdi", null, only.name), " ×"));
    refill(head, h("tr", null, h("th", { scope: "col" }, t("segments.id")), h("th", { scope: "col" }, t("segments.group")),
      rfm && h("th", { scope: "col" }, t("segments.members.rfm")), soft && h("th", { scope: "col", class: "number" }, t("segments.probability"))));
    whole.setAttribute("aria-rowcount", String(places.length + 1));
    count.textContent = t(`segments.of.${result.of}`, { count: places.length });
    hand.disabled = !places.length;
    rows.reset(Math.min(places.length, rows.most));
  }

  /** @param {number} place */
  function line(place) {
    const { ids, labels, soft, rfm } = result;
    return h("tr", { class: "opens", onclick: (/** @type {any} */ event) => event.target.closest("button") || open(place) },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => open(place) }, h("bdi", null, ids[place]))),
      h("td", null, marker(labels[place]), segmentName(i18n, result, labels[place])),
      rfm && h("td", null, rfm.groups[rfm.labels[place]] ? t(`group.${rfm.groups[rfm.labels[place]].name}`) : "–"),
      soft && h("td", { class: "number" }, percent(soft.probability[place], 0)));
  }

  /** Shows one group, or all of them, and hands its customers to the host. @param {number | undefined} index */
  function show(index) {
    group = index;
    only = undefined;
    draw();
    for (const button of onchange) button();
    if (group !== undefined) context.select(places.map((place) => result.ids[place]));
  }
  /** @type {(() => void)[]} */ const onchange = [];

  /** Shows the customers of one of the groups by rule, of whatever other group, or all of them. @param {number | undefined} index */
  function showRule(index) {
    rule = index;
    show(undefined);
    if (rule === undefined) return;
    context.select(places.map((place) => result.ids[place]));
    element.scrollIntoView({ block: "nearest" });
  }

  /** Shows some customers, of whatever group, and hands them to the host. @param {Iterable<number>} shown positions @param {string} name what they are */
  function showOnly(shown, name) {
    rule = undefined;
    show(undefined);
    only = { places: new Set(shown), name };
    draw();
    context.select(places.map((place) => result.ids[place]));
    element.scrollIntoView({ block: "nearest" });
    scroller.focus({ preventScroll: true });
  }

  return {
    element,
    showOnly,
    show,
    showRule,
    /** Called when another group is shown. @param {() => void} listener */
    watch: (listener) => void onchange.push(listener),
    shown: () => group,
    /** @param {any} next `SegmentsResult` */
    update(next) {
      if (!result || next.recipe !== result.recipe) group = rule = only = undefined;
      result = next;
      draw();
    },
  };
}
