/**
 * `npm run bench`: the whole way from bytes to results in headless Chromium. One JSON row per measurement on stdout:
 * `{workload, case, who, median_ms, n, checked}`. `--deals 100000,1000000` picks the shapes, `--repetitions 5` the rounds.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { build } from "./build.mjs";
import { serve } from "./serve.mjs";
import { BROWSER_ARGS, ROOT, browser, setUp } from "./setup.mjs";

const { values } = parseArgs({ options: { deals: { type: "string", default: "100000,1000000" }, repetitions: { type: "string", default: "5" } } });
const repetitions = Number(values.repetitions);

/** @param {number[]} times */
const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1];

/** @param {Record<string, unknown>} row */
const emit = (row) => console.log(JSON.stringify(row));

setUp();
const { program } = browser();
build();
const server = await serve(ROOT);
const chrome = await chromium.launch({ executablePath: program, args: BROWSER_ARGS });

/** From navigation to the first results on the sample data, and the longest task of the main thread on the way. */
async function firstResults() {
  const times = [];
  const tasks = [];
  for (let i = 0; i < repetitions; i++) {
    const context = await chrome.newContext({ viewport: { width: 1440, height: 1000 } });
    const page = await context.newPage();
    await page.addInitScript(() => {
      const state = Object.assign(globalThis, { longest: 0 });
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) state.longest = Math.max(state.longest, duration);
      }).observe({ type: "longtask", buffered: true });
    });
    await page.goto(`${server.url}www/`);
    const all = ["funnel", "forecast", "segments"].map((panel) => page.locator(`[data-testid="panel-${panel}"][data-state="ready"]`).first().waitFor({ timeout: 60_000 }));
    await Promise.all(all);
    times.push(await page.evaluate(() => performance.now()));
    await page.waitForTimeout(1500);
    tasks.push(await page.evaluate(() => /** @type {any} */ (globalThis).longest));
    await context.close();
  }
  const shared = { workload: "dashboard", case: "Maven sample", who: "crm-analytics@chromium", n: times.length, checked: true };
  emit({ ...shared, part: "navigation to all three results", median_ms: Math.round(median(times)) });
  emit({ ...shared, part: "longest main-thread task", median_ms: Math.round(median(tasks)) });
}

/** @param {number} deals */
async function wholeWay(deals) {
  const context = await chrome.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error(String(error)));
  await page.goto(`${server.url}benches/whole-way.html`);
  await page.waitForFunction(() => "wholeWay" in globalThis);
  const { times, peak, megabytes, checked } = await page.evaluate(
    ([deals, repetitions]) => /** @type {any} */ (globalThis).wholeWay(deals, repetitions), [deals, deals > 300_000 ? Math.min(repetitions, 5) : repetitions]);
  for (const [part, list] of Object.entries(/** @type {Record<string, number[]>} */ (times))) {
    emit({ workload: "bytes to results", case: `${deals} deals`, who: "crm-analytics@chromium", part, median_ms: Math.round(median(list)), n: list.length, checked });
  }
  emit({ workload: "bytes to results", case: `${deals} deals`, who: "crm-analytics@chromium", part: "peak wasm memory", megabytes: Math.round(peak / 1e6), input_megabytes: Math.round(megabytes), checked });
  await context.close();
}

/** @param {number} megabytes */
async function largeFile(megabytes) {
  const context = await chrome.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}benches/whole-way.html`);
  await page.waitForFunction(() => "wholeWay" in globalThis);
  const rounds = [];
  for (let i = 0; i < repetitions; i++) rounds.push(await page.evaluate((size) => /** @type {any} */ (globalThis).largeFile(size), megabytes));
  const shared = { workload: "a file loads", case: `${megabytes} MB`, who: "crm-analytics@chromium", n: rounds.length, checked: rounds.every(({ checked }) => checked) };
  emit({ ...shared, part: "whole", median_ms: Math.round(median(rounds.map(({ ms }) => ms))) });
  emit({ ...shared, part: "longest main-thread task (0: none above 50 ms)", median_ms: Math.round(median(rounds.map(({ longest }) => longest))) });
  await context.close();
}

try {
  await firstResults();
  await largeFile(100);
  for (const deals of values.deals.split(",").map(Number)) await wholeWay(deals);
} finally {
  await chrome.close();
  await server.close();
}
