/** The place beside the page where one deal or customer is shown with everything known about it. */
import { h, refill } from "./dom.js";

/** @param {import("../i18n/index.js").I18n} i18n */
export function drawer(i18n) {
  const title = h("h2", { id: "drawer-title" });
  const content = h("div", { class: "drawer-body" });
  const close = () => element.close();
  const element = h("dialog", { class: "drawer", "aria-labelledby": "drawer-title", onclick: (/** @type {any} */ event) => event.target === element && close() },
    h("div", { class: "drawer-inside" }, h("header", null, title, h("button", { type: "button", onclick: close, "aria-label": i18n.t("close") }, "×")), content));
  return {
    element,
    /** @param {{title: string, content: Node[]}} given */
    open(given) {
      title.textContent = given.title;
      refill(content, given.content);
      // What had the focus is gone.
      if (element.open) element.querySelector("header button").focus();
      else element.showModal();
      element.querySelector(".drawer-inside").scrollTop = 0;
    },
  };
}
