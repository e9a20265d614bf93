/** Share still open by age: the Kaplan–Meier step curve with its band. */
import { axis, grid } from "./frame.js";
import { translucent } from "./colours.js";

/**
 * @param {any} curve `SurvivalCurve`
 * @param {{i18n: import("../i18n/index.js").I18n, label: string, valueName: string}} given
 * @returns {import("./frame.js").Drawing}
 */
export function survivalCurve(curve, { i18n, label, valueName }) {
  const { timeDays, survival, low, high, atRisk, lastDays } = curve;
  const at = thinned(timeDays.length);
  const { name, perDay, interval, max } = i18n.axisOf(lastDays);
  const column = i18n.inColumn(timeDays);
  const points = (/** @type {(index: number) => number} */ value, /** @type {number} */ first) => {
    const list = [[0, first]];
    for (const index of at) list.push([timeDays[index] * perDay, value(index)]);
    if (lastDays > (timeDays[timeDays.length - 1] ?? 0)) list.push([lastDays * perDay, timeDays.length ? value(timeDays.length - 1) : first]);
    return list;
  };
  const half = curve.quantiles.find((/** @type {any} */ quantile) => quantile.p === 0.5)?.days;
  return {
    label,
    yName: valueName,
    marks: at.length * 3,
    option: (colours) => {
      // Under each age how many were still watched then: what the curve rests on there.
      const watched = axis(colours, {
        name: i18n.line(`${name} / ${i18n.t("survival.atRisk")}`), horizontal: true, min: 0, max, interval,
        format: (age) => `${i18n.number(age)}\n${i18n.number(Math.round(watchedAt(curve, age / perDay)))}`,
      });
      return {
        grid: { ...grid(i18n.rtl), bottom: 62 },
        xAxis: { ...watched, nameGap: 46, axisLabel: { ...watched.axisLabel, lineHeight: 16 } },
        yAxis: axis(colours, { format: (value) => i18n.percent(value, 0), min: 0, max: 1, interval: 0.25, rtl: i18n.rtl }),
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "line", lineStyle: { color: colours.muted } },
          formatter: (/** @type {any} */ items) => {
            const days = items[0].axisValue / perDay;
            const index = lastAtOrBefore(timeDays, days);
            const share = index < 0 ? 1 : survival[index];
            const lines = [i18n.t("survival.tip", { days: i18n.days(days), share: i18n.percent(share) })];
            if (index >= 0) lines.push(i18n.t("interval", { level: i18n.percent(0.95, 0), range: i18n.range(i18n.percent(low[index]), i18n.percent(high[index])), count: atRisk[index] }));
            return lines.map(i18n.line).join("\n");
          },
        },
        series: [
          step({ stack: "band", data: points((index) => low[index], 1), lineStyle: { width: 0 } }),
          step({ stack: "band", data: points((index) => high[index] - low[index], 0), lineStyle: { width: 0 }, areaStyle: { color: translucent(colours.accent, 0.18) } }),
          step({
            data: points((index) => survival[index], 1),
            lineStyle: { width: 2, color: colours.accent },
            itemStyle: { color: colours.accent },
            markLine: half === null || half === undefined ? undefined : {
              silent: true, symbol: "none", lineStyle: { color: colours.muted, type: [4, 4] }, animation: false,
              // Near the start it would stand on the names of the axis.
              label: { formatter: i18n.line(i18n.t("survival.half", { days: i18n.days(half) })), color: colours.text, position: "end", distance: 4, fontSize: 12, align: half < 0.15 * lastDays ? "left" : half > 0.85 * lastDays ? "right" : "center" },
              data: [{ xAxis: half * perDay }],
            },
          }),
        ],
      };
    },
    table: {
      columns: [
        { text: column.heading(i18n.t("chart.time")), number: true }, { text: i18n.t("survival.atRisk"), number: true },
        { text: valueName, number: true }, { text: i18n.t("low"), number: true }, { text: i18n.t("high"), number: true },
      ],
      rows: () => Array.from(timeDays, (/** @type {number} */ days, index) => [
        column.format(days), i18n.number(atRisk[index]), i18n.percent(survival[index]), i18n.percent(low[index]), i18n.percent(high[index]),
      ]),
    },
  };
}

/** How many are at risk at an age. @param {any} curve `SurvivalCurve` @param {number} days */
export function watchedAt({ timeDays, atRisk, n }, days) {
  // Known just before each event; after the last one nobody says when the watching ended.
  const index = lastAtOrBefore(timeDays, days);
  if (index >= 0 && timeDays[index] === days) return atRisk[index];
  return days <= 0 ? n : atRisk[index + 1] ?? NaN;
}

/** @param {Record<string, any>} options */
export const step = (options) => ({ type: "line", step: "end", symbol: "none", silent: true, ...options });

const MOST_POINTS = 600;

/** At most 600 indices of `length`, evenly, with the last. @param {number} length */
export function thinned(length) {
  const stride = Math.max(1, Math.ceil(length / MOST_POINTS));
  const kept = [];
  for (let index = 0; index < length; index += stride) kept.push(index);
  if (kept.length && kept[kept.length - 1] !== length - 1) kept.push(length - 1);
  return kept;
}

/** @param {ArrayLike<number>} times @param {number} time */
export function lastAtOrBefore(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
