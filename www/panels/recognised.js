/** What was recognised, as one sentence with “Change”; the instant of the analysis; what could not be read. */
import { h, refill } from "./dom.js";
import { leftOutList } from "./small-print.js";

/**
 * @param {{i18n: import("../i18n/index.js").I18n, onchange: () => void, onAsOf: (asOf: string | undefined) => void, onQuality: () => void}} given
 */
export function recognised({ i18n, onchange, onAsOf, onQuality }) {
  const { t } = i18n;
  const text = h("p", { class: "recognised", "aria-live": "polite", dataset: { testid: "recognised" } });
  const change = h("button", { type: "button", onclick: onchange, dataset: { testid: "change-mapping" } }, t("change"));
  const date = h("input", { type: "date", onchange: () => date.value && onAsOf(date.value), dataset: { testid: "as-of" } });
  const reset = h("button", { type: "button", class: "link", onclick: () => onAsOf(undefined) }, t("asOf.reset"));
  const origin = h("span", { class: "note" });
  const strip = h("div", { class: "quality-strip", dataset: { testid: "quality-strip" } });
  const element = h("section", { class: "recognised-strip", "aria-label": t("recognised.title") },
    h("div", { class: "toolbar" }, text, change),
    h("div", { class: "toolbar" }, h("label", { class: "field" }, h("span", null, t("asOf.label")), date), origin, reset),
    strip);

  return {
    element,
    /** @param {any} summary */
    update(summary) {
      refill(text, recognisedText(i18n, summary));
      const dated = Number.isFinite(summary.asOf);
      date.value = dated ? i18n.isoDay(summary.asOf) : "";
      origin.textContent = dated ? `${i18n.date(summary.asOf)} · ${t(`asOf.${summary.asOfFrom}`)}` : t("unknown");
      reset.hidden = summary.asOfFrom !== "option";
    },
    /** @param {any} summary @param {any[]} findings */
    quality(summary, findings) {
      const unread = summary.leftOut.reduce((/** @type {number} */ sum, /** @type {any} */ { count }) => sum + count, 0);
      const unreadable = summary.leftOut.every((/** @type {any} */ { reason }) => reason.startsWith("unreadable"));
      const others = findings.filter(({ code, table }) => !summary.leftOut.some((/** @type {any} */ left) => left.reason === code && left.table === table));
      const serious = others.filter(({ severity }) => severity !== "info");
      refill(strip,
        unread > 0 && h("details", { class: "quiet" }, h("summary", null, t(unreadable ? "quality.unread" : "quality.unused", { count: unread })), leftOutList(i18n, summary.leftOut)),
        others.length > 0 && h("button", { type: "button", class: "link note", onclick: onQuality, dataset: { testid: "to-quality" } },
          t(serious.length ? "quality.findings" : "quality.remarks", { count: serious.length || others.length })));
    },
  };
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} summary */
export function recognisedText(i18n, { counts, tables, firstInstant, lastInstant, historyForm, historyLacks = [], crm, crmRivals, notes }) {
  const { t, month, range, list } = i18n;
  const span = firstInstant === null || lastInstant === null ? null : range(month(firstInstant), month(lastInstant));
  const parts = [
    crm && t("recognised.crm", { crm }),
    counts.deals > 0 && t("recognised.deals", { count: counts.deals }),
    // Without a file of orders, won deals stand for them.
    (counts.orders > 0 && (counts.deals === 0 || tables.some((/** @type {any} */ { table }) => table === "orders"))) && t("recognised.orders", { count: counts.orders }),
    counts.customers > 0 && t("recognised.customers", { count: counts.customers }),
    counts.interactions > 0 && t("recognised.interactions", { count: counts.interactions }),
    span,
    counts.deals > 0 && counts.stages > 0 && t("recognised.stages", { count: counts.stages }),
    counts.deals > 0 && t(historyForm ? "recognised.history" : "recognised.noHistory", { count: counts.passages }),
    ...historyLacks.map((/** @type {string} */ code) => t(`recognised.lacks.${code}`)),
    notes?.includes("closed_at_may_be_expected") && t("recognised.expectedClose"),
    notes?.includes("amounts_converted") && t("recognised.converted"),
    crmRivals?.length && t("recognised.rivals", { systems: crmRivals.join(t("comma")) }),
  ].filter(Boolean);
  return parts.length ? parts.join(t("comma")) : t("recognised.nothing");
}
