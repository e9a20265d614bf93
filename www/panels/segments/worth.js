/** Where the value is: the eleven named groups of RFM, bands of customers from the top, and tiers. */
import { h, table } from "../dom.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** @param {I18n} i18n @param {any} result @param {(index: number) => void} show shows the customers of a group */
export function rfmGroups({ t, percent, number, short }, { rfm }, show) {
  if (!rfm) return null;
  const shown = (/** @type {number | null} */ value) => (value === null ? "–" : short(value));
  return h("details", { class: "section", dataset: { testid: "segments-rfm" } }, h("summary", null, t("segments.rfm")),
    h("p", { class: "note" }, t("segments.rfm.note")),
    table({
      caption: t("segments.rfm"), class: "small",
      columns: [
        { text: t("segments.group") }, { text: t("segments.size"), number: true }, { text: t("funnel.share"), number: true },
        ...["recency", "frequency", "monetary"].map((name) => ({ text: t("segments.medianOf", { feature: t(`feature.${name}`) }), number: true })), { text: t("segments.valueShare"), number: true },
      ],
      rows: rfm.groups.map((/** @type {any} */ { name, size, share, recency, frequency, monetary, valueShare }, /** @type {number} */ index) => [
        size > 0 ? h("button", { type: "button", class: "link", onclick: () => show(index) }, t(`group.${name}`)) : t(`group.${name}`), number(size), percent(share), shown(recency), shown(frequency), shown(monetary), valueShare === null ? "–" : percent(valueShare),
      ]),
    }));
}

/** @param {I18n} i18n @param {any} result @param {(band: number, name: string) => void} show shows the customers of a band */
export function valueBands({ t, percent, number, short, range }, { bands, tiers }, show) {
  if (!bands.length) return null;
  const top = bands[0];
  return h("details", { class: "section", dataset: { testid: "segments-bands" } }, h("summary", null, t("segments.bands")),
    top.share !== null && h("p", null, t("segments.bands.sentence", { top: percent(top.to / 100, 0), share: percent(top.share, 0) })),
    table({
      caption: t("segments.bands"), class: "small",
      columns: [{ text: t("segments.band") }, { text: t("segments.size"), number: true }, { text: t("segments.lowest"), number: true }, { text: t("segments.sum"), number: true }, { text: t("segments.valueShare"), number: true }, { text: "", number: false }],
      rows: bands.map((/** @type {any} */ { from, to, size, lowest, value, share }, /** @type {number} */ band) => {
        const name = range(percent(from / 100, 0), percent(to / 100, 0));
        return [
          h("button", { type: "button", class: "link", onclick: () => show(band, t("behind.of", { of: t("segments.band"), what: name })) }, name), number(size), short(lowest), short(value), share === null ? "–" : percent(share),
          h("span", { class: "wide bar", "aria-hidden": "true" }, h("span", { style: { "inline-size": `${Math.max(0, Math.min(1, share ?? 0)) * 100}%` } })),
        ];
      }),
    }),
    tiers && h("p", { class: "note" }, t("segments.tiers", { high: short(tiers.high), low: short(tiers.low) })));
}
