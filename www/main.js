/** The page around `<crm-dashboard>`: where the data come from, language, digits, theme, and all of it in the URL. */
import "./dashboard.js";
import { open } from "./engine.js";
import { LANGUAGE_NAMES, language } from "./i18n/index.js";
import { h, refill } from "./panels/dom.js";
import { workingTimeOf } from "./working-time.js";

const MAVEN = "./data/maven/";
/** @type {Record<string, () => any>} */
const SOURCES = {
  maven: () => ({ deals: `${MAVEN}sales_pipeline.csv`, customers: `${MAVEN}accounts.csv`, dimensions: [`${MAVEN}products.csv`, `${MAVEN}sales_teams.csv`] }),
  retail: () => ({ orders: "./data/online-retail-orders.csv" }),
  simulated: () => ({ simulate: { deals: 10_000, seed: 1 } }),
  million: () => ({ simulate: { deals: 1_000_000, seed: 1 } }),
  files: () => (files.length ? { files } : SOURCES.maven()),
};
/** Part of the state and where it lives in the URL; views of panels go below the name of their analysis. */
const VIEWS = ["funnel", "forecast", "pipeline", "segments"];
const PATIENCE_MS = 300;

const dashboard = /** @type {import("./dashboard.js").CrmDashboard} */ (document.querySelector("crm-dashboard"));
const header = /** @type {HTMLElement} */ (document.getElementById("page-header"));
const footer = /** @type {HTMLElement} */ (document.getElementById("page-footer"));
/** @type {File[]} */ let files = [];
/** @type {Record<string, any>} */ let state = {};
/** @type {AbortController | undefined} */ let opening;
/** @type {string | undefined} */ let opened;
/** @type {any} */ let i18n;

const picker = h("input", { type: "file", multiple: true, hidden: true, accept: ".csv,.tsv,.txt,.json,.jsonl,.ndjson,.xlsx,.parquet,.arrow,.feather,.gz", onchange: () => (takeFiles([...picker.files]), (picker.value = "")) });
const bar = h("progress", { max: 1 });
const phase = h("span");
const cancel = h("button", { type: "button", onclick: () => opening?.abort() });
const loading = h("div", { class: "loading", hidden: true, role: "status" }, phase, bar, cancel);
const drop = h("div", { class: "drop", hidden: true });
document.body.append(picker, drop);

/** @returns {Record<string, any>} */
function stateOfUrl() {
  const query = new URLSearchParams(location.search);
  const source = query.get("source") ?? "maven";
  /** @type {Record<string, any>} */
  const read = {
    source: source in SOURCES && (source !== "files" || files.length) ? source : "maven",
    lang: query.get("lang") ?? navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in LANGUAGE_NAMES) ?? "en",
    digits: query.get("digits") === "latn" ? "latn" : "auto",
    calendar: query.get("calendar") ?? "auto",
    theme: query.get("theme") ?? "auto",
    asOf: query.get("asOf") ?? undefined,
    timeZone: query.get("timeZone") ?? undefined,
  };
  for (const view of VIEWS) read[view] = {};
  for (const [key, value] of query) {
    const [view, option] = key.split(".");
    if (option && VIEWS.includes(view)) read[view][option] = value;
  }
  return read;
}

/** @param {Record<string, any>} changes */
function change(changes) {
  const before = location.search;
  Object.assign(state, changes);
  const query = new URLSearchParams();
  query.set("source", state.source);
  query.set("lang", state.lang);
  if (state.digits !== "auto") query.set("digits", state.digits);
  if (state.calendar !== "auto") query.set("calendar", state.calendar);
  if (state.theme !== "auto") query.set("theme", state.theme);
  if (state.asOf) query.set("asOf", state.asOf);
  if (state.timeZone) query.set("timeZone", state.timeZone);
  for (const view of VIEWS) for (const [option, value] of Object.entries(state[view])) if (value !== undefined && value !== "") query.set(`${view}.${option}`, value);
  if (`?${query}` !== before) history.pushState(null, "", `?${query}`);
}

/** Other data start without the views of the last ones. */
const fresh = () => ({ asOf: undefined, ...Object.fromEntries(VIEWS.map((view) => [view, {}])) });

/** Only one calendar changes how files are read: it takes the years from 1300 to 1499 for its own. */
const lunar = () => (state.calendar === "umm-al-qura" ? state.calendar : undefined);
const dataWanted = () => JSON.stringify([state.source, state.asOf, state.timeZone, lunar(), state.funnel.working, state.source === "files" && files.map((file) => [file.name, file.size, file.lastModified])]);

async function apply() {
  document.documentElement.dataset.theme = state.theme;
  dashboard.options = Object.fromEntries(VIEWS.map((view) => [view, { ...state[view] }]));
  i18n = await language(state.lang, { digits: state.digits });
  document.documentElement.lang = i18n.lang;
  document.documentElement.dir = i18n.dir;
  document.title = i18n.t("page.title");
  const same = dashboard.getAttribute("lang") === i18n.lang && (dashboard.getAttribute("digits") ?? "auto") === state.digits && (dashboard.getAttribute("calendar") ?? "auto") === state.calendar;
  dashboard.setAttribute("lang", i18n.lang);
  if (state.digits === "auto") dashboard.removeAttribute("digits");
  else dashboard.setAttribute("digits", state.digits);
  if (state.calendar === "auto") dashboard.removeAttribute("calendar");
  else dashboard.setAttribute("calendar", state.calendar);
  draw();
  const wanted = dataWanted();
  if (wanted === opened) return same ? dashboard.refresh() : undefined;
  await load(wanted);
}

/** @param {string} wanted */
async function load(wanted) {
  opening?.abort();
  const turn = (opening = new AbortController());
  const patience = setTimeout(() => (loading.hidden = false), PATIENCE_MS);
  bar.removeAttribute("value");
  phase.textContent = i18n.t("phase.read");
  dashboard.busy();
  dashboard.showError();
  opened = wanted;
  try {
    const engine = await open({ ...SOURCES[state.source](), asOf: state.asOf, timeZone: state.timeZone ?? "local", calendar: lunar(), workingTime: workingTimeOf(state.funnel.working) }, {
      signal: turn.signal,
      onProgress: (at) => {
        bar.value = at.share;
        phase.textContent = i18n.t(at.phase === "read" ? "phase.read" : "phase.load");
      },
    });
    if (turn !== opening) return engine.dispose();
    const last = dashboard.engine;
    dashboard.asOf = state.asOf;
    dashboard.engine = engine;
    last?.dispose();
  } catch (error) {
    if (turn !== opening) return;
    opened = undefined;
    dashboard.stopped();
    if (/** @type {any} */ (error).code !== "cancelled") dashboard.showError(error);
  } finally {
    clearTimeout(patience);
    if (turn === opening) loading.hidden = true;
  }
}

function draw() {
  const { t } = i18n;
  const set = (/** @type {Record<string, any>} */ changes) => {
    change(changes);
    apply();
  };
  const select = (/** @type {string} */ label, /** @type {string} */ name, /** @type {[string, string][]} */ options) => {
    const element = h("select", { onchange: () => set({ [name]: element.value }), dataset: { testid: name } }, options.map(([value, text]) => h("option", { value, selected: state[name] === value }, text)));
    return h("label", null, label, element);
  };
  const source = (/** @type {string} */ name) => h("button", {
    type: "button", "aria-pressed": String(state.source === name), dataset: { testid: `source-${name}` },
    onclick: () => (name === "files" ? picker.click() : set({ source: name, ...fresh() })),
  }, t(`source.${name}`));
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.testid;
  refill(header,
    h("div", { class: "title" },
      h("div", null, h("h1", null, t("page.title")), h("p", { class: "claim" }, t("page.claim"))),
      h("div", { class: "settings" },
        select(t("page.language"), "lang", /** @type {[string, string][]} */ (Object.entries(LANGUAGE_NAMES))),
        i18n.lang !== "en" && select(t("page.digits"), "digits", [["auto", t("digits.auto")], ["latn", t("digits.latn")]]),
        select(t("page.calendar"), "calendar", ["auto", "gregorian", "jalali", "umm-al-qura"].map((name) => [name, t(`calendar.${name}`)])),
        select(t("page.theme"), "theme", [["auto", t("theme.auto")], ["light", t("theme.light")], ["dark", t("theme.dark")]]))),
    h("nav", { class: "sources", "aria-label": t("page.sources") }, Object.keys(SOURCES).map(source), h("span", { class: "note" }, t("page.drop"))),
    loading);
  if (focused) /** @type {HTMLElement | null} */ (header.querySelector(`[data-testid="${focused}"]`))?.focus();
  cancel.textContent = t("cancel");
  bar.setAttribute("aria-label", t("busy"));
  drop.textContent = t("page.dropHere");
  /** @type {HTMLElement} */ (document.querySelector(".skip")).textContent = t("page.skip");
  refill(footer, h("p", null, t(`source.${state.source}.note`)), h("p", null, t("page.privacy")));
}

/** @param {File[]} taken */
function takeFiles(taken) {
  if (!taken.length) return;
  files = taken;
  change({ source: "files", ...fresh() });
  apply();
}

let depth = 0;
const carriesFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => carriesFiles(event) && (event.preventDefault(), depth++, (drop.hidden = false)));
addEventListener("dragleave", (event) => carriesFiles(event) && --depth <= 0 && ((depth = 0), (drop.hidden = true)));
addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  drop.hidden = true;
  takeFiles([...(event.dataTransfer?.files ?? [])]);
});
addEventListener("popstate", () => {
  state = stateOfUrl();
  apply();
});
dashboard.addEventListener("crm-options", (event) => {
  const { analysis, options, asOf } = /** @type {CustomEvent} */ (event).detail;
  const wasOpen = opened === dataWanted();
  change(analysis ? { [analysis]: { ...options } } : { asOf });
  // The dashboard has read the data anew by itself.
  if (wasOpen) opened = dataWanted();
});
dashboard.addEventListener("crm-cancel", () => opening?.abort());

/** Fetches what a later click needs, so that the page works offline from then on. */
async function prefetch() {
  await Promise.all([...Object.keys(LANGUAGE_NAMES).map((lang) => language(lang)), import("./panels/mapping.js")]);
}

state = stateOfUrl();
apply().then(prefetch);
