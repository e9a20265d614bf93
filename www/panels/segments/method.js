/** How groups are found: the switch, what it means, and what it says about single customers. */
import { choice, h, table } from "../dom.js";

/** @typedef {import("../../i18n/index.js").I18n} I18n */

/** As `Segment` labels have it: no group. */
const NONE = 4294967295;
/** Customers listed at most; the CSV file has all. */
const LISTED = 10;

export const METHODS = /** @type {const} */ (["kmeans", "mixture", "density"]);

/** @param {I18n} i18n @param {string} method @param {(method: string) => void} onchange */
export function methodChoice({ t }, method, onchange) {
  return choice({ label: t("segments.method"), value: method, testid: "segments-method", onchange, options: METHODS.map((name) => [name, t(`segments.method.${name}`)]) });
}

/** What can be put into groups: what the data hold. @param {I18n} i18n @param {any} summary @param {string} of @param {(of: string) => void} onchange */
export function subjectChoice({ t }, { tables, mapping }, of, onchange) {
  const has = (/** @type {string} */ kind) => tables.some((/** @type {any} */ { table: name }) => name === kind);
  const named = has("deals") && Boolean(mapping?.deals?.customer_id);
  // Won deals stand for orders where there are none.
  const there = { orders: has("orders") || named, customers: has("customers"), accounts: named, deals: has("deals") };
  const options = Object.entries(there).filter(([name, is]) => is || name === of).map(([name]) => /** @type {[string, string]} */ ([name, t(`segments.what.${name}`)]));
  return options.length > 1 && choice({ label: t("segments.what"), value: of, testid: "segments-of", onchange, options });
}

/** The number of groups: a slider that answers while it is moved, and back to the automatic one. @param {I18n} i18n @param {any} result @param {(k: number | undefined) => void} onchange */
export function numberSlider({ t, number }, { k, chosenBy }, onchange) {
  const shown = h("output", { class: "strong" }, number(k));
  const slider = h("input", {
    type: "range", min: 2, max: 10, value: Math.max(2, Math.min(10, k)), dataset: { testid: "segments-k-slider" }, "aria-label": t("segments.k"),
    oninput: () => { shown.textContent = number(Number(slider.value)); onchange(Number(slider.value)); },
  });
  return h("div", { class: "field slider" }, h("span", null, t("segments.k")), slider, shown,
    h("button", { type: "button", disabled: chosenBy !== "option", onclick: () => onchange(undefined) }, t("segments.auto")));
}

/** Customers between two groups. @param {I18n} i18n @param {any} result @param {{nameOf: (index: number) => string, open: (row: number) => void}} given */
export function betweenGroups({ t, number, percent }, { soft, ids, labels }, { nameOf, open }) {
  if (!soft) return null;
  const rows = Array.from(soft.probability, (_, row) => row).filter((row) => soft.probability[row] < 0.6 && soft.second[row] !== NONE);
  rows.sort((a, b) => soft.probability[a] - soft.probability[b] || a - b);
  return h("div", { class: "found", dataset: { testid: "segments-soft", unsure: soft.unsure } }, h("h3", null, t("segments.soft")),
    h("p", null, soft.unsure === 0 ? t("segments.soft.none") : t("segments.soft.some", { count: soft.unsure, all: number(ids.length) })),
    rows.length > 0 && table({
      caption: t("segments.soft"), class: "small",
      columns: [{ text: t("segments.id") }, { text: t("segments.group") }, { text: t("segments.probability"), number: true }, { text: t("segments.second") }, { text: t("segments.probability"), number: true }],
      rows: rows.slice(0, LISTED).map((row) => [customer(ids[row], () => open(row)), nameOf(labels[row]), percent(soft.probability[row], 0), nameOf(soft.second[row]), percent(soft.secondProbability[row], 0)]),
    }),
    rows.length > LISTED && h("p", { class: "note" }, t("segments.listed", { count: LISTED, all: number(rows.length) })));
}

/** Customers like no others. @param {I18n} i18n @param {any} result @param {(row: number) => void} open */
export function outliers({ t, number, fixed }, { dense, ids }, open) {
  if (!dense) return null;
  const rows = /** @type {number[]} */ (Array.from(dense.outliers));
  return h("div", { class: "found", dataset: { testid: "segments-outliers", count: rows.length } }, h("h3", null, t("segments.outliers")),
    h("p", null, rows.length ? t("segments.outliers.some", { count: rows.length, all: number(ids.length) }) : t("segments.outliers.none"),
      " ", h("span", { class: "note" }, t(dense.radiusIsLearnt ? "segments.outliers.rule" : "segments.outliers.given", { radius: fixed(dense.radius, 2), count: dense.minWeight }))),
    rows.length > 0 && table({
      caption: t("segments.outliers"), class: "small",
      columns: [{ text: t("segments.id") }, { text: t("segments.distance"), number: true }],
      rows: rows.slice(0, LISTED).map((row, at) => [customer(ids[row], () => open(row)), fixed(dense.distance[at], 1)]),
    }),
    rows.length > LISTED && h("p", { class: "note" }, t("segments.listed", { count: LISTED, all: number(rows.length) })));
}

/** @param {string} id @param {() => void} onclick */
const customer = (id, onclick) => h("button", { type: "button", class: "link", onclick }, h("bdi", null, id));
