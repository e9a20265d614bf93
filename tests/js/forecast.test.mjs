import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { serve } from "../../scripts/serve.mjs";
import { ROOT } from "../../scripts/setup.mjs";
import { launch, watchedPage } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */

/** @type {import("playwright-core").Browser} */ let chrome;
/** @type {{url: string, close: () => Promise<void>}} */ let server;

before(async () => {
  [chrome, server] = await Promise.all([launch(), serve(join(ROOT, "www"))]);
});
after(async () => {
  await chrome?.close();
  await server?.close();
});

/** @param {(page: Page) => Promise<void>} use @param {string} [query] */
async function opened(use, query = "?source=simulated&lang=en") {
  const { page, context, complaints } = await watchedPage(chrome, { viewport: { width: 1440, height: 1000 }, acceptDownloads: true });
  try {
    await page.goto(server.url + query);
    await settled(page);
    await use(page);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
  }
}

/** @param {Page} page */
const settled = (page) => page.locator('[data-testid="panel-forecast"][data-state="ready"]').waitFor({ timeout: 60_000 });

/** @param {Page} page @param {string} id */
const at = (page, id) => page.locator(`[data-testid="${id}"]`).first();

/** @param {Page} page @param {string} method @param {any[]} given @returns {Promise<any>} what the engine itself answers */
const asked = (page, method, ...given) =>
  page.locator("crm-dashboard").evaluate((element, [method, given]) => /** @type {any} */ (element).engine[method](...given), /** @type {const} */ ([method, given]));

/** @param {Page} page @param {string} id @param {string} before */
const changed = (page, id, before) =>
  page.waitForFunction(([id, before]) => document.querySelector("crm-dashboard")?.shadowRoot?.querySelector(`[data-testid="${id}"]`)?.textContent !== before, [id, before], { timeout: 30_000 });

/** 600 deals of which those with an offer may be won, their history, and a CRM that says 10 % and 90 %. */
function book() {
  const deals = ["deal_id,created_at,closed_at,status,stage,probability,size,owner"];
  const history = ["deal_id,stage,entered_at"];
  const day = (/** @type {number} */ days) => new Date(Date.UTC(2023, 0, 1 + days)).toISOString().slice(0, 10);
  for (let i = 0; i < 600; i++) {
    const size = (i * 7919) % 100;
    const isOffered = (i * 37) % 100 < 60;
    const isOpen = i % 10 === 9;
    const isWon = isOffered && (i * 6173) % 100 < size;
    const status = isOpen ? "Open" : isWon ? "Won" : "Lost";
    deals.push(`d${i},${day(i)},${isOpen ? "" : day(i + 30)},${status},${isOffered ? "Offer" : "New"},${isOffered ? 90 : 10},${size},${["Ann", "Bea", "Cyd"][i % 3]}`);
    history.push(`d${i},New,${day(i)}`);
    if (isOffered) history.push(`d${i},Offer,${day(i + 5)}`);
    if (!isOpen) history.push(`d${i},${status},${day(i + 30)}`);
  }
  return [["deals.csv", deals], ["history.csv", history]].map(([name, lines]) => ({ name: String(name), mimeType: "text/csv", buffer: Buffer.from(/** @type {string[]} */ (lines).join("\n")) }));
}

/** @param {Page} page */
async function giveBook(page) {
  await page.locator('input[type="file"]').first().setInputFiles(book());
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector("crm-dashboard"))?.engine?.summary().tables.some((/** @type {any} */ { source }) => source === "history.csv"), undefined, { timeout: 30_000 });
  await settled(page);
}

test("the threshold moves by keyboard, and the matrix and its sentence are those of the result", () =>
  opened(async (page) => {
    const { performance: { thresholds } } = await asked(page, "forecast", {});
    await at(page, "threshold").focus();
    const before = await at(page, "threshold-sentence").innerText();
    const start = Number(await at(page, "threshold").inputValue());
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    await changed(page, "threshold-sentence", before);
    const index = start + 5 - 1;
    const counts = ["truePositives", "falsePositives", "falseNegatives", "trueNegatives"].map((name) => thresholds[name][index]);
    assert.deepEqual((await at(page, "confusion").getAttribute("data-value"))?.split(" ").map(Number), counts);
    assert.equal(await at(page, "threshold").getAttribute("aria-valuetext"), `${start + 5}\u00a0%`);
    assert.match(page.url(), new RegExp(`forecast.threshold=${start + 5}`));
    await at(page, "threshold-best").click();
    assert.equal(Number(await at(page, "threshold").inputValue()), Math.floor(thresholds.best.threshold * 100));
  }));

test("the model stands beside its three baselines, and its order beside chance", () =>
  opened(async (page) => {
    const { performance: { baselines, lift } } = await asked(page, "forecast", {});
    for (const { kind, skill } of baselines) assert.equal(await at(page, `baseline-${kind}`).getAttribute("data-value"), skill ? String(skill.logLossSkill.value) : "");
    assert.deepEqual(baselines.map((/** @type {any} */ { basis }) => basis), ["trained", "trained", "no_column"]);
    assert.match(await at(page, "baseline-remarks").innerText(), /the CRM’s own percentage: not known, because the files hold no such column/);
    assert.equal(Number(await at(page, "lift").getAttribute("data-value")), lift[1].winsShare);
  }));

test("the CRM's percentage is set against what happened in each stage", () =>
  opened(async (page) => {
    await giveBook(page);
    const { stages } = await asked(page, "forecast", {});
    assert.equal(stages.column, "probability");
    const text = await at(page, "stage-rates").innerText();
    assert.match(text, /furthest off in Offer: it says 90\.0/);
    assert.ok(text.includes(`${(stages.stages[1].observed.value * 100).toFixed(1)}\u00a0%`), text);
  }));
