/** Numbers that lead to the deals behind them: the engine is asked for these when somebody wants to see them; they are listed in the drawer and handed to the host. */
import { openRecord } from "./details.js";
import { h, refill } from "./dom.js";
import { errorText } from "./panel.js";
import { virtualRows } from "./virtual-rows.js";

/**
 * @typedef {{
 *   open: (name: string, asked: object, note?: string) => Promise<void>,
 *   link: (text: string, name: string, asked: object | (() => object) | false) => Node | string,
 * }} DealsBehind
 *   `name` says what deals they are, `asked` (`DealConditions`, or what gives them) which; `note` stands above them. `link` makes a button of a number, unless there are none.
 */

/** @param {import("./panel.js").Context} context @param {object} options of the funnel that has the numbers @returns {DealsBehind} */
export function dealsBehind(context, options) {
  const { t } = context.i18n;

  /** @type {DealsBehind["open"]} */
  async function open(name, asked, note) {
    const content = h("div", { class: "measures" }, h("p", { class: "note" }, t("busy")));
    context.openDetails({ title: name, content: [content] });
    try {
      const list = await context.ask("dealsBehind", asked, options);
      refill(content, note && h("p", null, note), dealList(context, name, list, content));
      context.select(list.id);
    } catch (thrown) {
      const error = /** @type {any} */ (thrown);
      if (error.code !== "superseded") refill(content, errorText(context.i18n, error));
    }
  }

  return {
    open,
    link: (text, name, asked) => asked === false ? text : h("button", { type: "button", class: "link", "aria-label": t("deals.behind", { count: text, name }), dataset: { testid: "deals-behind" }, onclick: () => open(name, typeof asked === "function" ? asked() : asked) }, text),
  };
}

/**
 * @param {import("./panel.js").Context} context
 * @param {string} name
 * @param {any} list `DealList`
 * @param {HTMLElement} content where the list stands, to come back to
 */
function dealList(context, name, list, content) {
  const { i18n } = context;
  const { t } = i18n;
  const count = h("p", { class: "note", role: "status", dataset: { testid: "behind-count", value: list.id.length } }, t("deals.count", { count: list.id.length }));
  if (!list.id.length) return [count];
  const body = h("tbody");
  const columns = [["id", t("deals.id")], ["outcome", t("role.outcome")], ["amount", t("amount")], ["dates", t("deals.dates")]];
  const scroller = h("div", { class: "scroll long-list behind", tabIndex: 0, role: "region", "aria-label": name },
    h("table", { "aria-rowcount": list.id.length + 1 }, h("caption", { class: "unseen" }, name),
      h("thead", null, h("tr", null, columns.map(([kind, text]) => h("th", { scope: "col", class: kind === "amount" ? "number" : kind }, text)))), body));
  const rows = virtualRows({ scroller, body, columns: () => columns.length, row });

  /** @param {number} at */
  function open(at) {
    const seen = scroller.scrollTop;
    const back = () => {
      context.openDetails({ title: name, content: [content] });
      scroller.scrollTop = seen;
      scroller.focus();
    };
    openRecord(context, { title: t("deals.one", { id: list.id[at] }), table: "deals", row: list.row[at], content: [h("p", null, h("button", { type: "button", dataset: { testid: "behind-back" }, onclick: back }, t("deals.back")))] });
    context.select([list.id[at]]);
  }

  /** @param {number} at */
  function row(at) {
    const outcome = list.outcomes[list.outcome[at]];
    const named = list.stages[list.stage[at]] ?? list.owners[list.owner[at]];
    return h("tr", { class: "opens", onclick: (/** @type {any} */ event) => event.target.closest("button") || open(at) },
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => open(at) }, h("bdi", null, list.id[at])),
        named && h("span", { class: "note" }, h("bdi", null, named))),
      h("td", null, h("span", { class: `swatch ${outcome}`, "aria-hidden": "true" }), h("span", null, t(`outcome.${outcome}`))),
      h("td", { class: "number" }, Number.isNaN(list.amount[at]) ? h("span", { class: "note" }, "–") : i18n.number(list.amount[at])),
      h("td", { class: "dates" }, h("span", null, i18n.date(list.created[at])), h("span", { class: "note" }, i18n.date(list.closed[at]))));
  }

  // The height of the list is known once it stands in the page.
  queueMicrotask(() => rows.reset(Math.min(list.id.length, rows.most)));
  return [count, scroller];
}
