/**
 * From the bytes of a simulated CRM to all three results, in the browser: the whole and its parts.
 *
 * Shapes: 100,000 deals is a large CRM of a small company; 1,000,000 is the most that the demo offers. Both with stage history,
 * customers and orders, seed 1. The bytes are made before the clock starts.
 */
import { open } from "../www/engine.js";
import * as simulator from "../www/simulator/crm_analytics.js";

/**
 * @param {number} deals
 * @param {number} repetitions
 */
export async function wholeWay(deals, repetitions) {
  const { memory } = await simulator.default();
  const bytes = simulator.simulateCsv({ deals, seed: 1 });
  /** @type {Record<string, Blob>} */
  const blobs = Object.fromEntries(Object.entries(bytes).map(([table, csv]) => [table, new Blob([csv])]));
  const megabytes = Object.values(bytes).reduce((sum, { length }) => sum + length, 0) / 1e6;
  /** @type {Record<string, number[]>} */
  const times = { "read and recognise": [], funnel: [], forecast: [], segments: [], whole: [] };
  let peak = 0;
  let checked = true;
  for (let i = 0; i <= repetitions; i++) {
    /** @type {Record<string, number>} */
    const parts = {};
    const begun = performance.now();
    const crm = await timed(parts, "read and recognise", () => open(blobs));
    const funnel = await timed(parts, "funnel", () => crm.funnel());
    const forecast = await timed(parts, "forecast", () => crm.forecast());
    const segments = await timed(parts, "segments", () => crm.segments());
    parts.whole = performance.now() - begun;
    peak = Math.max(peak, await crm.memoryBytes());
    checked &&= crm.summary().counts.deals === deals && funnel.stages.length === 4 && forecast.model !== null && segments.labels.length > 0;
    crm.dispose();
    // The first round warms the caches and the compiler.
    if (i > 0) for (const [part, ms] of Object.entries(parts)) times[part].push(ms);
  }
  return { times, peak, megabytes, checked, memoryOfGenerator: memory.buffer.byteLength };
}

/**
 * @template T
 * @param {Record<string, number>} parts
 * @param {string} name
 * @param {() => Promise<T>} call
 */
async function timed(parts, name, call) {
  const begun = performance.now();
  const result = await call();
  parts[name] = performance.now() - begun;
  return result;
}

Object.assign(globalThis, { wholeWay });
