/** “What should be mended in the data first?” Scores by analysis, faults by effect, the rows behind each as a file, levels to merge. */
import { download } from "./csv.js";
import { h, refill, table } from "./dom.js";
import { panel } from "./panel.js";
import { smallPrint, tableName } from "./small-print.js";

/** @typedef {import("./panel.js").Context} Context */

const LIMITS = 3;

/** @param {Context} given */
export function qualityPanel(given) {
  const { i18n } = given;
  const { t } = i18n;
  const shell = panel(given, "quality");
  let remapped = false;
  /** @type {Context} */
  const context = { ...given, remap: (mapping) => ((remapped = true), given.remap(mapping)) };
  const scores = h("dl", { class: "key-numbers" });
  const faults = h("ol", { class: "faults" });
  const merged = h("div");
  const remarks = h("div");
  const print = h("div");
  const title = h("h3", null, t("quality.fixes"));
  /** Faults that the user opened: they stay open when the panel is drawn again. @type {Set<string>} */
  const opened = new Set();

  /** @param {any} result `QualityResult` */
  function update(result) {
    const { findings, fixes } = result;
    if (!shell.body.hasChildNodes()) shell.body.append(scores, h("section", null, title, faults), merged, remarks, print);
    shell.ready(...sentence(i18n, result));
    const elements = new Map(findings.map((/** @type {any} */ finding) => [keyOf(finding), fault(context, finding, opened)]));
    const show = (/** @type {string} */ code) => {
      const found = findings.find((/** @type {any} */ finding) => finding.code === code);
      const element = found && elements.get(keyOf(found));
      for (let outer = element; outer; outer = outer.parentElement?.closest("details")) outer.open = true;
      element?.querySelector("summary").focus();
    };
    refill(scores, result.scores.map((/** @type {any} */ score) => scoreNumber(i18n, score, findings, show)));
    title.hidden = !fixes.length;
    refill(faults, fixes.map((/** @type {any} */ fix) => h("li", null, elements.get(keyOf(findings[fix.finding])))));
    const others = findings.filter((/** @type {any} */ _, /** @type {number} */ at) => fixes.every((/** @type {any} */ fix) => fix.finding !== at));
    refill(remarks, others.length > 0 && h("details", { class: "quiet" }, h("summary", null, t("quality.remarks", { count: others.length })),
      h("ul", { class: "faults" }, others.map((/** @type {any} */ finding) => h("li", null, elements.get(keyOf(finding)))))));
    refill(merged, mergedList(context));
    // The button that asked for it is gone: the keyboard goes on from the new answer.
    if (remapped) {
      shell.element.tabIndex = -1;
      shell.element.focus({ preventScroll: true });
      remapped = false;
    }
    refill(print, smallPrint(i18n, result.meta, ["quality.definition.score", "quality.definition.costs", "quality.definition.thresholds"]));
  }

  const headline = (/** @type {any} */ { fixes }) => (fixes.length ? t("quality.headline", { count: fixes.length }) : t("quality.nothing"));
  return { ...shell, update, headline };
}

/** @param {any} finding */
const keyOf = ({ code, table, column }) => [code, table, column].join("\n");

/** @param {import("../i18n/index.js").I18n} i18n @param {any} result */
function sentence(i18n, { findings, fixes }) {
  const { t } = i18n;
  if (!fixes.length) return [t(findings.length ? "quality.sentenceRemarks" : "quality.sentenceNone", { count: findings.length })];
  const count = h("strong", { dataset: { testid: "quality-fixes", value: fixes.length } }, t("quality.headline", { count: fixes.length }));
  return [...i18n.parts("quality.sentence", { things: count, first: findingSentence(i18n, findings[fixes[0].finding]) })];
}

/** What stands there, or the evidence; days in their unit. @param {import("../i18n/index.js").I18n} i18n @param {any} finding @returns {string[]} */
const valuesOf = ({ days }, { code, exampleValues }) => (code === "skewed_durations" ? exampleValues.map((/** @type {string} */ value) => days(Number(value))) : exampleValues);

/**
 * What is wrong, in one sentence.
 *
 * @param {import("../i18n/index.js").I18n} i18n
 * @param {any} finding
 */
export function findingSentence(i18n, finding) {
  const { code, table: name, column, count, share } = finding;
  const exampleValues = valuesOf(i18n, finding);
  const { t, has, percent, list } = i18n;
  const of = tableName(i18n, name);
  const values = {
    count, column, share: percent(share), table: of, first: exampleValues[0], second: exampleValues[1],
    place: column ? t("quality.column", { table: of, column }) : of, code: code.replaceAll("_", " "), reason: code.replaceAll("_", " "),
    values: list([...new Set(exampleValues)].slice(0, 3).map(String)),
  };
  const key = [`finding.${code}.${name}`, `finding.${code}`, `leftOut.${code}`].find(has);
  return t(key ?? "finding.other", values);
}

/** @param {import("../i18n/index.js").I18n} i18n @param {any} score @param {any[]} findings @param {(code: string) => void} show */
function scoreNumber(i18n, { analysis, score, usable, of, limitedBy }, findings, show) {
  const { t, has } = i18n;
  const whole = score === null ? null : Math.round(score);
  const links = limitedBy.filter((/** @type {string} */ code) => findings.some((finding) => finding.code === code)).slice(0, LIMITS);
  return h("div", { class: "key-number score" },
    h("dt", null, t(`quality.score.${analysis}`)),
    h("dd", { class: "value", dataset: { testid: `quality-score-${analysis}`, value: score ?? "" } },
      whole === null ? t("quality.noScore") : t("quality.ofHundred", { score: whole }),
      whole !== null && h("span", { class: "bar", "aria-hidden": "true" }, h("span", { style: { "inline-size": `${whole}%` } }))),
    h("dd", { class: "note" }, whole === null ? t("glance.none") : t(`quality.uses.${analysis}`, { usable: Math.round(usable), of: Math.round(of) })),
    limitedBy.includes("too_few_closed") && h("dd", { class: "note" }, t("quality.tooFewClosed")),
    links.map((/** @type {string} */ code) => h("dd", null, h("button", { type: "button", class: "link note", onclick: () => show(code) },
      has(`flaw.${code}`) ? t(`flaw.${code}`) : code.replaceAll("_", " ")))));
}

/** @param {Context} context @param {any} finding @param {Set<string>} opened */
function fault(context, finding, opened) {
  const { i18n } = context;
  const { t, has } = i18n;
  const { code, severity, costs, fix, exampleLines } = finding;
  const key = keyOf(finding);
  const lost = costs.filter((/** @type {any} */ cost) => cost.lost && cost.rows > 0);
  const gained = lost.reduce((/** @type {any} */ most, /** @type {any} */ cost) => (!most || cost.rows > most.rows ? cost : most), undefined);
  const analysis = (/** @type {string} */ name) => (has(`analysis.${name}`) ? t(`analysis.${name}`) : name);
  const body = h("div", { class: "fault-body" });
  const fill = () => body.hasChildNodes() || body.append(...[
    has(`fix.${fix}`) && h("p", null, t(`fix.${fix}`)),
    costs.some((/** @type {any} */ { rows }) => rows > 0) && h("ul", { class: "left-out" }, costs.filter((/** @type {any} */ { rows }) => rows > 0).map((/** @type {any} */ cost) =>
      h("li", null, t(cost.lost ? "quality.lost" : "quality.misleads", { analysis: analysis(cost.analysis), count: cost.rows, of: cost.of })))),
    merges(context, finding),
    examples(i18n, exampleLines, valuesOf(i18n, finding)),
    save(context, finding),
  ].filter(Boolean));
  const element = h("details", {
    class: `fault ${severity}`, dataset: { testid: `finding-${code}`, count: finding.count, column: finding.column ?? "" },
    ontoggle: () => {
      if (element.open) fill();
      opened[element.open ? "add" : "delete"](key);
    },
  },
    h("summary", null, h("span", { class: "severity" }, t(`severity.${severity}`)), h("span", null, findingSentence(i18n, finding)),
      gained && h("span", { class: "note" }, t("quality.gain", { count: gained.rows, analysis: analysis(gained.analysis) }))),
    body);
  if (opened.has(key)) {
    fill();
    element.open = true;
  }
  return element;
}

/** Lines and values side by side where each line has one. @param {import("../i18n/index.js").I18n} i18n @param {number[]} lines @param {string[]} values */
function examples(i18n, lines, values) {
  const { t, number, list } = i18n;
  if (!lines.length && !values.length) return null;
  const caption = t("quality.examples");
  if (lines.length === values.length) {
    return table({
      caption, class: "small", columns: [{ text: t("quality.line"), number: true }, { text: t("map.value") }],
      rows: lines.map((line, at) => [number(line), h("bdi", null, values[at])]),
    });
  }
  return h("p", { class: "note" }, [
    values.length && t("print.values", { values: list([...new Set(values)].map(String)) }), lines.length && t("print.lines", { lines: lines.map(number).join(", ") }),
  ].filter(Boolean).join(" "));
}

/** @param {Context} context @param {any} finding */
function save({ i18n, offending }, finding) {
  const { t } = i18n;
  const told = h("span", { class: "note", role: "status" });
  const button = h("button", {
    type: "button", dataset: { testid: `save-${finding.code}` },
    onclick: async () => {
      button.disabled = true;
      try {
        download(`${[finding.table, finding.column, finding.code].filter(Boolean).join("-").replace(/[^\p{L}\p{N}._-]+/gu, "_")}.csv`, await offending(finding));
        told.textContent = t("quality.saved");
      } catch (error) {
        told.textContent = /** @type {Error} */ (error).message;
      }
      button.disabled = false;
    },
  }, t("quality.save", { count: finding.count }));
  return h("div", { class: "toolbar" }, button, told);
}

/** Levels that are probably one, each to be ticked; one button applies what is ticked. @param {Context} context @param {any} finding */
function merges({ i18n, summary, remap }, { code, column, nearMisses }) {
  const { t } = i18n;
  const pairs = nearMisses.filter((/** @type {any} */ { nearest }) => nearest !== null);
  if (!pairs.length || column === null) return null;
  const boxes = pairs.map(() => h("input", { type: "checkbox", checked: true, onchange: () => (apply.disabled = boxes.every((/** @type {any} */ box) => !box.checked)) }));
  const apply = h("button", {
    type: "button", class: "primary", dataset: { testid: `merge-${code}` },
    onclick: () => {
      const mapping = structuredClone(summary().mapping);
      const same = ((mapping.same ??= {})[column] ??= {});
      pairs.forEach((/** @type {any} */ { value, nearest }, /** @type {number} */ at) => boxes[at].checked && (same[value] = nearest));
      remap(mapping);
    },
  }, t("quality.merge"));
  return h("fieldset", { class: "merges" }, h("legend", null, t("quality.mergeThese")),
    pairs.map((/** @type {any} */ { value, nearest, count }, /** @type {number} */ at) => h("label", { class: "check" }, boxes[at], h("span", null, t("map.same", { value, nearest, count })))),
    h("div", null, apply));
}

/** What the user merged, to be taken back. @param {Context} context */
function mergedList({ i18n, summary, remap }) {
  const { t } = i18n;
  const same = /** @type {[string, Record<string, string>][]} */ (Object.entries(summary().mapping.same ?? {}));
  const pairs = same.flatMap(([column, levels]) => Object.entries(levels).map(([value, nearest]) => ({ column, value, nearest })));
  if (!pairs.length) return null;
  return h("details", { class: "quiet", dataset: { testid: "quality-merged" } }, h("summary", null, t("quality.merged", { count: pairs.length })),
    h("ul", { class: "left-out" }, pairs.map(({ column, value, nearest }) => h("li", null, t("quality.mergedPair", { column, value, nearest }), " ",
      h("button", {
        type: "button", class: "link", "aria-label": t("quality.splitOne", { value }),
        onclick: () => {
          const mapping = structuredClone(summary().mapping);
          delete mapping.same[column][value];
          remap(mapping);
        },
      }, t("quality.split"))))));
}
