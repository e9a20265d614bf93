/**
 * The client of the worker: opens CRM data and answers questions about them off the main thread.
 *
 *     const crm = await open({ deals: file });
 *     const { cycle } = await crm.funnel();
 *
 * Results are the plain objects of `types.d.ts`. Every call takes `{signal, onProgress, latest}`. Rejections are `CrmError`s.
 */
import { columnsOfObject, columnsOfRows } from "./columns.js";
import { CrmError } from "./error.js";

export { CrmError };

/**
 * @typedef {{phase: string, share: number}} Progress
 * @typedef {{signal?: AbortSignal, onProgress?: (progress: Progress) => void, latest?: boolean}} CallOptions
 *   `latest`: reject pending calls of the same method as "superseded", so that only the newest is answered.
 * @typedef {File | Blob | URL | string | ArrayBuffer | ArrayBufferView | Record<string, unknown>[] | Record<string, ArrayLike<unknown>>} Data
 *   A string with a line break is CSV text, another is a URL. Rows are objects by column name; columns are arrays by column name.
 * @typedef {{deals?: Data, history?: Data, customers?: Data, orders?: Data, interactions?: Data, dimensions?: Data[], files?: Data[], simulate?: {deals: number, customers?: number, seed?: number}}} Sources
 *   `dimensions` are joined to the deals by key; of `files` it is recognised what they are.
 * @typedef {{mapping?: object, asOf?: string | number, timeZone?: string, utcOffsetMinutes?: number, calendar?: string, weekStart?: number, fiscalYearStart?: number, workingTime?: object, repeats?: "collapse" | "separate"}} LoadOptions
 * @typedef {{wasmUrl?: string | URL, analysesUrl?: string | URL, createWorker?: () => Worker, module?: Code, analyses?: Code}} Hosting
 *   Where the two downloads are, or the modules themselves: the core, and the analyses.
 * @typedef {WebAssembly.Module | Promise<WebAssembly.Module>} Code
 */

/** How long an idle worker may take to say that it has begun, before it is held to be dead. */
const BEGIN_MS = 3000;
/** How long a cancelled call may run on before its worker is replaced. */
const CANCEL_GRACE_MS = 250;

/** Methods whose code is the second download. */
const ANALYSES = new Set(["assign", "dealsBehind", "forecast", "funnel", "inBand", "offending", "pipeline", "quality", "reps", "rules", "segments", "whatIf"]);

/** Compiled downloads by address: each is fetched once. @type {Map<string, Promise<WebAssembly.Module>>} */
const compiled = new Map();

/** @param {string | URL} url */
function compile(url) {
  const key = String(url);
  const module = compiled.get(key) ?? (async () => {
    const response = await fetch(url);
    if (!response.ok) throw new CrmError("not_fetched", `${response.url} could not be read: ${response.status}`);
    return WebAssembly.compile(await response.arrayBuffer());
  })();
  compiled.set(key, module);
  module.catch(() => compiled.delete(key));
  return module;
}

/**
 * Reads and recognises CRM data.
 *
 * @param {Sources & LoadOptions & Hosting} given
 * @param {CallOptions} [call]
 * @returns {Promise<Engine>}
 */
export async function open(given, call = {}) {
  const { mapping, asOf, timeZone, utcOffsetMinutes, calendar, weekStart, fiscalYearStart, workingTime, repeats, wasmUrl, analysesUrl, createWorker, module, analyses, ...sources } = given;
  const code = {
    core: async () => module ?? compile(wasmUrl ?? new URL("./core/crm_analytics_bg.wasm", import.meta.url)),
    analyses: async () => analyses ?? compile(analysesUrl ?? new URL("./core/crm_analytics_analyses.wasm", import.meta.url)),
  };
  // Fetched while the data are read, and there when the connection is not.
  code.analyses().catch(() => {});
  const engine = new Engine(sourcesOf(sources), code, createWorker ?? defaultWorker);
  try {
    await engine.reload({ mapping, asOf, timeZone, utcOffsetMinutes, calendar, weekStart, fiscalYearStart, workingTime, repeats }, call);
  } catch (error) {
    engine.dispose();
    throw error;
  }
  return engine;
}

const defaultWorker = () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" });

/**
 * @typedef {{method: string, id: number, fields: object, call: CallOptions, resolve: (value: any) => void,
 *   reject: (error: CrmError) => void, settled: boolean, restarts: number, onAbort?: () => void}} Request
 */

/** Loaded CRM data in a worker. */
export class Engine {
  /** The worker, for diagnosis: ending it does no harm, the next call starts another. @type {Worker | undefined} */
  worker;

  /** @type {import("./load.js").Source[]} */ #sources;
  /** @type {{core: () => Promise<WebAssembly.Module>, analyses: () => Promise<WebAssembly.Module>}} */ #code;
  #hasAnalyses = false;
  /** @type {() => Worker} */ #createWorker;
  /** @type {object | undefined} */ #loadOptions;
  /** @type {object | undefined} */ #summary;
  /** @type {Request[]} */ #queue = [];
  /** @type {Request | undefined} */ #current;
  #nextId = 1;
  #disposed = false;
  /** @type {Map<number, (message: any) => void>} */ #listeners = new Map();

  /**
   * @param {import("./load.js").Source[]} sources
   * @param {{core: () => Promise<WebAssembly.Module>, analyses: () => Promise<WebAssembly.Module>}} code
   * @param {() => Worker} createWorker
   */
  constructor(sources, code, createWorker) {
    this.#sources = sources;
    this.#code = code;
    this.#createWorker = createWorker;
  }

  /** What was recognised: `Summary`. @returns {any} */
  summary() {
    return this.#summary;
  }

  /** The hours that durations count, where not all of them: `LoadOptions.workingTime`. @returns {any} */
  get workingTime() {
    return /** @type {any} */ (this.#loadOptions)?.workingTime;
  }

  /** What is wrong with the data, and what it costs. @param {CallOptions} [call] */
  quality(call) {
    return this.#request("quality", {}, call);
  }

  /**
   * All rows behind a finding of `quality()` as the text of a CSV file: line, code of the finding, and the columns of the table.
   *
   * @param {{code: string, table: string, column: string | null}} finding
   * @param {CallOptions} [call]
   * @returns {Promise<string>}
   */
  offending({ code, table, column }, call) {
    return this.#request("offending", { code, table, column }, call);
  }

  /** How long deals take and where they go. @param {object} [options] @param {CallOptions} [call] */
  funnel(options, call) {
    return this.#request("funnel", { options }, call);
  }

  /** The deals behind a number of `funnel(options)`: `DealList`. @param {object} asked `DealConditions` @param {object} [options] @param {CallOptions} [call] */
  dealsBehind(asked, options, call) {
    return this.#request("dealsBehind", { asked, options }, call);
  }

  /** How likely each open deal is to be won. @param {object} [options] @param {CallOptions} [call] */
  forecast(options, call) {
    return this.#request("forecast", { options }, call);
  }

  /** What will be won in the periods to come. @param {object} [options] @param {CallOptions} [call] */
  pipeline(options, call) {
    return this.#request("pipeline", { options }, call);
  }

  /** Owners side by side: pipeline, win rates, and wins against the mix of their deals. @param {object} [options] @param {CallOptions} [call] */
  reps(options, call) {
    return this.#request("reps", { options }, call);
  }

  /** The user's own points (`mapping.rules`) beside the model's probability. @param {object} [options] @param {CallOptions} [call] */
  rules(options, call) {
    return this.#request("rules", { options }, call);
  }

  /**
   * What the open deal in `row` of the deals table would look like with `options.changes` of its `options.actionable` columns.
   *
   * @param {number} row
   * @param {object} [options]
   * @param {CallOptions} [call]
   */
  whatIf(row, options, call) {
    return this.#request("whatIf", { row, options }, call);
  }

  /** Which groups the customers form. @param {object} [options] @param {CallOptions} [call] */
  segments(options, call) {
    return this.#request("segments", { options }, call);
  }

  /** Positions in `ids` of the customers in the band at `place` of `bands`, both of the last `segments`. @param {number} place @param {CallOptions} [call] @returns {Promise<Uint32Array>} */
  inBand(place, call) {
    return this.#request("inBand", { place }, call);
  }

  /** The customers of the last `segments` as the text of a CSV file: id, segment, and for RFM the named group and the scores. @param {CallOptions} [call] @returns {Promise<string>} */
  segmentsCsv(call) {
    return this.#request("segmentsCsv", {}, call);
  }

  /**
   * The segments of other customers by the `recipe` of a result of `segments`: `Assigned`.
   *
   * @param {object} recipe
   * @param {Record<string, unknown>[] | Record<string, ArrayLike<unknown>>} data rows or columns with one column per feature
   * @param {CallOptions} [call]
   */
  assign(recipe, data, call) {
    const { names, columns } = Array.isArray(data) ? columnsOfRows(data) : columnsOfObject(/** @type {Record<string, any>} */ (data));
    return this.#request("assign", { recipe, names, columns }, call);
  }

  /**
   * Rows of a table (`deals`, …) as objects of texts by column name; null where missing.
   *
   * @param {string} table
   * @param {ArrayLike<number>} rows
   * @param {CallOptions} [call]
   * @returns {Promise<Record<string, string | null>[]>}
   */
  async records(table, rows, call) {
    const records = await this.#request("records", { table, rows: Uint32Array.from(rows) }, call);
    return records.map((/** @type {[string, string | null][]} */ cells) => Object.fromEntries(cells));
  }

  /** Bytes of WebAssembly memory; since that never shrinks, the peak so far. @param {CallOptions} [call] @returns {Promise<number>} */
  memoryBytes(call) {
    return this.#request("memory", {}, call);
  }

  /**
   * Reads the same sources with other options, and returns what was recognised. Options that are not named stay as they are; after a
   * rejection all of them do.
   *
   * @param {LoadOptions} changes
   * @param {CallOptions} [call]
   */
  async reload(changes, call) {
    const options = { ...this.#loadOptions, ...changes };
    const summary = await this.#request("load", { sources: this.#sources, options }, call);
    this.#loadOptions = options;
    this.#summary = summary;
    return summary;
  }

  /** Ends the worker and gives its memory back. Pending calls reject with "disposed". */
  dispose() {
    this.#disposed = true;
    for (const request of [this.#current, ...this.#queue]) {
      if (request) this.#settle(request, new CrmError("disposed", "the data were closed"));
    }
    this.#queue = [];
    this.#current = undefined;
    this.#drop();
  }

  /**
   * @param {string} method
   * @param {object} fields
   * @param {CallOptions} [call]
   * @returns {Promise<any>}
   */
  #request(method, fields, call = {}) {
    return new Promise((resolve, reject) => {
      /** @type {Request} */
      const request = { method, id: this.#nextId++, fields, call, resolve, reject, settled: false, restarts: 0 };
      if (this.#disposed) return reject(new CrmError("disposed", "the data were closed"));
      if (call.signal?.aborted) return reject(new CrmError("cancelled", `${method} was cancelled`));
      if (call.latest) this.#supersede(method);
      request.onAbort = () => this.#cancel(request);
      call.signal?.addEventListener("abort", request.onAbort, { once: true });
      this.#queue.push(request);
      this.#next();
    });
  }

  /** @param {string} method */
  #supersede(method) {
    for (const request of [this.#current, ...this.#queue]) {
      if (request?.method === method) this.#settle(request, new CrmError("superseded", `a newer ${method} was asked for`));
    }
    this.#queue = this.#queue.filter((request) => !request.settled);
  }

  /** @param {Request} request */
  #cancel(request) {
    this.#settle(request, new CrmError("cancelled", `${request.method} was cancelled`));
    this.#queue = this.#queue.filter((waiting) => waiting !== request);
    if (request !== this.#current) return;
    setTimeout(() => {
      if (request !== this.#current) return;
      this.#current = undefined;
      this.#drop();
      this.#next();
    }, CANCEL_GRACE_MS);
  }

  /** @returns {Promise<void>} */
  async #next() {
    if (this.#current || this.#disposed) return;
    const request = this.#queue.shift();
    if (!request) return;
    this.#current = request;
    try {
      const analyses = ANALYSES.has(request.method) ? await this.#code.analyses() : undefined;
      if (this.#current !== request) return;
      if (!this.worker) await this.#spawn(request);
      if (this.#current !== request) return;
      if (analyses && !this.#hasAnalyses) {
        await this.#send({ method: "analyses", fields: { module: analyses }, call: {} });
        this.#hasAnalyses = true;
      }
      if (this.#current !== request) return;
      const result = await this.#send(request);
      this.#settle(request, undefined, result);
    } catch (thrown) {
      const error = /** @type {CrmError & {fatal?: boolean}} */ (thrown);
      if (this.#current !== request) return;
      if (request.method === "load" && this.#loadOptions) this.#drop();
      if (error.fatal) {
        this.#drop();
        // A worker that was ended from outside says nothing; the call itself is not to blame.
        if (error.code === "worker_gone" && request.restarts++ === 0 && !request.settled) {
          this.#queue.unshift(request);
          this.#current = undefined;
          return this.#next();
        }
        for (const waiting of this.#queue.splice(0)) this.#settle(waiting, error);
      }
      this.#settle(request, error);
    }
    if (this.#current === request) this.#current = undefined;
    this.#next();
  }

  /** @param {Request} request */
  async #spawn(request) {
    const module = await this.#code.core();
    if (this.#disposed) return;
    const worker = this.#createWorker();
    this.worker = worker;
    worker.onmessage = ({ data }) => worker === this.worker && this.#listeners.get(data.id)?.(data);
    const failed = (/** @type {any} */ event) => {
      event.preventDefault?.();
      if (worker !== this.worker) return;
      const error = { code: "crashed", message: event.message ?? "the worker could not be started", details: {} };
      if (!this.#listeners.size) this.#drop();
      for (const listener of [...this.#listeners.values()]) listener({ error, fatal: true });
    };
    worker.onerror = failed;
    worker.onmessageerror = failed;
    await this.#send({ method: "start", fields: { module }, call: {} });
    if (request.method !== "load" && this.#loadOptions) {
      await this.#send({ method: "load", fields: { sources: this.#sources, options: this.#loadOptions }, call: request.call });
    }
  }

  /**
   * @param {{method: string, fields: object, call: CallOptions}} request
   * @returns {Promise<any>}
   */
  #send({ method, fields, call }) {
    const worker = this.worker;
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const silence = setTimeout(
        () => done({ error: { code: "worker_gone", message: "the worker does not answer" }, fatal: true }),
        BEGIN_MS * (method === "start" || method === "analyses" ? 10 : 1),
      );
      const done = (/** @type {any} */ { result, error, fatal }) => {
        clearTimeout(silence);
        this.#listeners.delete(id);
        if (!error) return resolve(result);
        const rejected = new CrmError(error.code, error.message, error.details);
        if (error.stack) rejected.stack = error.stack;
        reject(Object.assign(rejected, { fatal: Boolean(fatal) }));
      };
      this.#listeners.set(id, (message) => {
        if (message.begun) return clearTimeout(silence);
        if (message.progress) return call.onProgress?.(message.progress);
        done(message);
      });
      worker?.postMessage({ id, method, ...fields });
    });
  }

  /**
   * @param {Request} request
   * @param {CrmError | undefined} error
   * @param {any} [result]
   */
  #settle(request, error, result) {
    if (request.settled) return;
    request.settled = true;
    if (request.onAbort) request.call.signal?.removeEventListener("abort", request.onAbort);
    if (error) request.reject(error);
    else request.resolve(result);
  }

  #drop() {
    this.worker?.terminate();
    this.worker = undefined;
    this.#hasAnalyses = false;
    this.#listeners.clear();
  }
}

/**
 * @param {Sources} given
 * @returns {import("./load.js").Source[]}
 */
function sourcesOf({ deals, history, customers, orders, interactions, dimensions = [], files = [], simulate, ...unknown }) {
  const [stranger] = Object.keys(unknown);
  if (stranger) throw new CrmError("invalid_option", `open() has no option ${stranger}`, { option: stranger });
  const sources = /** @type {const} */ ([
    ["deals", deals],
    ["history", history],
    ["customers", customers],
    ["orders", orders],
    ["interactions", interactions],
    ...dimensions.map((data) => ["dimension", data]),
    ...files.map((data) => [undefined, data]),
  ])
    .filter(([, data]) => data !== undefined && data !== null)
    .map(([kind, data], index) => sourceOf(/** @type {any} */ (kind), /** @type {Data} */ (data), index));
  return simulate ? [...sources, { simulate }] : sources;
}

/**
 * @param {import("./load.js").Kind} kind
 * @param {Data} data
 * @param {number} index
 * @returns {import("./load.js").Source}
 */
function sourceOf(kind, data, index) {
  const name = kind ?? `file ${index + 1}`;
  if (data instanceof Blob) return { kind, name: "name" in data ? data.name : name, blob: data };
  if (data instanceof URL || (typeof data === "string" && !data.includes("\n"))) {
    const url = new URL(data, globalThis.document?.baseURI ?? import.meta.url);
    return { kind, name: decodeURIComponent(url.pathname.split("/").pop() || name), url: url.href };
  }
  if (typeof data === "string" || data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    return { kind, name, blob: new Blob([/** @type {BlobPart} */ (data)]) };
  }
  if (!data || typeof data !== "object") {
    throw new CrmError("invalid_option", `${name} is ${typeof data}; a file, a URL, text, bytes, rows or columns are expected`, { option: name });
  }
  return { kind, name, ...(Array.isArray(data) ? columnsOfRows(data) : columnsOfObject(data)) };
}
