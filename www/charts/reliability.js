/** Said against happened: observed share of wins per bin of predicted probability, with its interval, beside the diagonal of a perfect forecast. */
import { axis, grid } from "./frame.js";

/**
 * @param {any[]} bins `holdout.reliability`
 * @param {{i18n: import("../i18n/index.js").I18n, label: string, onselect: (bin: any) => void}} given
 * @returns {import("./frame.js").Drawing}
 */
export function reliability(bins, { i18n, label, onselect }) {
  const { t, percent } = i18n;
  const most = Math.max(1, ...bins.map((bin) => bin.n));
  return {
    label,
    onselect: (index) => onselect(bins[index]),
    yName: t("reliability.happened"),
    marks: bins.length * 3,
    option: (colours) => ({
      grid: grid(i18n.rtl),
      xAxis: axis(colours, { name: t("reliability.said"), format: (value) => percent(value, 0), horizontal: true, min: 0, max: 1, interval: 0.25, lines: true }),
      yAxis: axis(colours, { format: (value) => percent(value, 0), min: 0, max: 1, interval: 0.25, rtl: i18n.rtl }),
      tooltip: {
        trigger: "item",
        formatter: (/** @type {any} */ { data }) => {
          const bin = bins[data[2]];
          return bin ? i18n.line(t("reliability.tip", { said: percent(bin.predicted), happened: percent(bin.observed.value), range: i18n.range(percent(bin.observed.low), percent(bin.observed.high)), count: bin.n })) : "";
        },
      },
      series: [
        { type: "line", silent: true, symbol: "none", data: [[0, 0], [1, 1]], lineStyle: { color: colours.muted, type: [4, 4], width: 1 } },
        ...bins.map((bin) => ({
          type: "line", silent: true, symbol: "none", animation: false, lineStyle: { color: colours.accent, width: 2, opacity: 0.45 },
          data: [[bin.predicted, bin.observed.low], [bin.predicted, bin.observed.high]],
        })),
        {
          type: "scatter", itemStyle: { color: colours.accent, borderColor: colours.surface, borderWidth: 1 },
          data: bins.map((bin, index) => [bin.predicted, bin.observed.value, index]),
          symbolSize: (/** @type {any} */ _, /** @type {any} */ { dataIndex }) => 7 + 9 * Math.sqrt(bins[dataIndex].n / most),
        },
      ],
    }),
    table: {
      columns: [
        { text: t("reliability.said"), number: true }, { text: t("reliability.happened"), number: true },
        { text: t("low"), number: true }, { text: t("high"), number: true }, { text: t("n"), number: true },
      ],
      rows: () => bins.map((bin) => [percent(bin.predicted), percent(bin.observed.value), percent(bin.observed.low), percent(bin.observed.high), i18n.number(bin.n)]),
    },
  };
}
