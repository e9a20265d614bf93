/** What was won and what may come: past periods, then the bands of the forecast, period by period or added up, under the line of the quota. */
import { axis, grid } from "./frame.js";
import { translucent } from "./colours.js";

/** Past periods that are drawn at most. */
const PAST = 12;
/** Pixels that the name of a period takes. */
const NAME_WIDTH = 84;

/**
 * @param {any} result `PipelineResult`
 * @param {{i18n: import("../i18n/index.js").I18n, nameOf: (index: number) => string, onwon: (index: number) => void, added?: boolean, quota?: number}} given
 *   `nameOf` names the period `index` counted from that of the analysis, past ones by negative numbers, `onwon` is told which one's wins are wanted; `quota` of each period
 * @returns {import("./frame.js").Drawing}
 */
export function forecastFan({ past, periods, total }, { i18n, nameOf, onwon, added = false, quota }) {
  const { t } = i18n;
  const isAmount = total.amount !== null;
  const format = isAmount ? i18n.short : i18n.number;
  // Added up, the past is nothing: counting starts with the first period of the forecast.
  const won = added ? [0] : Array.from((isAmount ? past.amount : past.won).slice(-PAST));
  const before = won.length;
  const last = before + periods.length - 1;
  const first = added ? before : 0;
  /** @type {{at: number, p10: number, p25: number, p50: number, p75: number, p90: number}[]} */
  const bands = periods.map((/** @type {any} */ period, /** @type {number} */ ahead) => {
    const band = isAmount ? (added ? period.amountSoFar : period.amount) : added ? period.winsSoFar : period.wins;
    return { ...band, at: before + ahead };
  });
  const known = won.at(-1);
  // The fan opens where the past ends.
  const fan = known === undefined ? bands : [{ at: before - 1, p10: known, p25: known, p50: known, p75: known, p90: known }, ...bands];
  const { closed } = periods[0];
  const already = isAmount ? closed.amount : closed.wins;
  const goal = (/** @type {number} */ at) => (quota === undefined || !isAmount ? undefined : added ? quota * at : quota);
  const name = (/** @type {number} */ at) => (at < first ? "" : nameOf(at - before));
  const end = bands[bands.length - 1];
  const lowest = Math.min(0, ...won, ...bands.map(({ p10 }) => p10));
  return {
    label: t(added ? "fan.labelAdded" : "fan.label", { first: name(first), end: name(last), value: format(end.p50), range: i18n.range(format(end.p10), format(end.p90)) }),
    yName: isAmount ? t("period.wonAmount") : t("pipeline.winCount"),
    marks: before + 4 * periods.length,
    onselect: (at) => at >= first && at <= before && onwon(at - before),
    legend: [
      ...(!added ? [{ text: t("outcome.won"), outcome: "won", share: "" }] : already > 0 ? [{ text: t("pipeline.closed"), outcome: "won", share: format(already) }] : []),
      { text: t("pipeline.middle"), outcome: "stage", share: "" },
      { text: t("fan.half"), outcome: "stage:half", share: "", opacity: 0.5 },
      { text: t("fan.most"), outcome: "stage:most", share: "", opacity: 0.25 },
    ],
    option: (colours, width) => {
      const line = (/** @type {object} */ options) => ({ type: "line", symbol: "none", silent: true, ...options });
      const part = (/** @type {(band: typeof fan[0]) => number} */ value, /** @type {number} */ alpha) => line({
        stack: "fan", stackStrategy: "all", lineStyle: { width: 0 }, data: fan.map((band) => [band.at, value(band), band.at]),
        areaStyle: alpha > 0 ? { color: translucent(colours.accent, alpha) } : undefined,
      });
      const goals = [goal(0), goal(last)];
      return {
        // Room for half of the name of the last period.
        grid: { ...grid(i18n.rtl), [i18n.rtl ? "left" : "right"]: 34 },
        xAxis: { ...axis(colours, { format: (at) => (Number.isInteger(at) ? i18n.line(name(at)) : ""), horizontal: true, min: 0, max: Math.max(1, last), interval: Math.max(1, Math.ceil(((last + 1) * NAME_WIDTH) / width)) }) },
        yAxis: axis(colours, { format: i18n.short, min: lowest < 0 ? undefined : 0, rtl: i18n.rtl }),
        tooltip: {
          trigger: "axis",
          axisPointer: { type: "line", snap: true, lineStyle: { color: colours.muted } },
          formatter: (/** @type {any} */ items) => {
            const at = items[0].data[0];
            const band = bands.find((of) => of.at === at);
            const lines = band
              ? [`${t("pipeline.middle")} ${format(band.p50)}`, `${t("fan.half")} ${i18n.range(format(band.p25), format(band.p75))}`, `${t("fan.most")} ${i18n.range(format(band.p10), format(band.p90))}`]
              : added ? [] : [`${t("outcome.won")} ${format(won[at])}`];
            if (at === before && already > 0) lines.push(`${t("pipeline.closed")} ${format(already)}`);
            const of = goal(at);
            if (of !== undefined) lines.push(`${t("fan.quota")} ${format(of)}`);
            return [name(at), ...lines].filter(Boolean).map(i18n.line).join("\n");
          },
        },
        series: [
          part(({ p10 }) => p10, 0),
          part(({ p10, p25 }) => p25 - p10, 0.16),
          part(({ p25, p75 }) => p75 - p25, 0.34),
          part(({ p75, p90 }) => p90 - p75, 0.16),
          line({ silent: false, symbol: "circle", symbolSize: 5, data: fan.map(({ at, p50 }) => [at, p50, at]), lineStyle: { width: 2, color: colours.accent, type: [6, 4] }, itemStyle: { color: colours.accent } }),
          line({
            silent: false, symbol: "circle", symbolSize: 5, data: added ? [] : won.map((value, at) => [at, value, at]), lineStyle: { width: 2, color: colours.good }, itemStyle: { color: colours.good },
            markLine: goals[0] === undefined ? undefined : {
              silent: true, symbol: "none", animation: false, lineStyle: { color: colours.text, type: [2, 3], width: 1.5 },
              label: { formatter: i18n.line(t(added ? "fan.quotaAdded" : "fan.quotaIs", { value: format(goals[1] ?? 0) })), color: colours.text, position: added && (goals[1] ?? 0) < end.p50 ? "insideEndBottom" : added ? "insideEndTop" : "insideStartTop", distance: 4, fontSize: 12 },
              data: [[{ coord: [0, goals[0]] }, { coord: [last, goals[1]] }]],
            },
          }),
          ...(already > 0 ? [{ type: "scatter", silent: true, symbolSize: 9, itemStyle: { color: colours.surface, borderColor: colours.good, borderWidth: 2 }, data: [[before, already]] }] : []),
        ],
      };
    },
    table: {
      columns: [
        { text: t("period.name") }, ...["outcome.won", "pipeline.low", "fan.quarterBelow", "pipeline.middle", "fan.quarterAbove", "pipeline.high"].map((key) => ({ text: t(key), number: true })),
        ...(goal(0) === undefined ? [] : [{ text: t("fan.quota"), number: true }]),
      ],
      rows: () => Array.from({ length: last + 1 - first }, (_, row) => {
        const at = first + row;
        const band = bands[at - before];
        const of = goal(at);
        const numbers = band ? [at === before ? format(already) : "", ...[band.p10, band.p25, band.p50, band.p75, band.p90].map(format)] : [format(won[at]), "", "", "", "", ""];
        return [name(at), ...numbers, ...(of === undefined ? [] : [format(of)])];
      }),
    },
  };
}
