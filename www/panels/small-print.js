/** Definition, what was left out and why, as_of, version, seed, options: one click away in every panel. */
import { h } from "./dom.js";

/**
 * @param {import("../i18n/index.js").I18n} i18n
 * @param {any} meta `Meta`
 * @param {string[]} definitions keys of sentences
 */
export function smallPrint(i18n, meta, definitions) {
  const { t, number } = i18n;
  const facts = /** @type {[string, any][]} */ ([
    [t("print.asOf"), i18n.day(meta.asOf)],
    [t("print.rowsUsed"), number(meta.rowsUsed)],
    [t("print.version"), meta.version],
    meta.seed !== null && meta.seed !== undefined && [t("print.seed"), number(meta.seed)],
    [t("print.options"), h("code", { dir: "ltr" }, JSON.stringify(meta.options))],
  ].filter(Boolean));
  return h("details", { class: "quiet small-print" },
    h("summary", null, t("print.title")),
    definitions.map((key) => h("p", null, t(key))),
    h("h3", null, t("print.leftOut")),
    leftOutList(i18n, meta.rowsLeftOut),
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value)))));
}

/**
 * @param {import("../i18n/index.js").I18n} i18n
 * @param {any[]} leftOut `LeftOut[]`
 */
export function leftOutList({ t, has, number, list }, leftOut) {
  if (!leftOut?.length) return h("p", null, t("print.nothingLeftOut"));
  return h("ul", { class: "left-out" }, leftOut.map(({ table, reason, count, exampleLines, exampleValues }) => {
    const key = `leftOut.${reason}`;
    const values = [...new Set(exampleValues ?? [])].slice(0, 3);
    return h("li", null,
      t(has(key) ? key : "leftOut.other", { count, table: tableName({ t, has }, table), reason: reason.replaceAll("_", " ") }),
      exampleLines?.length ? h("span", { class: "note" }, ` ${t("print.lines", { lines: exampleLines.slice(0, 5).map(number).join(", ") })}`) : null,
      values.length ? h("span", { class: "note" }, ` ${t("print.values", { values: list(values) })}`) : null);
  }));
}

/**
 * @param {{t: (key: string) => string, has: (key: string) => boolean}} i18n
 * @param {string} table
 */
export const tableName = ({ t, has }, table) => (has(`table.${table}`) ? t(`table.${table}`) : table);
