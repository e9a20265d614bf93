/** The map of the customers: one mark per customer over two features or factors, with a colour and a symbol per group. */
import { h } from "../panels/dom.js";
import { axis, grid } from "./frame.js";
import { CATEGORIES, SYMBOLS } from "./colours.js";

/** @typedef {{name: string, values: ArrayLike<number>, width: number, at: number, transform: string}} MapAxis values of every `width`-th place from `at` on */

/** Marks of cells of many customers are from so many pixels wide to so many. */
const [SMALLEST_CELL, LARGEST_CELL] = [3, 12];

/**
 * @param {any} result `SegmentsResult`
 * @param {{i18n: import("../i18n/index.js").I18n, label: string, x: MapAxis, y: MapAxis, cells?: any, groupName: (index: number) => string,
 *   onselect: (row: number) => void, ongroup: (index: number) => void}} given `cells`: `bins` of the factors, instead of single customers
 * @returns {import("./frame.js").Drawing}
 */
export function segmentMap(result, { i18n, label, x, y, cells, groupName, onselect, ongroup }) {
  const { points, segments } = result;
  const count = cells ? cells.n.length : points.row.length;
  const scaleX = scale(x);
  const scaleY = scale(y);
  const most = cells ? Math.max(1, ...cells.n) : 1;
  const groups = /** @type {number[][][]} */ (segments.map(() => []));
  for (let point = 0; point < count; point++) {
    if (cells) groups[cells.label[point]]?.push([cells.x[point], cells.y[point], -1, cells.n[point]]);
    else groups[points.label[point]]?.push([scaleX.to(x.values[point * x.width + x.at]), scaleY.to(y.values[point * y.width + y.at]), points.row[point]]);
  }
  const sizeOf = (/** @type {number[]} */ [, , , n]) => SMALLEST_CELL + (LARGEST_CELL - SMALLEST_CELL) * Math.sqrt(n / most);
  return {
    label,
    yName: y.name,
    marks: count,
    // A cell is of many customers.
    onselect: (row, group) => (row >= 0 ? onselect(row) : ongroup(group)),
    option: (colours) => ({
      grid: { ...grid(i18n.rtl), left: i18n.rtl ? 18 : 58, right: i18n.rtl ? 58 : 18 },
      xAxis: { ...axis(colours, { name: i18n.line(x.name), format: (value) => i18n.line(i18n.short(value)), horizontal: true, lines: true, ...scaleX.axis }), scale: true },
      yAxis: { ...axis(colours, { format: (value) => i18n.line(i18n.short(value)), rtl: i18n.rtl, ...scaleY.axis }), scale: true },
      tooltip: {
        trigger: "item",
        formatter: (/** @type {any} */ { data, seriesIndex }) => [
          cells ? i18n.t("segments.of.customers", { count: data[3] }) : i18n.t("segments.customer", { id: result.ids[data[2]] ?? String(data[2]) }), groupName(seriesIndex),
          `${x.name}: ${i18n.number(scaleX.from(data[0]))}`, `${y.name}: ${i18n.number(scaleY.from(data[1]))}`,
        ].map(i18n.line).join("\n"),
      },
      series: groups.map((data, index) => ({
        type: "scatter", data, symbol: SYMBOLS[Math.min(index, CATEGORIES)], symbolSize: cells ? sizeOf : count > 5000 ? 4 : 6, animation: false,
        large: !cells && count > 2000, largeThreshold: 2000, progressive: 0,
        itemStyle: { color: colours.categories[Math.min(index, CATEGORIES)], opacity: 0.7 }, emphasis: { scale: 1.6 },
      })),
    }),
    table: {
      columns: [{ text: i18n.t("segments.id") }, { text: i18n.t("segments.group") }, { text: x.name, number: true }, { text: y.name, number: true }],
      rows: () => Array.from(points.row, (/** @type {number} */ row, point) => [
        h("button", { type: "button", class: "link", onclick: () => onselect(row) }, h("bdi", null, result.ids[row] ?? String(row))), groupName(points.label[point]), i18n.number(x.values[point * x.width + x.at]), i18n.number(y.values[point * y.width + y.at]),
      ]),
    },
  };
}

/** Below this ratio of the ends a logarithmic axis has too few ticks to be read. */
const LOG_FROM = 50;

/**
 * A logarithmic scale where the analysis took the logarithm too. Zero has no place on one: 1 is added where it occurs.
 *
 * @param {MapAxis} axis
 */
function scale({ values, width, at: first, transform }) {
  let [least, most] = [Infinity, -Infinity];
  for (let at = first; at < values.length; at += width) {
    least = Math.min(least, values[at]);
    most = Math.max(most, values[at]);
  }
  const shift = least < 1 ? 1 : 0;
  const log = transform !== "none" && least >= 0 && (most + shift) / (least + shift) > LOG_FROM;
  const bounds = log && most > least ? { log, min: (least + shift) / 1.15, max: (most + shift) * 1.15 } : { log: false };
  return { axis: bounds, to: (/** @type {number} */ value) => (log ? value + shift : value), from: (/** @type {number} */ value) => (log ? value - shift : value) };
}
