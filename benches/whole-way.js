/**
 * From the bytes of a simulated CRM to all three results, in the browser: the whole and its parts.
 *
 * Shapes: 100,000 deals is a large CRM of a small company; 1,000,000 is the most that the demo offers. Both with stage history,
 * customers and orders, seed 1. The bytes are made before the clock starts.
 */
import { open } from "../www/engine.js";
import * as simulator from "../www/simulator/crm_analytics.js";

const GROUPINGS = ["owner", "source", "product", "period"];

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
  const times = { "read and recognise": [], funnel: [], "other groupings": [], forecast: [], segments: [], whole: [] };
  let peak = 0;
  let checked = true;
  for (let i = 0; i <= repetitions; i++) {
    /** @type {Record<string, number>} */
    const parts = {};
    const begun = performance.now();
    const crm = await timed(parts, "read and recognise", () => open(blobs));
    const funnel = await timed(parts, "funnel", () => crm.funnel());
    let groups = 0;
    await timed(parts, "other groupings", async () => {
      for (const groupBy of GROUPINGS) groups += (await crm.funnel({ groupBy })).groups?.groups.length ?? 0;
    });
    // One of them, as a part of the first load.
    parts["other groupings"] /= GROUPINGS.length;
    const forecast = await timed(parts, "forecast", () => crm.forecast());
    const segments = await timed(parts, "segments", () => crm.segments());
    parts.whole = performance.now() - begun - (GROUPINGS.length - 1) * parts["other groupings"];
    peak = Math.max(peak, await crm.memoryBytes());
    checked &&= crm.summary().counts.deals === deals && funnel.stages.length === 4 && groups > GROUPINGS.length && forecast.model !== null && segments.labels.length > 0;
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


/**
 * A file of `megabytes` loads in the worker: how long that takes, and the longest task of this thread meanwhile.
 *
 * @param {number} megabytes
 */
export async function largeFile(megabytes) {
  const line = (/** @type {number} */ i) => `D${i},"Company, ${i % 5000}",مریم حسینی,2024-0${1 + (i % 9)}-1${i % 10},${i % 3 ? `2025-0${1 + (i % 9)}-1${i % 10}` : ""},${["Open", "Won", "Lost"][i % 3]},${(i % 9973) + 0.5}\n`;
  const parts = ["deal_id,account,sales_agent,created_at,close_date,status,amount\n"];
  for (let size = 0, i = 0; size < megabytes * 1e6; size += parts[parts.length - 1].length) {
    parts.push(Array.from({ length: 10_000 }, () => line(i++)).join(""));
  }
  const file = new File(parts, "deals.csv");
  let longest = 0;
  const observer = new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => (longest = Math.max(longest, duration))));
  await new Promise((resolve) => setTimeout(resolve, 500));
  observer.observe({ type: "longtask" });
  /** @type {number[]} */
  const shares = [];
  const begun = performance.now();
  const crm = await open({ deals: file }, { onProgress: ({ share }) => void shares.push(share) });
  const ms = performance.now() - begun;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const checked = crm.summary().tables[0].rows === (parts.length - 1) * 10_000 && shares.length > 10;
  crm.dispose();
  return { ms, longest, megabytes: file.size / 1e6, checked };
}
Object.assign(globalThis, { wholeWay, largeFile });
