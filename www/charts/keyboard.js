/** A chart by keyboard: arrows lead from mark to mark, and what a pointer is told of a mark is read and shown. */

/** Marks that a key leads on; a page is a tenth of them. @type {Record<string, (count: number) => number>} */
const STEPS = {
  ArrowRight: () => 1, ArrowUp: () => 1, ArrowLeft: () => -1, ArrowDown: () => -1, PageUp: (count) => Math.ceil(count / 10), PageDown: (count) => -Math.ceil(count / 10),
  Home: (count) => -count, End: (count) => count,
};

/**
 * The marks from left to right: one per place of the axis where its tooltip is of all series, else all that can be pointed at.
 *
 * @param {any} option of the chart
 * @returns {{data: any[], axisValue: number, seriesIndex: number, dataIndex: number}[]}
 */
function marksOf({ series, tooltip }) {
  const ofAxis = tooltip.trigger === "axis";
  const marks = series.flatMap((/** @type {any} */ { data, silent }, /** @type {number} */ seriesIndex) =>
    silent && !ofAxis ? [] : data.map((/** @type {any[]} */ point, /** @type {number} */ dataIndex) => ({ data: point, axisValue: point[0], seriesIndex, dataIndex })));
  marks.sort((/** @type {any} */ a, /** @type {any} */ b) => a.axisValue - b.axisValue);
  return ofAxis ? marks.filter((/** @type {any} */ mark, /** @type {number} */ at) => at === 0 || mark.axisValue !== marks[at - 1].axisValue) : marks;
}

/**
 * Makes `canvas` a slider over the marks of the chart that stands in it.
 *
 * @param {HTMLElement} canvas
 * @param {{i18n: import("../i18n/index.js").I18n, onselect: (mark: {data: any[], seriesIndex: number, dataIndex: number}) => void}} given
 */
export function markKeys(canvas, { i18n, onselect }) {
  const { t } = i18n;
  /** @type {any} */ let chart;
  /** @type {any} */ let tooltip;
  /** @type {ReturnType<typeof marksOf>} */ let marks = [];
  let at = -1;

  /** @param {string} text */
  function say(text) {
    canvas.setAttribute("aria-valuenow", String(at + 1));
    canvas.setAttribute("aria-valuetext", text);
  }

  function reach() {
    const mark = marks[at];
    say(tooltip.formatter(tooltip.trigger === "axis" ? [mark] : mark).split("\n").join(t("comma")));
    chart.dispatchAction({ type: "showTip", seriesIndex: mark.seriesIndex, dataIndex: mark.dataIndex });
  }

  canvas.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && marks[at]) onselect(marks[at]);
    else if (event.key in STEPS && marks.length) {
      at = Math.max(0, Math.min(marks.length - 1, at + STEPS[event.key](marks.length)));
      reach();
    } else return;
    event.preventDefault();
  });
  canvas.addEventListener("blur", () => chart?.dispatchAction({ type: "hideTip" }));

  return {
    /** The chart was drawn. @param {any} instance @param {any} option @param {boolean} opens whether there is anything behind its marks */
    drawn(instance, option, opens) {
      [chart, tooltip, at] = [instance, option.tooltip, -1];
      marks = marksOf(option);
      canvas.setAttribute("aria-valuemax", String(marks.length));
      say([t("chart.keys", { count: marks.length }), opens && t("chart.enter")].filter(Boolean).join(" "));
    },
  };
}
