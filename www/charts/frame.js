/** The place of a chart: loads the library when first needed, draws, follows size and theme, and holds the chart's table. */
import { h, refill, table } from "../panels/dom.js";
import { coloursAt } from "./colours.js";
import { markKeys } from "./keyboard.js";

/**
 * @typedef {import("../i18n/index.js").I18n} I18n
 * @typedef {import("./colours.js").Colours} Colours
 * @typedef {{
 *   label: string, marks: number, yName: string,
 *   option: (colours: Colours, width: number) => Record<string, any>,
 *   table: {columns: {text: string, number?: boolean}[], rows: () => any[][]},
 *   legend?: {text: string, outcome: string, share: string, opacity?: number}[],
 *   onselect?: (index: number, series: number) => void,
 * }} Drawing
 */

/** Above so many marks the canvas is faster than SVG. */
const CANVAS_FROM = 5000;
/** Rows of the table beside a chart; the middle of longer ones is thinned out. */
const TABLE_ROWS = 200;

/** @type {Promise<any> | undefined} */
let library;
const echarts = () => (library ??= import("../vendor/echarts.js"));

let lastTask = Promise.resolve();
/** Each drawing gets a task of its own, so that input is answered in between. */
const ownTask = () => (lastTask = lastTask.then(() => new Promise((resolve) => setTimeout(resolve))));

/**
 * @param {{i18n: I18n, height: number, title: string}} given
 * @returns {{element: HTMLElement, draw: (drawing: Drawing) => void}}
 */
export function frame({ i18n, height, title }) {
  // Fetched while the worker is still computing.
  echarts().catch(() => (library = undefined));
  const canvas = h("div", { class: "canvas", dir: "ltr", role: "slider", tabIndex: 0, "aria-roledescription": i18n.t("chart.role"), "aria-valuemin": 0, "aria-valuenow": 0, style: { "block-size": `${height}px` } });
  const rows = h("div", { class: "chart-table", tabIndex: 0, role: "group", "aria-label": title });
  const details = h("details", { class: "quiet", ontoggle: () => details.open && fillTable() }, h("summary", null, i18n.t("chart.table")), rows);
  const legend = h("ul", { class: "legend", hidden: true });
  const yName = h("p", { class: "axis-name", "aria-hidden": "true" });
  const element = h("figure", { class: "chart" }, h("figcaption", null, title), legend, yName, canvas, details);
  /** @type {Drawing | undefined} */ let current;
  /** @type {any} */ let instance;
  /** @type {string | undefined} */ let renderer;
  const choose = (/** @type {any} */ { data, dataIndex, seriesIndex }) => current?.onselect?.(data?.[2] ?? dataIndex, seriesIndex);
  const keys = markKeys(canvas, { i18n, onselect: choose });
  let tableOf = /** @type {Drawing | undefined} */ (undefined);

  function fillTable() {
    if (!current || tableOf === current) return;
    tableOf = current;
    const all = current.table.rows();
    const step = Math.max(1, Math.ceil(all.length / TABLE_ROWS));
    const shown = all.filter((_, index) => index % step === 0 || index === all.length - 1);
    refill(rows, step > 1 && h("p", { class: "note" }, i18n.t("chart.thinned", { count: shown.length, all: all.length })),
      table({ caption: title, columns: current.table.columns, rows: shown, class: "small" }));
  }

  async function draw() {
    const { init } = await echarts();
    await ownTask();
    const drawing = current;
    if (!drawing || !canvas.isConnected || !canvas.clientWidth) return;
    const wanted = drawing.marks > CANVAS_FROM ? "canvas" : "svg";
    if (instance && renderer !== wanted) instance = void instance.dispose();
    if (!instance) {
      renderer = wanted;
      instance = init(canvas, null, { renderer: wanted });
      instance.on("click", choose);
    }
    const colours = coloursAt(element);
    const common = base(colours);
    const option = drawing.option(colours, canvas.clientWidth);
    instance.setOption({ ...common, ...option, tooltip: { ...common.tooltip, ...option.tooltip } }, { notMerge: true });
    keys.drawn(instance, option, Boolean(drawing.onselect));
    element.dataset.drawn = "true";
  }

  let width = 0;
  new ResizeObserver(() => {
    if (canvas.clientWidth === width) return;
    width = canvas.clientWidth;
    if (!width) return;
    instance?.resize();
    if (current) draw();
  }).observe(canvas);
  element.addEventListener("crm-retheme", () => instance && draw());

  return {
    element,
    draw(drawing) {
      current = drawing;
      canvas.setAttribute("aria-label", drawing.label);
      yName.textContent = drawing.yName;
      legend.hidden = !drawing.legend;
      refill(legend, drawing.legend?.map(({ text, outcome, share, opacity }) => h("li", null,
        h("span", { class: `swatch ${outcome.split(":")[0]}`, "aria-hidden": "true", style: opacity && outcome.startsWith("stage:") ? { opacity: String(opacity) } : {} }),
        h("span", null, h("bdi", null, text), " ", h("span", { class: "note" }, share)))));
      if (details.open) fillTable();
      if (canvas.isConnected) draw();
    },
  };
}

const stillness = matchMedia("(prefers-reduced-motion: reduce)");

/** @param {Colours} colours */
function base(colours) {
  return {
    animation: !stillness.matches,
    animationDuration: 200,
    animationDurationUpdate: 200,
    textStyle: { fontFamily: colours.font, color: colours.text },
    tooltip: {
      renderMode: "richText",
      confine: true,
      transitionDuration: 0,
      backgroundColor: colours.surface,
      borderColor: colours.border,
      borderWidth: 1,
      padding: [8, 10],
      textStyle: { color: colours.text, fontFamily: colours.font, fontSize: 12 },
    },
  };
}

/**
 * An axis of numbers in the style of the page.
 *
 * @param {Colours} colours
 * @param {{name?: string, format: (value: number) => string, rtl?: boolean, horizontal?: boolean, max?: number, min?: number, interval?: number, log?: boolean, lines?: boolean}} given
 */
export function axis(colours, { name, format, rtl = false, horizontal = false, max, min, interval, log = false, lines = !horizontal }) {
  return {
    type: log ? "log" : "value",
    min,
    max,
    name,
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: { color: colours.muted, fontSize: 12 },
    position: horizontal ? "bottom" : rtl ? "right" : "left",
    splitNumber: 4,
    interval,
    axisLine: { show: horizontal, lineStyle: { color: colours.border } },
    axisTick: { show: false },
    axisLabel: { color: colours.muted, fontSize: 12, formatter: format, hideOverlap: true, showMaxLabel: interval !== undefined || max === undefined, showMinLabel: !log },
    splitLine: { show: lines, lineStyle: { color: colours.border, width: 1 } },
  };
}

/** Space around a plot. @param {boolean} rtl */
export const grid = (rtl) => ({ top: 20, bottom: 46, left: rtl ? 18 : 44, right: rtl ? 44 : 18 });
