/** The answers side by side: each leads to its panel. */
import { h } from "./dom.js";

/**
 * @param {import("../i18n/index.js").I18n} i18n
 * @param {Record<string, {element: HTMLElement}>} panels
 */
export function glance({ t }, panels) {
  const values = Object.fromEntries(Object.keys(panels).map((name) => [name, h("span", { class: "value" }, "…")]));
  const go = (/** @type {HTMLElement} */ panel) => {
    panel.tabIndex = -1;
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  };
  const element = h("nav", { class: "glance", "aria-label": t("glance.title") }, Object.entries(panels).map(([name, panel]) =>
    h("button", { type: "button", onclick: () => go(panel.element) }, h("span", { class: "note" }, t(`glance.${name}`)), values[name])));
  return {
    element,
    /** @param {string} name */
    go: (name) => go(panels[name].element),
    /** @param {string} name @param {string} text */
    set: (name, text) => void (values[name].textContent = text),
  };
}
