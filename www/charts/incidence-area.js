/** Where deals go by age: Aalen–Johansen incidences stacked under the share that is still there; at every age they sum to 100 %. */
import { axis, grid } from "./frame.js";
import { decals, translucent } from "./colours.js";
import { lastAtOrBefore, step, thinned } from "./survival-curve.js";

/**
 * @param {any} incidence `Incidence`
 * @param {{i18n: import("../i18n/index.js").I18n, label: string, lastDays: number, nameOf: (cause: string) => string, remainingName: string, legend?: boolean}} given
 * @returns {import("./frame.js").Drawing}
 */
export function incidenceArea(incidence, { i18n, label, lastDays, nameOf, remainingName, legend = false }) {
  const { timeDays, causes, remaining } = incidence;
  const at = thinned(timeDays.length);
  const { name, perDay, interval, max } = i18n.axisOf(lastDays);
  const column = i18n.inColumn(timeDays);
  const points = (/** @type {ArrayLike<number>} */ values, /** @type {number} */ first) => {
    const list = [[0, first]];
    for (const index of at) list.push([timeDays[index] * perDay, values[index]]);
    if (lastDays > (timeDays[timeDays.length - 1] ?? 0)) list.push([lastDays * perDay, values[timeDays.length - 1] ?? first]);
    return list;
  };
  return {
    label,
    yName: i18n.t("incidence.share"),
    marks: at.length * (causes.length + 1),
    legend: !legend ? undefined : [
      { text: remainingName, outcome: "open", share: i18n.percent(remaining[remaining.length - 1] ?? 1) },
      ...causes.map((/** @type {any} */ { cause, final }, /** @type {number} */ index) => ({ text: nameOf(cause), outcome: KINDS.has(cause) ? `stage:${cause}` : cause, opacity: strength(index), share: i18n.percent(final) })).reverse(),
    ],
    option: (colours) => ({
      grid: grid(i18n.rtl),
      xAxis: axis(colours, { name: i18n.line(name), format: i18n.number, horizontal: true, min: 0, max, interval }),
      yAxis: axis(colours, { format: (value) => i18n.percent(value, 0), min: 0, max: 1, interval: 0.25, rtl: i18n.rtl }),
      tooltip: {
        trigger: "axis",
        axisPointer: { type: "line", lineStyle: { color: colours.muted } },
        formatter: (/** @type {any} */ items) => {
          const days = items[0].axisValue / perDay;
          const index = lastAtOrBefore(timeDays, days);
          const value = (/** @type {ArrayLike<number>} */ values, /** @type {number} */ before) => i18n.percent(index < 0 ? before : values[index]);
          return [
            i18n.t("incidence.after", { days: i18n.days(days) }),
            `${remainingName}: ${value(remaining, 1)}`,
            ...causes.map((/** @type {any} */ cause) => `${nameOf(cause.cause)}: ${value(cause.incidence, 0)}`).reverse(),
          ].map(i18n.line).join("\n");
        },
      },
      series: [
        ...causes.map((/** @type {any} */ { cause, incidence: values }, /** @type {number} */ index) => {
          const { color, decal, opacity } = look(cause, index, colours);
          return step({
            stack: "outcome", data: points(values, 0), lineStyle: { width: 1, color: colours.surface },
            itemStyle: { color, decal }, areaStyle: { color, opacity },
          });
        }),
        step({ stack: "outcome", data: points(remaining, 1), lineStyle: { width: 1, color: colours.open }, itemStyle: { color: colours.open }, areaStyle: { color: translucent(colours.open, 0.1) } }),
      ],
    }),
    table: {
      columns: [
        { text: column.heading(i18n.t("chart.time")), number: true },
        ...causes.map((/** @type {any} */ { cause }) => ({ text: nameOf(cause), number: true })),
        { text: remainingName, number: true },
      ],
      rows: () => Array.from(timeDays, (/** @type {number} */ days, index) => [
        column.format(days), ...causes.map((/** @type {any} */ cause) => i18n.percent(cause.incidence[index])), i18n.percent(remaining[index]),
      ]),
    },
  };
}

/**
 * @param {string} cause
 * @param {number} index
 * @param {import("./colours.js").Colours} colours
 */
function look(cause, index, colours) {
  if (cause === "won") return { color: colours.good, opacity: 0.9 };
  if (cause === "lost") return { color: colours.bad, decal: decals(colours).lost, opacity: 0.9 };
  if (cause === "hold") return { color: colours.open, decal: decals(colours).hold, opacity: 0.9 };
  if (cause === "closed") return { color: colours.muted, opacity: 0.8 };
  return { color: colours.accent, opacity: strength(index) };
}

/** Ways on that are no outcomes. */
const KINDS = new Set(["next", "skip", "back", "again"]);

/** Other stages are shades of one colour. @param {number} index */
const strength = (index) => Math.max(0.2, 0.9 - 0.25 * index);
