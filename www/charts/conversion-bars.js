/** The funnel as bars: how many deals, or how much of their value, got to each stage, as a share of the first stage and of the one before. */
import { choice, h, sideways } from "../panels/dom.js";
import { shareWithInterval } from "../panels/panel.js";

const DEFINITIONS = ["reached", "visited", "eventual"];

/**
 * @param {any[]} stages `StageResult[]`
 * @param {{
 *   i18n: import("../i18n/index.js").I18n, behind: import("../panels/deals-behind.js").DealsBehind, chosen: string, onchoose: (stage: string) => void,
 *   definition?: string, measure?: string, onchange: (options: {definition?: string, measure?: string}) => void,
 * }} given `definition`: `reached`, `visited` or `eventual`; `measure`: `deals` or `value`
 */
export function conversionBars(stages, { i18n, behind, chosen, onchoose, definition = "reached", measure = "deals", onchange }) {
  const { t, percent, number, short } = i18n;
  const known = DEFINITIONS.filter((name) => stages.every(({ conversion }) => conversion?.[name]));
  const by = known.includes(definition) ? definition : "reached";
  const hasValue = stages.some(({ conversion }) => conversion[by].value > 0);
  const isValue = measure === "value" && hasValue;
  const of = (/** @type {any} */ stage) => {
    const { deals, value, ofFirst, ofPrevious, valueOfFirst, valueOfPrevious } = stage.conversion[by];
    return isValue ? { size: value, ofFirst: valueOfFirst, ofPrevious: valueOfPrevious } : { size: deals, ofFirst, ofPrevious };
  };
  const counted = by === "visited" ? by : "reached";
  const sizes = stages.map((stage) => of(stage).size);
  const most = Math.max(1e-9, ...sizes);
  const share = (/** @type {any} */ estimate) => (estimate ? shareWithInterval(i18n, { ...estimate, n: Math.round(estimate.n) }) : "–");
  return h("figure", { class: "conversion", dataset: { testid: "conversion", definition: by } },
    h("figcaption", null, t("funnel.conversion")),
    h("div", { class: "toolbar" },
      choice({ label: t("conversion.definition"), value: by, options: known.map((name) => [name, t(`conversion.${name}`)]), onchange: (name) => onchange({ definition: name }), testid: "conversion-definition" }),
      hasValue && choice({ label: t("conversion.measure"), value: isValue ? "value" : "deals", options: [["deals", t("deals")], ["value", t("amount")]], onchange: (name) => onchange({ measure: name }), testid: "conversion-measure" })),
    h("p", { class: "note" }, t(`conversion.${by}.means`)),
    sideways(t("funnel.conversion"), h("table", null,
      h("caption", { class: "unseen" }, t("funnel.conversion")),
      h("thead", null, h("tr", null,
        h("th", { scope: "col" }, t("funnel.stage")), h("th", { scope: "col", class: "wide" }, t(`conversion.${by}`)),
        h("th", { scope: "col", class: "number" }, isValue ? t("amount") : t("deals")),
        h("th", { scope: "col", class: "number" }, t("funnel.ofPrevious")), h("th", { scope: "col", class: "number" }, t("funnel.ofFirst")))),
      h("tbody", null, stages.map((stage) => {
        const { size, ofFirst, ofPrevious } = of(stage);
        return h("tr", { class: stage.stage === chosen ? "chosen opens" : "opens", onclick: (/** @type {any} */ event) => event.target.closest("button") || onchoose(stage.stage) },
          h("th", { scope: "row" }, h("button", { class: "link", type: "button", "aria-pressed": String(stage.stage === chosen), onclick: () => onchoose(stage.stage) }, h("bdi", null, stage.stage))),
          h("td", { class: "wide" }, h("span", { class: "bar", "aria-hidden": "true" }, h("span", { style: { "inline-size": `${(size / most) * 100}%` } }))),
          h("td", { class: "number" }, behind.link(isValue ? short(size) : number(size), t("behind.of", { of: stage.stage, what: t(`conversion.${counted}`) }), stage.conversion[by].deals > 0 && { [counted]: stage.stage })),
          h("td", { class: "number", dataset: { share: ofPrevious?.value ?? "" } }, share(ofPrevious)),
          h("td", { class: "number" }, stage === stages[0] && ofFirst ? percent(ofFirst.value) : share(ofFirst)));
      })))));
}
