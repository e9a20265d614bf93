/** A number of open deals that leads to these deals in the list of the forecast, where that is on the page. */
import { h } from "./dom.js";

/**
 * @param {import("./panel.js").Context} context
 * @param {string} text the number
 * @param {string} name what deals these are
 * @param {import("./deal-filters.js").Shown | undefined} shown nothing: there are none
 */
export function dealsLink({ i18n, showDeals }, text, name, shown) {
  if (!showDeals || !shown) return text;
  return h("button", { type: "button", class: "link", "aria-label": i18n.t("deals.showThese", { count: text, name }), dataset: { testid: "deals-link" }, onclick: () => showDeals(shown) }, text);
}
