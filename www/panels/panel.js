/** The frame of a panel: question, computed sentence, evidence, small print; busy, progress and errors. */
import { h, refill } from "./dom.js";

/**
 * @typedef {import("../i18n/index.js").I18n} I18n
 * @typedef {{
 *   i18n: I18n,
 *   summary: () => any,
 *   options: Record<string, any>,
 *   change: (options: Record<string, any>) => void,
 *   cancel: () => void,
 *   select: (ids: string[]) => void,
 *   records: (table: string, rows: ArrayLike<number>) => Promise<Record<string, string | null>[]>,
 *   ask: (method: "whatIf" | "rules" | "reps" | "dealsBehind" | "inBand", ...given: any[]) => Promise<any>,
 *   forecastByWeeks: (call: {signal: AbortSignal, onProgress: (progress: {share: number}) => void}) => Promise<any>,
 *   showDeals: undefined | ((shown: import("./deal-filters.js").Shown) => void),
 *   openDetails: (drawer: {title: string, content: Node[]}) => void,
 *   remap: (mapping: any) => void,
 *   workingHours: () => number | undefined,
 *   setWorkingTime: (working: string | undefined) => void,
 *   offending: (finding: {code: string, table: string, column: string | null}) => Promise<string>,
 * }} Context
 *   `options` of the analysis and of the view; `change` merges into them, asks again where the analysis needs it. `ask` calls
 *   the engine, and the newest call of a method wins; `forecastByWeeks` gives the forecast with hazards where there are any. `remap` reads the
 *   same sources by another mapping, `setWorkingTime` by other hours (as in `working-time.js`; nothing: all days count); `offending` is the CSV text of the rows behind a finding. `showDeals` narrows the list of open deals, where it is on the page.
 */

/** Progress shows after so long; shorter work would only flicker. */
const PATIENCE_MS = 300;

/**
 * @param {Context} context
 * @param {string} name
 */
export function panel({ i18n, cancel }, name) {
  const { t } = i18n;
  const sentence = h("p", { class: "sentence", "aria-live": "polite", dataset: { testid: `${name}-sentence` } });
  const bar = h("progress", { max: 1, "aria-label": t("busy") });
  const progress = h("div", { class: "progress", hidden: true }, bar, h("button", { type: "button", onclick: cancel }, t("cancel")));
  const body = h("div", { class: "body" });
  const message = h("div", { class: "message", role: "status", hidden: true });
  const element = h("section", { class: `panel ${name}`, id: name, "aria-labelledby": `${name}-question`, dataset: { state: "busy", testid: `panel-${name}` } },
    h("header", null, h("h2", { id: `${name}-question` }, t(`${name}.question`)), progress),
    sentence, message, body);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;
  /** Whether what is shown was computed from other data. */
  let isOfOthers = false;

  function state(/** @type {"busy" | "ready" | "error"} */ value) {
    element.dataset.state = value;
    element.setAttribute("aria-busy", String(value === "busy"));
    clearTimeout(patience);
    progress.hidden = true;
    if (value !== "busy") return;
    bar.removeAttribute("value");
    patience = setTimeout(() => (progress.hidden = false), PATIENCE_MS);
  }

  const retry = () => h("button", { type: "button", onclick: () => element.dispatchEvent(new CustomEvent("crm-retry", { bubbles: true, detail: name })) }, t("retry"));

  return {
    element,
    body,
    busy: () => state("busy"),
    /** The data are others: what is shown stays until they are answered, and goes where they have no answer. */
    otherData: () => void (isOfOthers = true),
    /** @param {{share: number}} at */
    progress: ({ share }) => (bar.value = share),
    /** @param {...any} content */
    ready(...content) {
      state("ready");
      element.dataset.answered = "";
      isOfOthers = false;
      message.hidden = true;
      body.hidden = false;
      delete element.dataset.code;
      refill(sentence, ...content);
    },
    /** @param {{code: string, message: string, details?: any}} error */
    error(error) {
      state("error");
      element.dataset.answered = "";
      const missing = error.code === "missing_table" || error.code === "missing_role";
      const few = error.code === "too_few" && i18n.has(`${name}.few`);
      element.dataset.code = error.code;
      refill(sentence, missing ? t(`${name}.missing`) : few ? t(`${name}.few`) : t("error.title"));
      refill(message, errorText(i18n, error, missing).slice(few ? 1 : 0), !missing && !few && retry());
      message.hidden = error.code === "missing_table";
      if (!body.hasChildNodes() || missing || isOfOthers) body.hidden = true;
    },
    /** The last result stays as it was; nothing new is under way. */
    stopped() {
      if (element.dataset.code) return state("error");
      state(body.hasChildNodes() ? "ready" : "error");
      if (body.hasChildNodes()) return;
      refill(sentence, t("error.cancelled"));
      refill(message, retry());
      message.hidden = false;
    },
  };
}

/**
 * What went wrong, in words; the code and the program's own words stand behind it.
 *
 * @param {I18n} i18n
 * @param {{code: string, message: string, details?: any}} error
 * @param {boolean} [calm] the message of the program adds nothing
 */
export function errorText({ t, has }, error, calm = false) {
  const key = `error.${error.code}`;
  const details = Object.fromEntries(Object.entries(error.details ?? {}).map(([name, value]) => [name, has(`${name}.${value}`) ? t(`${name}.${value}`) : value]));
  const known = has(key) ? t(key, details) : t("error.other");
  return [h("p", null, known), !calm && h("details", { class: "quiet" }, h("summary", null, t("error.details")), h("p", { class: "note", dir: "ltr" }, h("code", null, error.code), ` ${error.message}`))];
}

/**
 * A key number: label above, value, and its interval or remark below.
 *
 * @param {{label: string, value: string | Node, raw?: number | null, testid?: string, note?: string | Node, outcome?: string}} given
 */
export function keyNumber({ label, value, raw, testid, note, outcome }) {
  return h("div", { class: "key-number" },
    h("dt", null, outcome && h("span", { class: `swatch ${outcome}`, "aria-hidden": "true" }), label),
    h("dd", { class: "value", dataset: { ...(testid ? { testid } : {}), value: raw ?? "" } }, value),
    note && h("dd", { class: "note" }, note));
}

/**
 * “95 %: 67–70, n = 8,300”
 *
 * @param {I18n} i18n
 * @param {{low: number | null, high: number | null, n?: number}} estimate
 * @param {import("../i18n/durations.js").Format} format
 * @param {number} [level]
 */
export function intervalText({ t, percent, between }, { low, high, n }, format, level = 0.95) {
  const ends = between(low, high, format);
  return n === undefined ? t("intervalOnly", { level: percent(level, 0), range: ends }) : t("interval", { level: percent(level, 0), range: ends, count: n });
}

/**
 * A share, with its interval below it.
 *
 * @param {I18n} i18n
 * @param {{value: number, low: number, high: number, n?: number}} estimate
 * @param {number} [level]
 */
export function shareWithInterval(i18n, estimate, level) {
  const { percent, between } = i18n;
  return h("span", { class: "estimate", title: intervalText(i18n, estimate, percent, level) }, percent(estimate.value), " ", h("span", { class: "note" }, between(estimate.low, estimate.high, percent)));
}
