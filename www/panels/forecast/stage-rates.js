/** What the CRM says about deals of a stage beside what happened to them. */
import { intervalBar } from "../../charts/interval-bar.js";
import { dealsLink } from "../deals-link.js";
import { h, refill, table } from "../dom.js";
import { intervalText } from "../panel.js";

/** @param {import("../panel.js").Context} context */
export function stageRates(context) {
  const { i18n } = context;
  const { t, percent, number } = i18n;
  const element = h("section", { class: "measures", dataset: { testid: "stage-rates" } });

  /** @param {any} rates `StageRates` */
  function update({ column, stages }) {
    const isObserved = stages.some((/** @type {any} */ { observed }) => observed);
    element.hidden = !stages.length || (!isObserved && !column);
    if (element.hidden) return;
    refill(element,
      h("h3", null, t("stageRates.title")),
      h("p", null, sentence(stages, isObserved, column)),
      table({
        caption: t("stageRates.title"), class: "small",
        columns: [
          { text: t("funnel.stage") }, { text: t("stageRates.observed"), number: true }, { text: t("intervalName", { level: percent(0.95, 0) }), wide: true },
          { text: t("stageRates.configured"), number: true }, { text: t("n"), number: true }, { text: t("stageRates.open"), number: true },
        ],
        rows: stages.map((/** @type {any} */ { stage, observed, open, configured }) => [
          h("bdi", null, stage), observed ? percent(observed.value) : "–",
          observed ? intervalBar({ ...observed, mark: configured, label: `${percent(observed.value)} (${intervalText(i18n, observed, percent)})` }) : "",
          configured === null ? "–" : percent(configured), observed ? number(observed.n) : "–", dealsLink(context, number(open), stage, open > 0 ? { stage } : undefined),
        ]),
      }),
      h("p", { class: "note" }, t("stageRates.note"), column ? ` ${t("stageRates.column", { column })}` : ""));
  }

  /** @param {any[]} stages @param {boolean} isObserved @param {string | null} column */
  function sentence(stages, isObserved, column) {
    if (!isObserved) return t("stageRates.noHistory");
    if (!column) return t("stageRates.noColumn");
    const off = (/** @type {any} */ { observed, configured }) => (observed && configured !== null && (configured < observed.low || configured > observed.high) ? Math.abs(configured - observed.value) : 0);
    const worst = stages.reduce((worst, stage) => (off(stage) > off(worst) ? stage : worst));
    if (off(worst) === 0) return t("stageRates.right");
    const { stage, observed, configured } = worst;
    return t("stageRates.off", { stage, said: percent(configured), happened: percent(observed.value), interval: intervalText(i18n, observed, percent) });
  }

  return { element, update };
}
