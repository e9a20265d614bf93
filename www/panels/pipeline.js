/** “What will be won?”: closed, open and not yet created deals by period, with a quota and the test on past periods. */
import { forecastFan } from "../charts/forecast-fan.js";
import { frame } from "../charts/frame.js";
import { dealsBehind } from "./deals-behind.js";
import { openRecord } from "./details.js";
import { choice, h, refill, table } from "./dom.js";
import { intervalText, keyNumber, panel } from "./panel.js";
import { smallPrint } from "./small-print.js";

const PERIODS = ["week", "month", "quarter", "fiscal_year"];
/** The two ends of the bands. */
const BAND = 0.8;
const LISTED = 8;
const CHART_HEIGHT = 300;

/** @param {import("./panel.js").Context} context */
export function pipelinePanel(context) {
  const { i18n } = context;
  const { t, short, percent } = i18n;
  const shell = panel(context, "pipeline");
  const behind = dealsBehind(context, {});
  const quota = h("input", { type: "number", min: 0, step: "any", inputMode: "decimal", value: context.options.quota ?? "", dataset: { testid: "pipeline-quota" }, onchange: () => context.change({ quota: quota.value || undefined }) });
  const head = h("div", { class: "toolbar" });
  const caution = h("p", { class: "verdict-use_with_care", hidden: true, dataset: { testid: "pipeline-caution" } });
  const numbers = h("dl", { class: "key-numbers" });
  const chart = frame({ i18n, height: CHART_HEIGHT, title: t("fan.title") });
  const view = h("div", { class: "toolbar" });
  const fan = h("div", { class: "found" }, view, chart.element);
  const bands = h("div", { class: "found" });
  const tested = h("div", { class: "found" });
  const slipped = h("div", { class: "found" });
  const print = h("div");

  /** @param {any} result `PipelineResult` */
  function update(result) {
    if (!shell.body.hasChildNodes()) shell.body.append(caution, head, numbers, fan, bands, slipped, tested, print);
    const names = i18n.periodNames(result.period);
    const nameOf = (/** @type {number} */ at) => names(result.startDay[at], result.startDay[at + 1]);
    const [current] = result.periods;
    shell.ready(...sentence(result, nameOf));
    refill(head,
      choice({ label: t("period.by"), value: result.period, options: PERIODS.map((period) => [period, t(`period.${period}`)]), onchange: (period) => context.change({ period }), testid: "pipeline-period" }),
      current.amount && h("label", { class: "field" }, h("span", null, t("pipeline.quota")), quota));
    const { covered, nominal } = judgement(result.backtest);
    caution.hidden = !covered || covered.high >= nominal;
    caution.textContent = caution.hidden ? "" : t("pipeline.caution", { share: percent(covered.value), count: covered.n });
    refill(numbers, keyNumbers(result, current));
    drawFan(result, names);
    refill(bands, bandTable(result, nameOf));
    refill(slipped, slippedDeals(result));
    refill(tested, test(result.backtest));
    refill(print, smallPrint(i18n, result.meta, ["pipeline.definition.draws", "pipeline.definition.parts", "pipeline.definition.test"]));
  }

  /** @param {any} result @param {(first: number, end: number) => string} names */
  function drawFan(result, names) {
    const days = [...result.past.startDay, ...result.startDay];
    const nameOf = (/** @type {number} */ at) => names(days[at + result.past.startDay.length], days[at + result.past.startDay.length + 1]);
    const onwon = (/** @type {number} */ at) => {
      const [from, end] = days.slice(at + result.past.startDay.length);
      behind.open(t("behind.of", { of: nameOf(at), what: t("outcome.won") }), { closed: [from, end], outcome: "won" });
    };
    const { quota: asked, fan: shown } = context.options;
    refill(view, choice({
      label: t("fan.view"), value: shown === "added" ? "added" : "each", options: [["each", t("fan.each")], ["added", t("fan.added")]], testid: "pipeline-fan",
      onchange: (name) => {
        context.change({ fan: name });
        drawFan(result, names);
      },
    }));
    chart.draw(forecastFan(result, { i18n, nameOf, onwon, added: shown === "added", quota: Number(asked) > 0 ? Number(asked) : undefined }));
  }

  /** Of the present period; of the next one where this one is as good as over. @param {any} result @param {(at: number) => string} nameOf */
  function sentence({ periods }, nameOf) {
    const bandOf = (/** @type {any} */ period) => period.amount ?? period.wins;
    const isAmount = periods[0].amount !== null;
    const format = isAmount ? short : i18n.number;
    const isOver = periods.length > 1 && format(bandOf(periods[0]).p10) === format(bandOf(periods[0]).p90);
    const { p10, p50, p90 } = bandOf(periods[isOver ? 1 : 0]);
    const before = isOver ? `${t(isAmount ? "pipeline.over" : "pipeline.overWins", { period: nameOf(0), value: format(bandOf(periods[0]).p50) })} ` : "";
    return [before, ...i18n.parts(isAmount ? "pipeline.sentence" : "pipeline.sentenceWins", {
      period: nameOf(isOver ? 1 : 0), value: h("strong", { dataset: { testid: "pipeline-p50", value: p50 } }, format(p50)), interval: h("span", { class: "note" }, `(${intervalText(i18n, { low: p10, high: p90 }, format, BAND)})`),
    })];
  }

  /** @param {any} result @param {any} current */
  function keyNumbers(result, current) {
    const part = (/** @type {string} */ name, /** @type {any} */ { amount, wins }) => keyNumber({ label: t(`pipeline.${name}`), value: current.amount ? short(amount) : i18n.number(wins), note: t("pipeline.wins", { count: wins }) });
    return [
      part("closed", current.closed), part("open", current.open), part("new", current.new),
      current.quotaChance !== null && keyNumber({
        label: t("pipeline.quotaChance"), testid: "pipeline-chance", raw: current.quotaChance, value: percent(current.quotaChance),
        note: current.quotaChanceWithoutLargest === null ? undefined : t("pipeline.withoutLargest", { value: percent(current.quotaChanceWithoutLargest) }),
      }),
      result.largest && keyNumber({
        label: t("pipeline.largest"), value: short(result.largest.amount),
        note: h("button", { type: "button", class: "link", onclick: () => open(result.largest) }, h("bdi", null, result.largest.id), ` · ${percent(result.largest.probability)}`),
      }),
    ];
  }

  /** @param {any} result @param {(at: number) => string} nameOf */
  function bandTable(result, nameOf) {
    const isAmount = result.total.amount !== null;
    const of = (/** @type {any} */ period) => (isAmount ? period.amount : period.wins);
    const format = isAmount ? short : i18n.number;
    const most = Math.max(...result.periods.map((/** @type {any} */ period) => of(period).p90), Number(context.options.quota) || 0, 1e-9);
    const row = (/** @type {any} */ period, /** @type {any} */ name, /** @type {boolean} */ drawn) => {
      const { p10, p50, p90 } = of(period);
      return [
        name, drawn ? bandBar(p10 / most, p50 / most, p90 / most, t("pipeline.bar", { value: format(p50), range: i18n.range(format(p10), format(p90)) })) : "",
        format(p10), h("strong", null, format(p50)), format(p90), i18n.range(i18n.number(period.wins.p10), i18n.number(period.wins.p90)), ...(period.quotaChance === null ? [] : [percent(period.quotaChance)]),
      ];
    };
    const hasQuota = result.total.quotaChance !== null;
    return table({
      caption: t("pipeline.table"), class: "small",
      columns: [{ text: t("period.name") }, { text: "" }, { text: t("pipeline.low"), number: true }, { text: t("pipeline.middle"), number: true }, { text: t("pipeline.high"), number: true }, { text: t("pipeline.winCount"), number: true }, ...(hasQuota ? [{ text: t("pipeline.quotaChance"), number: true }] : [])],
      rows: [...result.periods.map((/** @type {any} */ period, /** @type {number} */ at) => row(period, nameOf(at), true)), row(result.total, h("strong", null, t("pipeline.total")), false)],
    });
  }

  /** @param {number} low @param {number} middle @param {number} high @param {string} label */
  function bandBar(low, middle, high, label) {
    const share = (/** @type {number} */ part) => `${Math.max(0, Math.min(1, part)) * 100}%`;
    return h("span", { class: "interval band", role: "img", "aria-label": label, title: label },
      h("span", { class: "interval-range", style: { "inset-inline-start": share(low), "inline-size": share(high - low) } }),
      h("span", { class: "interval-dot", style: { "inset-inline-start": share(middle) } }));
  }

  /** @param {any} result */
  function slippedDeals({ slipped: late, withoutAmount }) {
    const missing = withoutAmount.open > 0 && h("p", { class: "note" }, t("pipeline.withoutAmount", { count: withoutAmount.open }), " ", listThese(withoutAmount.rows, t("deals.withoutAmount")));
    if (!late.column || late.deals === 0) return [missing];
    const rows = Array.from(late.row).slice(0, LISTED);
    const column = i18n.inColumn(late.daysLate);
    const named = context.summary().mapping.deals?.id;
    const links = rows.map((row) => h("button", { type: "button", class: "link", dataset: { testid: "slipped-deal" }, onclick: () => open({ row }) }, t("pipeline.row", { row: i18n.number(row + 1) })));
    if (named) {
      context.records("deals", rows).then((records) => records.forEach((record, at) => {
        const id = record[named];
        if (id === null || id === undefined) return;
        const link = h("button", { type: "button", class: "link", dataset: { testid: "slipped-deal" }, onclick: () => open({ row: rows[at], id }) }, h("bdi", null, id));
        links[at].replaceWith(link);
      }), () => {});
    }
    return [missing, h("details", { class: "section" }, h("summary", null, t("pipeline.slipped", { count: late.deals, value: short(late.amount) })),
      listThese(late.row, t("deals.slipped")),
      table({
        caption: t("pipeline.slippedTitle"), class: "small",
        columns: [{ text: t("deals.id") }, { text: column.heading(t("pipeline.late")), number: true }, { text: t("deals.probability"), number: true }],
        rows: rows.map((_, at) => [links[at], column.format(late.daysLate[at]), percent(late.probability[at])]),
      }))];
  }

  /** @param {ArrayLike<number>} rows @param {string} name */
  const listThese = (rows, name) => context.showDeals && h("button", { type: "button", class: "link", dataset: { testid: "pipeline-list" }, onclick: () => context.showDeals?.({ rows: Array.from(rows), name }) }, t("deals.list"));

  /** Of amounts where deals have any, otherwise of wins. @param {any} backtest */
  function judgement(backtest) {
    const of = backtest?.amountCovered ? "amount" : "wins";
    return { covered: backtest?.[`${of}Covered`], nominal: backtest?.[`${of}Nominal`], error: backtest?.[`${of}Error`] };
  }

  /** @param {any} backtest */
  function test(backtest) {
    const { covered, nominal, error } = judgement(backtest);
    if (!covered) return h("p", { class: "note" }, t("pipeline.untested"));
    return h("p", { dataset: { testid: "pipeline-test" } }, t("pipeline.tested", { count: covered.n, share: percent(covered.value), nominal: percent(nominal), error: error === null ? "–" : percent(error) }), " ",
      h("span", { class: "note" }, intervalText(i18n, { low: covered.low, high: covered.high }, percent)));
  }

  /** @param {{row: number, id?: string}} deal */
  function open({ row, id }) {
    openRecord(context, { title: id === undefined ? t("record") : t("deals.one", { id }), table: "deals", row, content: [] });
    if (id !== undefined) context.select([id]);
  }

  const headline = (/** @type {any} */ { periods: [current] }) => (current.amount ? short(current.amount.p50) : t("pipeline.wins", { count: current.wins.p50 }));
  return { ...shell, update, headline };
}
