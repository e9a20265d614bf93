/**
 * `<crm-dashboard>`: what was recognised and the five panels, for one handle of the engine. `<crm-funnel>`, `<crm-forecast>`,
 * `<crm-pipeline>`, `<crm-segments>` and `<crm-quality>`: one panel each.
 *
 * Attributes: `lang`, `time-zone` (IANA name; that of the browser when missing), `digits` ("latn": European ones), `calendar` (that of the data or the language when missing), `deals`, `history`, `customers`, `orders`, `interactions` (URLs), `dimensions` (URLs, space-separated).
 * Properties: `engine` (a handle of `open`), `options` (of the panels, by analysis), `asOf`.
 * Events: `crm-select` (`detail.ids`), `crm-result` (`detail.analysis`, `detail.result`), `crm-error` (`detail.error`), `crm-options`.
 */
import { open } from "./engine.js";
import { retheme } from "./charts/retheme.js";
import { calendarOf, language } from "./i18n/index.js";
import { h, refill } from "./panels/dom.js";
import { drawer } from "./panels/drawer.js";
import { glance } from "./panels/glance.js";
import { errorText } from "./panels/panel.js";
import { recognised } from "./panels/recognised.js";
import { KEPT } from "./panels/segments/comparison.js";
import { styles } from "./panels/styles.js";
import { hoursOf, workingTimeOf } from "./working-time.js";

/** @typedef {"funnel" | "forecast" | "pipeline" | "segments" | "quality"} Analysis */

const PANELS = {
  funnel: async () => (await import("./panels/funnel.js")).funnelPanel,
  forecast: async () => (await import("./panels/forecast.js")).forecastPanel,
  pipeline: async () => (await import("./panels/pipeline.js")).pipelinePanel,
  segments: async () => (await import("./panels/segments.js")).segmentsPanel,
  quality: async () => (await import("./panels/quality.js")).qualityPanel,
};
const SOURCES = ["deals", "history", "customers", "orders", "interactions"];
/** Deals listed with all their reasons; of the others the result holds the strongest. */
const LISTED = 2500;
/** What of a panel's options the analysis itself needs; the rest concerns the view. @type {Record<Analysis, (options: any, calendar: string) => object>} */
const REQUESTS = {
  funnel: ({ period, groupBy }, calendar) => ({ ...(period && { period }), ...(groupBy && { groupBy }), calendar }),
  forecast: () => ({ listed: LISTED }),
  pipeline: ({ period, quota }, calendar) => ({ ...(period && { period }), ...(Number(quota) > 0 && { quota: Number(quota) }), calendar }),
  segments: ({ k, method, of, [KEPT]: kept }) => ({ ...(of && { of }), ...(method && { method }), ...(k && method !== "density" && { k: Number(k) }), ...(kept && { previous: kept.recipe }) }),
  quality: () => ({}),
};
const IGNORED = new Set(["cancelled", "superseded", "disposed"]);

class CrmElement extends HTMLElement {
  static observedAttributes = ["lang", "digits", "calendar", ...SOURCES, "dimensions"];
  /** @type {Analysis[]} */ static analyses = ["funnel", "forecast", "pipeline", "segments", "quality"];
  static whole = false;

  /** Options of the panels by analysis. @type {Record<string, Record<string, any>>} */ options = {};
  /** @type {any} */ #engine;
  #owned = false;
  /** @type {import("./i18n/index.js").I18n | undefined} */ #i18n;
  /** @type {Record<string, any>} */ #panels = {};
  /** @type {Record<string, any>} */ #results = {};
  /** @type {Record<string, AbortController>} */ #running = {};
  /** @type {ReturnType<typeof recognised> | undefined} */ #recognised;
  /** @type {ReturnType<typeof glance> | undefined} */ #glance;
  /** @type {ReturnType<typeof drawer> | undefined} */ #drawer;
  #message = h("div", { class: "message", role: "alert", hidden: true });
  #opening = 0;
  #rendering = 0;
  /** @type {any} */ #mapping;
  /** The summary whose open questions were put to the user. @type {any} */ #asked;
  #watching = new AbortController();

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).adoptedStyleSheets = [styles()];
  }

  connectedCallback() {
    this.#watching = new AbortController();
    const { signal } = this.#watching;
    const repaint = () => requestAnimationFrame(() => this.shadowRoot && retheme(this.shadowRoot));
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) matchMedia(query).addEventListener("change", repaint, { signal });
    const observer = new MutationObserver(repaint);
    for (const target of [document.documentElement, document.body, this]) observer.observe(target, { attributeFilter: ["class", "style", "data-theme", "data-mode"] });
    signal.addEventListener("abort", () => observer.disconnect());
    this.shadowRoot?.addEventListener("crm-retry", (event) => this.#ask(/** @type {any} */ (event).detail), { signal });
    this.#render().then(() => this.#openAttributes());
  }

  disconnectedCallback() {
    this.#watching.abort();
    for (const running of Object.values(this.#running)) running.abort();
  }

  /** @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (name === "lang" || name === "digits" || name === "calendar") this.#render(true);
    else this.#openAttributes();
  }

  get engine() {
    return this.#engine;
  }

  set engine(engine) {
    if (this.#owned && this.#engine !== engine) this.#engine?.dispose();
    this.#owned = false;
    this.#mapping = undefined;
    this.#use(engine);
  }

  /** Words of an error above the panels; the last results stay. @param {any} [error] */
  showError(error) {
    this.#message.hidden = !error;
    this.#message.dataset.code = error?.code ?? "";
    if (error && this.#i18n) refill(this.#message, errorText(this.#i18n, error));
    if (error) this.#emit("crm-error", { error });
  }

  /** Marks everything as being computed anew. */
  busy() {
    for (const panel of Object.values(this.#panels)) panel.busy();
  }

  /** Takes the last results as they are again. */
  stopped() {
    for (const [name, panel] of Object.entries(this.#panels)) if (!this.#running[name]) panel.stopped();
  }

  /** Draws the panels again with the present `options`, and asks for what they change. */
  refresh() {
    return this.#render(true);
  }

  /** @param {any} engine */
  #use(engine) {
    for (const running of Object.values(this.#running)) running.abort();
    this.#engine = engine;
    this.#results = {};
    for (const panel of Object.values(this.#panels)) panel.otherData();
    /** @type {HTMLDialogElement | null | undefined} */ (this.shadowRoot?.querySelector("dialog.mapping"))?.close();
    this.showError();
    if (this.#i18n) this.#start();
  }

  /** Opens what the attributes name. */
  async #openAttributes() {
    const sources = Object.fromEntries(SOURCES.filter((name) => this.hasAttribute(name)).map((name) => [name, this.getAttribute(name)]));
    if (!Object.keys(sources).length || !this.isConnected) return;
    const dimensions = this.getAttribute("dimensions")?.split(/\s+/).filter(Boolean);
    const turn = ++this.#opening;
    this.busy();
    try {
      const engine = await open({ ...sources, dimensions, timeZone: this.getAttribute("time-zone") ?? "local", workingTime: workingTimeOf(this.options.funnel?.working) });
      if (turn !== this.#opening) return engine.dispose();
      this.engine = engine;
      this.#owned = true;
    } catch (error) {
      if (turn === this.#opening) this.showError(error);
    }
  }

  async #render(askAgain = false) {
    const lang = this.getAttribute("lang") || this.closest("[lang]")?.getAttribute("lang") || "en";
    const { analyses, whole } = /** @type {typeof CrmElement} */ (this.constructor);
    const turn = ++this.#rendering;
    const [i18n, ...makers] = await Promise.all([language(lang, { digits: this.getAttribute("digits") ?? "auto" }), ...analyses.map((name) => PANELS[name]())]);
    if (turn !== this.#rendering || !this.isConnected || !this.shadowRoot) return;
    this.#i18n = i18n;
    this.#drawer = drawer(i18n);
    this.#panels = Object.fromEntries(analyses.map((name, index) => [name, makers[index](this.#context(name, i18n))]));
    this.#recognised = whole ? recognised({ i18n, onchange: () => this.openMapping(), onAsOf: (asOf) => this.#reload({ asOf }), onQuality: () => this.#glance?.go("quality") }) : undefined;
    this.#glance = whole ? glance(i18n, this.#panels) : undefined;
    const root = h("div", { class: "root", dir: i18n.dir, lang: i18n.lang },
      this.#message, this.#recognised?.element, this.#glance?.element, h("div", { class: "panels" }, Object.values(this.#panels).map((panel) => panel.element)), this.#drawer.element);
    this.shadowRoot.replaceChildren(root);
    if (this.#engine) this.#start(askAgain);
  }

  /** @param {Analysis} name @param {import("./i18n/index.js").I18n} i18n @returns {import("./panels/panel.js").Context} */
  #context(name, i18n) {
    const given = () => (this.options[name] ??= {});
    return {
      i18n,
      // Those of the page, which gives others with other data.
      get options() {
        return given();
      },
      summary: () => this.#engine.summary(),
      change: (changes) => {
        const before = JSON.stringify(this.#request(name));
        Object.assign(given(), changes);
        this.#emit("crm-options", { analysis: name, options: given() });
        if (JSON.stringify(this.#request(name)) !== before) this.#ask(name);
      },
      cancel: () => this.#running[name]?.abort() ?? this.#emit("crm-cancel", {}),
      select: (ids) => this.#emit("crm-select", { ids }),
      records: (table, rows) => this.#engine.records(table, rows),
      ask: (method, ...given) => this.#engine[method](...given, { latest: true }),
      forecastByWeeks: (call) => this.#engine.forecast({ ...this.#request("forecast"), model: "auto" }, call),
      showDeals: /** @type {typeof CrmElement} */ (this.constructor).analyses.includes("forecast") ? (shown) => this.#panels.forecast.showDeals(shown) : undefined,
      openDetails: (given) => this.#drawer?.open(given),
      remap: (mapping) => this.#reload({ mapping }),
      workingHours: () => hoursOf(this.#engine.workingTime),
      setWorkingTime: (working) => this.#reload({ working }),
      offending: (finding) => this.#engine.offending(finding),
    };
  }

  /** What is asked for, else that of the data unless it is the common one, else that of the language. */
  #calendar() {
    const known = this.#engine?.summary().calendar;
    return this.getAttribute("calendar") ?? (known && known !== "gregorian" ? known : calendarOf(this.#i18n?.lang ?? "en"));
  }

  /** @param {Analysis} name */
  #request(name) {
    return REQUESTS[name](this.options[name] ?? {}, this.#calendar());
  }

  /** Shows what is known and asks for the rest. */
  #start(askAgain = false) {
    const summary = this.#engine.summary();
    this.#i18n?.inTime(summary.timeZone, this.#calendar());
    this.#recognised?.update(summary);
    this.#recognised?.quality(summary, this.#results.quality?.result?.findings ?? []);
    for (const name of /** @type {Analysis[]} */ (Object.keys(this.#panels))) {
      const known = this.#results[name];
      if (known) this.#show(name, known);
      if (!known || (askAgain && known.request !== JSON.stringify(this.#request(name)))) this.#ask(name);
    }
    if (summary.unsure.length && this.#recognised && this.#asked !== summary) this.openMapping();
    this.#asked = summary;
  }

  /** @param {Analysis} name @param {{result?: any, error?: any}} known */
  #show(name, { result, error }) {
    const panel = this.#panels[name];
    if (error) panel.error(error);
    else panel.update(result);
    if (name === "quality" && result) this.#recognised?.quality(this.#engine.summary(), result.findings);
    this.#glance?.set(name, error ? this.#i18n?.t(error.code.startsWith("missing") ? "glance.none" : error.code === "too_few" ? "glance.few" : "glance.failed") ?? "" : panel.headline(result));
  }

  /** @param {Analysis} name */
  async #ask(name) {
    const engine = this.#engine;
    if (!engine) return;
    const running = new AbortController();
    const request = this.#request(name);
    this.#running[name]?.abort();
    this.#running[name] = running;
    this.#panels[name].busy();
    const current = () => engine === this.#engine && this.#running[name] === running;
    try {
      const call = { signal: running.signal, latest: true, onProgress: (/** @type {any} */ at) => current() && this.#panels[name].progress(at) };
      const result = await (name === "quality" ? engine.quality(call) : engine[name](request, call));
      if (!current()) return;
      delete this.#running[name];
      this.#results[name] = { result, request: JSON.stringify(request) };
      this.#show(name, this.#results[name]);
      this.#emit("crm-result", { analysis: name, result });
    } catch (thrown) {
      const error = /** @type {any} */ (thrown);
      if (!current()) return;
      delete this.#running[name];
      if (error.code === "cancelled") return this.#panels[name].stopped();
      if (IGNORED.has(error.code)) return;
      this.#results[name] = { error, request: JSON.stringify(request) };
      this.#show(name, this.#results[name]);
      this.#emit("crm-error", { analysis: name, error });
    }
  }

  /** Opens the panel in which the recognised columns can be changed. */
  async openMapping() {
    const { mappingDialog } = await import("./panels/mapping.js");
    if (!this.#i18n || !this.#engine || this.shadowRoot?.querySelector("dialog.mapping")) return;
    const dialog = mappingDialog({ i18n: this.#i18n, summary: this.#engine.summary(), onapply: (mapping) => this.#reload({ mapping }) });
    this.shadowRoot?.querySelector(".root")?.append(dialog);
    dialog.showModal();
  }

  /** The instant of the analysis, as ISO text; the newest one of the data when undefined. @type {string | undefined} */
  asOf;

  /** @param {{asOf?: string, mapping?: any, working?: string}} change `working`: as in `working-time.js`, nothing for all days */
  async #reload(change) {
    const engine = this.#engine;
    const asOf = "asOf" in change ? change.asOf : this.asOf;
    const mapping = change.mapping ?? this.#mapping;
    this.busy();
    try {
      await engine.reload({ asOf, ...(mapping && { mapping }), ...("working" in change && { workingTime: workingTimeOf(change.working) }) });
      if (engine !== this.#engine) return;
      this.asOf = asOf;
      this.#mapping = mapping;
      if ("working" in change) Object.assign((this.options.funnel ??= {}), { working: change.working });
      this.#use(engine);
      this.#emit("crm-options", { asOf });
      if ("working" in change) this.#emit("crm-options", { analysis: "funnel", options: this.options.funnel });
    } catch (error) {
      if (IGNORED.has(/** @type {any} */ (error).code)) return;
      this.stopped();
      this.showError(error);
    }
  }

  /** @param {string} type @param {any} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
  }
}

export class CrmDashboard extends CrmElement {
  static whole = true;
}
class CrmFunnel extends CrmElement {
  static analyses = /** @type {Analysis[]} */ (["funnel"]);
}
class CrmForecast extends CrmElement {
  static analyses = /** @type {Analysis[]} */ (["forecast"]);
}
class CrmPipeline extends CrmElement {
  static analyses = /** @type {Analysis[]} */ (["pipeline"]);
}
class CrmSegments extends CrmElement {
  static analyses = /** @type {Analysis[]} */ (["segments"]);
}
class CrmQuality extends CrmElement {
  static analyses = /** @type {Analysis[]} */ (["quality"]);
}

for (const [name, element] of Object.entries({ "crm-dashboard": CrmDashboard, "crm-funnel": CrmFunnel, "crm-forecast": CrmForecast, "crm-pipeline": CrmPipeline, "crm-segments": CrmSegments, "crm-quality": CrmQuality })) {
  if (!customElements.get(name)) customElements.define(name, element);
}
