/** What following only the deals from a chance on would have got right and missed, with a threshold that moves. */
import { h, refill, table } from "../dom.js";

/**
 * Rows of the tested deals whose chance `is` so.
 *
 * @param {{row: Uint32Array, probability: Float64Array}} holdout @param {(probability: number) => boolean} is
 */
export const testedWhere = ({ row, probability }, is) => row.filter((_, at) => is(probability[at]));

/** @param {import("../panel.js").Context} context @param {import("../deals-behind.js").DealsBehind} behind */
export function thresholdSection(context, behind) {
  const { i18n } = context;
  const { t, percent, number } = i18n;
  /** @type {any} */ let counts;
  /** @type {any} */ let holdout;
  const input = h("input", { type: "range", min: 1, max: 99, step: 1, dataset: { testid: "threshold" }, oninput: () => draw(), onchange: () => context.change({ threshold: input.value }) });
  const shown = h("output", { class: "strong" });
  const toBest = h("button", { type: "button", dataset: { testid: "threshold-best" }, onclick: () => ((input.value = String(percentOfBest())), draw(), context.change({ threshold: undefined })) });
  const sentence = h("p", { "aria-live": "polite", dataset: { testid: "threshold-sentence" } });
  const matrix = h("div", { dataset: { testid: "confusion" } });
  const note = h("p", { class: "note" });
  const element = h("section", { class: "measures" },
    h("h4", null, t("threshold.title")),
    h("div", { class: "toolbar" }, h("label", { class: "field slider" }, h("span", null, t("threshold.label")), input), shown, toBest),
    sentence, matrix, note);

  /** The nearest whole percentage that does not leave out the deals at the best threshold. */
  const percentOfBest = () => (counts.best ? Math.max(1, Math.min(99, Math.floor(counts.best.threshold * 100 + 1e-9))) : 50);

  /** @param {any} next `Performance.thresholds` @param {any} test `ForecastResult.holdout` */
  function update(next, test) {
    [counts, holdout] = [next, test];
    const asked = Number(context.options.threshold);
    input.value = String(asked >= 1 && asked <= 99 ? Math.round(asked) : percentOfBest());
    toBest.hidden = !counts.best;
    toBest.textContent = t("threshold.best", { value: percent(percentOfBest() / 100, 0) });
    note.textContent = counts.best ? t("threshold.note", { f1: i18n.fixed(counts.bestF1, 2), value: percent(counts.best.threshold) }) : "";
    draw();
  }

  function draw() {
    const at = Number(input.value) - 1;
    const [right, wrong, missed, spared] = [counts.truePositives[at], counts.falsePositives[at], counts.falseNegatives[at], counts.trueNegatives[at]];
    const value = percent(counts.threshold[at], 0);
    const [called, won] = [right + wrong, right + missed];
    input.setAttribute("aria-valuetext", value);
    shown.textContent = value;
    sentence.textContent = called === 0 ? t("threshold.none", { value }) : t("threshold.sentence", {
      count: called, all: called + missed + spared, value, right, precision: percent(right / called), won, recall: won > 0 ? percent(right / won) : "–",
    });
    const link = (/** @type {number} */ count, /** @type {boolean} */ above, /** @type {"won" | "lost"} */ outcome) => {
      const name = t("behind.of", { of: t("threshold.tested", { said: t(above ? "threshold.above" : "threshold.below", { value }) }), what: t(`outcome.${outcome}`) });
      const asked = () => ({ rows: testedWhere(holdout, (probability) => (probability >= counts.threshold[at]) === above), outcome });
      return behind.link(number(count), name, count > 0 && asked);
    };
    matrix.dataset.value = [right, wrong, missed, spared].join(" ");
    refill(matrix, table({
      caption: t("threshold.title"), class: "small",
      columns: [{ text: "" }, { text: t("outcome.won"), number: true }, { text: t("outcome.lost"), number: true }, { text: t("threshold.all"), number: true }],
      rows: [
        [t("threshold.above", { value }), link(right, true, "won"), link(wrong, true, "lost"), number(called)],
        [t("threshold.below", { value }), link(missed, false, "won"), link(spared, false, "lost"), number(missed + spared)],
      ],
    }));
  }

  return { element, update };
}
