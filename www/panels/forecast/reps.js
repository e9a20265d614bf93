/** Owners side by side: how often they win, drawn towards the rate of all, and against the deals that they were given. */
import { intervalBar } from "../../charts/interval-bar.js";
import { dealsLink } from "../deals-link.js";
import { h, table } from "../dom.js";
import { intervalText, shareWithInterval } from "../panel.js";
import { lazySection } from "./lazy-section.js";

/** Below so many closed deals an owner's rate says little. */
const FEW = 30;

/** @param {import("../panel.js").Context} context */
export function repsSection(context) {
  const { i18n } = context;
  const { t, percent, number, short, fixed } = i18n;
  const named = (/** @type {any} */ { owner }) => owner ?? t("empty");
  const times = (/** @type {number} */ value) => t("lift.times", { value: fixed(value, 2) });
  const range = (/** @type {any} */ estimate, /** @type {(value: number) => string} */ format) => h("span", { class: "note" }, i18n.range(format(estimate.low), format(estimate.high)));

  /** @param {any} result `RepsResult` */
  function show({ reps, baseRate, priorDeals, meta }) {
    const level = meta.options.confidence;
    const hasMix = reps.some((/** @type {any} */ { againstMix }) => againstMix);
    return [
      h("p", { dataset: { testid: "reps-sentence" } }, sentence(reps, hasMix, level)),
      table({
        caption: t("reps.title"), class: "small",
        columns: [
          { text: t("deals.owner") }, { text: t("reps.closed"), number: true }, { text: t("reps.raw"), number: true }, { text: t("reps.shrunken"), number: true }, { text: t("intervalName", { level: percent(level, 0) }), wide: true },
          ...(hasMix ? [{ text: t("reps.mix"), number: true }, { text: t("intervalName", { level: percent(level, 0) }), number: true }] : []),
          { text: t("reps.open"), number: true }, { text: t("reps.expectedWins"), number: true }, { text: t("reps.expectedAmount"), number: true },
        ],
        rows: reps.map((/** @type {any} */ rep) => {
          const { won, lost, winRate, shrunkenRate: rate, againstMix: mix, open, expectedWins, expectedAmount, withoutAmount } = rep;
          return [
            h("span", null, h("bdi", null, named(rep)), won + lost < FEW && h("span", { class: "note" }, ` (${t("groups.small")})`)), number(won + lost),
            winRate ? shareWithInterval(i18n, winRate, level) : "–", rate ? h("strong", null, percent(rate.value)) : "–",
            rate ? intervalBar({ ...rate, mark: baseRate?.value, label: `${percent(rate.value)} (${intervalText(i18n, rate, percent, level)})` }) : "",
            ...(hasMix ? [mix ? h("strong", { dataset: { mix: mix.value } }, times(mix.value)) : "–", mix ? range(mix, (value) => fixed(value, 2)) : "–"] : []),
            dealsLink(context, number(open), named(rep), open > 0 ? { owner: rep.owner } : undefined), number(expectedWins), withoutAmount >= open ? "–" : short(expectedAmount),
          ];
        }),
      }),
      h("p", { class: "note" }, [
        baseRate ? t("reps.base", { value: percent(baseRate.value) }) : "",
        priorDeals === null ? t("reps.noSpread") : t("reps.shrinking", { deals: number(Math.round(priorDeals)) }),
        hasMix ? t("reps.mixNote") : t("reps.noMix"),
        reps.some((/** @type {any} */ { won, lost }) => won + lost < FEW) ? t("reps.few", { count: FEW }) : "",
      ].filter(Boolean).join(" ")),
    ];
  }

  /** @param {any[]} reps @param {boolean} hasMix @param {number} level */
  function sentence(reps, hasMix, level) {
    if (!hasMix) return t("reps.noMix");
    const known = reps.filter(({ againstMix }) => againstMix);
    const above = known.filter(({ againstMix }) => againstMix.low > 1).sort((a, b) => b.againstMix.value - a.againstMix.value);
    const below = known.filter(({ againstMix }) => againstMix.high < 1);
    if (!above.length && !below.length) return t("reps.none");
    const [best] = above;
    return [
      best && t("reps.best", { owner: named(best), times: fixed(best.againstMix.value, 2), interval: intervalText(i18n, { low: best.againstMix.low, high: best.againstMix.high }, (value) => fixed(value, 2), level) }),
      t("reps.counts", { above: number(above.length), below: number(below.length), rest: number(known.length - above.length - below.length) }),
    ].filter(Boolean).join(" ");
  }

  const section = lazySection(context, { name: "reps", title: t("reps.title"), ask: () => context.ask("reps", {}), show });
  return { element: section.element, update: section.reset };
}
