/** Deals created, won and lost, period by period. */
import { axis, grid } from "./frame.js";

/**
 * @param {any} periods `PeriodCounts`
 * @param {{i18n: import("../i18n/index.js").I18n, nameOf: (index: number) => string, behind: import("../panels/deals-behind.js").DealsBehind}} given
 * @returns {import("./frame.js").Drawing}
 */
export function periodLines(periods, { i18n, nameOf, behind }) {
  const { t, number, full } = i18n;
  const { created, won, lost, wonAmount, wonWithoutAmount } = periods;
  const last = created.length - 1;
  // A period that goes on would look like a fall.
  const done = periods.lastIsPartial && last > 0 ? last : last + 1;
  const points = (/** @type {ArrayLike<number>} */ counts, /** @type {number} */ first, /** @type {number} */ end) => Array.from({ length: end - first }, (_, at) => [first + at, counts[first + at], first + at]);
  const kinds = /** @type {const} */ ([["created", created, t("period.created")], ["won", won, t("outcome.won")], ["lost", lost, t("outcome.lost")]]);
  const nameOfKind = (/** @type {number} */ kind, /** @type {number} */ at) => t("behind.of", { of: nameOf(at), what: kinds[kind][2] });
  const asked = (/** @type {number} */ kind, /** @type {number} */ at) => {
    const days = [periods.startDay[at], periods.startDay[at + 1]];
    return kind === 0 ? { created: days } : { closed: days, outcome: kinds[kind][0] };
  };
  const link = (/** @type {number} */ kind, /** @type {number} */ at) => behind.link(number(kinds[kind][1][at]), nameOfKind(kind, at), kinds[kind][1][at] > 0 && asked(kind, at));
  return {
    onselect: (at, series) => behind.open(nameOfKind(series % kinds.length, at), asked(series % kinds.length, at)),
    label: t("period.label", { first: nameOf(0), last: nameOf(last) }),
    yName: t("deals"),
    marks: created.length * 3,
    option: (colours) => {
      const looks = {
        created: { color: colours.accent, width: 2 },
        won: { color: colours.good, width: 2 },
        // Told apart without colour too.
        lost: { color: colours.bad, width: 2, type: [6, 3] },
      };
      return {
        grid: grid(i18n.rtl),
        xAxis: { ...axis(colours, { format: (at) => (at in created ? i18n.line(nameOf(at)) : ""), horizontal: true, min: 0, max: Math.max(1, last) }), minInterval: 1 },
        yAxis: { ...axis(colours, { format: i18n.short, min: 0, rtl: i18n.rtl }), minInterval: 1 },
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "line", snap: true, lineStyle: { color: colours.muted } },
          formatter: (/** @type {any} */ items) => {
            const at = items[0].data[0];
            return [nameOf(at), ...kinds.map(([, counts, name]) => `${name} ${number(counts[at])}`)].map(i18n.line).join("\n");
          },
        },
        series: [
          ...kinds.map(([kind, counts, name]) => ({
            type: "line", name, symbol: "circle", symbolSize: 4, showSymbol: created.length <= 40, lineStyle: looks[kind], itemStyle: { color: looks[kind].color }, data: points(counts, 0, done),
          })),
          ...(done > last ? [] : kinds.map(([kind, counts, name]) => ({
            type: "line", name, symbol: "emptyCircle", symbolSize: 5, lineStyle: { ...looks[kind], type: [1, 4], opacity: 0.6 }, itemStyle: { color: looks[kind].color }, data: points(counts, last - 1, last + 1),
          }))),
        ],
      };
    },
    table: {
      columns: [{ text: t("period.name") }, ...kinds.map(([, , name]) => ({ text: name, number: true })), { text: t("period.wonAmount"), number: true }, { text: t("withoutAmount"), number: true }],
      rows: () => Array.from(created, (_, at) => [nameOf(at), ...kinds.map((_, kind) => link(kind, at)), full(wonAmount[at]), number(wonWithoutAmount[at])]),
    },
    legend: kinds.map(([kind, counts, name]) => ({ text: name, outcome: kind === "created" ? "stage" : kind, share: number(counts.reduce((/** @type {number} */ sum, /** @type {number} */ count) => sum + count, 0)) })),
  };
}
