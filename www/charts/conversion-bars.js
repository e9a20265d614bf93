/** The funnel as bars: how many deals came at least to each stage, as a share of the first stage and of the one before. */
import { h } from "../panels/dom.js";

/**
 * @param {{stage: string, reached: number, ofFirst: any, ofPrevious: any}[]} stages
 * @param {{i18n: import("../i18n/index.js").I18n, chosen: string, onchoose: (stage: string) => void}} given
 */
export function conversionBars(stages, { i18n, chosen, onchoose }) {
  const { t, percent, number } = i18n;
  const most = Math.max(1, ...stages.map((stage) => stage.reached));
  const share = (/** @type {any} */ estimate) => (estimate ? percent(estimate.value) : "–");
  const title = (/** @type {any} */ estimate) => estimate ? t("interval", { level: percent(0.95, 0), range: i18n.range(percent(estimate.low), percent(estimate.high)), count: estimate.n }) : undefined;
  return h("figure", { class: "conversion" },
    h("figcaption", null, t("funnel.conversion")),
    h("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": t("funnel.conversion") },
      h("table", null,
        h("caption", { class: "unseen" }, t("funnel.conversion")),
        h("thead", null, h("tr", null,
          h("th", { scope: "col" }, t("funnel.stage")), h("th", { scope: "col", class: "wide" }, t("funnel.reached")),
          h("th", { scope: "col", class: "number" }, t("deals")),
          h("th", { scope: "col", class: "number" }, t("funnel.ofPrevious")), h("th", { scope: "col", class: "number" }, t("funnel.ofFirst")))),
        h("tbody", null, stages.map((stage) => h("tr", { class: stage.stage === chosen ? "chosen" : "" },
          h("th", { scope: "row" }, h("button", { class: "link", type: "button", "aria-pressed": String(stage.stage === chosen), onclick: () => onchoose(stage.stage) }, stage.stage)),
          h("td", { class: "wide" }, h("span", { class: "bar", "aria-hidden": "true" }, h("span", { style: { "inline-size": `${(stage.reached / most) * 100}%` } }))),
          h("td", { class: "number" }, number(stage.reached)),
          h("td", { class: "number", title: title(stage.ofPrevious) }, share(stage.ofPrevious)),
          h("td", { class: "number", title: title(stage.ofFirst) }, share(stage.ofFirst))))))));
}
