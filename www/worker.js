/**
 * The worker: holds one handle of the core and answers one request at a time.
 *
 * In: `{id, method: "start", module}`, `{id, method: "analyses", module}`, `{id, method: "load", sources, options}`, `{id, method: <analysis>, options}`,
 * `{id, method: "records", table, rows}`, `{id, method: "offending", code, table, column}`, `{id, method: "whatIf", row, options}`, `{id, method: "dealsBehind", asked, options}`, `{id, method: "inBand", place}`, `{id, method: "memory"}`.
 * Out: `{id, begun: true}` at once, any number of `{id, progress}`, then `{id, result}` or `{id, error, fatal}`.
 */
import * as core from "./core/crm_analytics.js";
import { load } from "./load.js";

const scope = /** @type {{postMessage: (message: unknown, transfer?: Transferable[]) => void, onmessage: (event: MessageEvent) => void}} */ (/** @type {unknown} */ (self));

/** @type {import("./core/crm_analytics.js").Handle | undefined} */
let handle;
/** @type {WebAssembly.Memory} */
let memory;

/** @type {Record<string, (request: any, onProgress: (progress: {phase: string, share: number}) => void) => unknown>} */
const methods = {
  start: ({ module }) => void ({ memory } = core.initSync({ module })),
  analyses: ({ module }) => core.addAnalyses(module),
  memory: () => memory.buffer.byteLength,
  load: async ({ sources, options }, onProgress) => {
    handle?.free();
    handle = undefined;
    handle = await load(core, sources, options, onProgress);
    return handle.summary();
  },
  quality: () => loaded().quality(),
  offending: ({ code, table, column }) => new TextDecoder().decode(loaded().offending(code, table, column)),
  funnel: ({ options }, onProgress) => loaded().funnel(options, phase("funnel", onProgress)),
  dealsBehind: ({ asked, options }) => loaded().dealsBehind(asked, options),
  forecast: ({ options }, onProgress) => loaded().forecast(options, phase("forecast", onProgress)),
  pipeline: ({ options }, onProgress) => loaded().pipeline(options, phase("pipeline", onProgress)),
  reps: ({ options }, onProgress) => loaded().reps(options, phase("reps", onProgress)),
  rules: ({ options }, onProgress) => loaded().rules(options, phase("rules", onProgress)),
  whatIf: ({ row, options }) => loaded().whatIf(row, options),
  segments: ({ options }, onProgress) => loaded().segments(options, phase("segments", onProgress)),
  inBand: ({ place }) => loaded().inBand(place),
  segmentsCsv: () => new TextDecoder().decode(loaded().segmentsCsv()),
  assign: ({ recipe, names, columns }) => loaded().assign(recipe, names, columns),
  records: ({ table, rows }) => loaded().records(table, rows),
};

/**
 * @param {string} name
 * @param {(progress: {phase: string, share: number}) => void} onProgress
 */
const phase = (name, onProgress) => (/** @type {number} */ share) => onProgress({ phase: name, share });

function loaded() {
  if (!handle) throw Object.assign(new Error("no data are loaded"), { code: "not_loaded" });
  return handle;
}

scope.onmessage = async ({ data: request }) => {
  const { id, method } = request;
  scope.postMessage({ id, begun: true });
  try {
    const result = await methods[method](request, (progress) => scope.postMessage({ id, progress }));
    scope.postMessage({ id, result }, buffersOf(result));
  } catch (thrown) {
    const { code, message = String(thrown), details, stack } = /** @type {any} */ (thrown);
    // Only what the core or the loader judged has a code. Anything else is a trap: the instance cannot be used again.
    scope.postMessage({ id, error: { code: code ?? "crashed", message, details, stack }, fatal: code === undefined });
  }
};

/**
 * The buffers of all typed arrays of a result: they are moved, not copied.
 *
 * @param {unknown} value
 * @param {ArrayBuffer[]} [found]
 * @returns {ArrayBuffer[]}
 */
function buffersOf(value, found = []) {
  if (ArrayBuffer.isView(value)) found.push(/** @type {ArrayBuffer} */ (value.buffer));
  else if (Array.isArray(value) && typeof value[0] !== "object") return found;
  else if (value && typeof value === "object") for (const inner of Object.values(value)) buffersOf(inner, found);
  return found;
}
