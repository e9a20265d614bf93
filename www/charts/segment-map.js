/** The map of the customers: one mark per customer over two features, with a colour and a symbol per group. */
import { axis, grid } from "./frame.js";
import { CATEGORIES, SYMBOLS } from "./colours.js";

/**
 * @param {any} result `SegmentsResult`
 * @param {{i18n: import("../i18n/index.js").I18n, label: string, x: number, y: number, featureName: (index: number) => string,
 *   groupName: (index: number) => string, onselect: (row: number) => void}} given
 * @returns {import("./frame.js").Drawing}
 */
export function segmentMap(result, { i18n, label, x, y, featureName, groupName, onselect }) {
  const { points, features, segments } = result;
  const width = features.length;
  const count = points.row.length;
  const scaleX = scale(points.values, width, x, features[x].transform);
  const scaleY = scale(points.values, width, y, features[y].transform);
  const groups = /** @type {number[][][]} */ (segments.map(() => []));
  for (let point = 0; point < count; point++) {
    groups[points.label[point]]?.push([scaleX.to(points.values[point * width + x]), scaleY.to(points.values[point * width + y]), points.row[point]]);
  }
  return {
    label,
    yName: featureName(y),
    marks: count,
    onselect,
    option: (colours) => ({
      grid: { ...grid(i18n.rtl), left: i18n.rtl ? 18 : 58, right: i18n.rtl ? 58 : 18 },
      xAxis: { ...axis(colours, { name: i18n.line(featureName(x)), format: (value) => i18n.line(i18n.short(value)), horizontal: true, lines: true, ...scaleX.axis }), scale: true },
      yAxis: { ...axis(colours, { format: (value) => i18n.line(i18n.short(value)), rtl: i18n.rtl, ...scaleY.axis }), scale: true },
      tooltip: {
        trigger: "item",
        formatter: (/** @type {any} */ { data, seriesIndex }) => [
          i18n.t("segments.customer", { id: result.ids[data[2]] ?? String(data[2]) }), groupName(seriesIndex),
          `${featureName(x)}: ${i18n.number(scaleX.from(data[0]))}`, `${featureName(y)}: ${i18n.number(scaleY.from(data[1]))}`,
        ].map(i18n.line).join("\n"),
      },
      series: groups.map((data, index) => ({
        type: "scatter", data, symbol: SYMBOLS[Math.min(index, CATEGORIES)], symbolSize: count > 5000 ? 4 : 6, animation: false,
        large: count > 2000, largeThreshold: 2000, progressive: 0,
        itemStyle: { color: colours.categories[Math.min(index, CATEGORIES)], opacity: 0.7 }, emphasis: { scale: 1.6 },
      })),
    }),
    table: {
      columns: [{ text: i18n.t("segments.id") }, { text: i18n.t("segments.group") }, { text: featureName(x), number: true }, { text: featureName(y), number: true }],
      rows: () => Array.from(points.row, (/** @type {number} */ row, point) => [
        result.ids[row] ?? String(row), groupName(points.label[point]), i18n.number(points.values[point * width + x]), i18n.number(points.values[point * width + y]),
      ]),
    },
  };
}

/** Below this ratio of the ends a logarithmic axis has too few ticks to be read. */
const LOG_FROM = 50;

/**
 * A logarithmic scale where the analysis took the logarithm too. Zero has no place on one: 1 is added where it occurs.
 *
 * @param {ArrayLike<number>} values
 * @param {number} width
 * @param {number} feature
 * @param {string} transform
 */
function scale(values, width, feature, transform) {
  let [least, most] = [Infinity, -Infinity];
  for (let at = feature; at < values.length; at += width) {
    least = Math.min(least, values[at]);
    most = Math.max(most, values[at]);
  }
  const shift = least < 1 ? 1 : 0;
  const log = transform !== "none" && least >= 0 && (most + shift) / (least + shift) > LOG_FROM;
  const bounds = log && most > least ? { log, min: (least + shift) / 1.15, max: (most + shift) * 1.15 } : { log: false };
  return { axis: bounds, to: (/** @type {number} */ value) => (log ? value + shift : value), from: (/** @type {number} */ value) => (log ? value - shift : value) };
}
