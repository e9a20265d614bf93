import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { workingTimeOf, workingTimeText } from "../../www/working-time.js";
import { dashboards, settled } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */

const site = dashboards();

/** @param {(page: Page) => Promise<void>} use @param {string} [query] @param {number} [width] */
const opened = (use, query = "?source=simulated&lang=en", width = 1280) => site.opened(({ page }) => use(page), query, { viewport: { width, height: 900 } });

/** @param {Page} page @param {string} id */
const at = (page, id) => page.locator(`[data-testid="${id}"]`).first();
/** @param {Page} page @param {string} id */
const value = async (page, id) => Number(await at(page, id).getAttribute("data-value", { timeout: 30_000 }));
/** @param {Page} page */
const listen = (page) => page.locator("crm-dashboard").evaluate((element) => element.addEventListener("crm-select", (event) => (/** @type {any} */ (window).chosen = /** @type {CustomEvent} */ (event).detail.ids)));
/** @param {Page} page @returns {Promise<string[]>} */
const chosen = (page) => page.evaluate(() => /** @type {any} */ (window).chosen);
/** @param {Page} page @param {string} source @param {{name: string, lines: string[]}[]} files */
async function give(page, source, ...files) {
  await page.locator('input[type="file"]').first().setInputFiles(files.map(({ name, lines }) => ({ name, mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) })));
  await page.waitForFunction((source) => /** @type {any} */ (document.querySelector("crm-dashboard"))?.engine?.summary().tables.some((/** @type {any} */ table) => table.source === source), source, { timeout: 30_000 });
  await settled(page);
}

test("working time is written into the address and read from it, and what is none is nothing", () => {
  const working = { days: [6, 0, 1, 2, 3], from: "08:30", to: "16:30", holidays: ["1404/01/01", "2025-12-25"] };
  assert.deepEqual(workingTimeOf(workingTimeText(working)), working);
  for (const text of [undefined, "", "12345", ",09:00-17:00", "789,09:00-17:00", "1,17:00-09:00", "1,9-17"]) assert.equal(workingTimeOf(text), undefined, String(text));
});

test("those at risk are known before each event, and not after the last one", () => {
  return opened(async (page) => {
    const watched = await page.evaluate(async (module) => {
      const { watchedAt } = await import(module);
      return [0, 1, 2, 3, 5, 6].map((days) => watchedAt({ n: 10, timeDays: [2, 5], atRisk: [9, 4] }, days));
    }, `${site.url()}charts/survival-curve.js`);
    assert.deepEqual(watched, [10, 9, 9, 4, 4, NaN]);
  }, "?lang=en");
});

test("working hours are chosen and changed in the page, kept in the address, and taken back", () =>
  opened(async (page) => {
    const calendar = await value(page, "funnel-median");
    const changed = (/** @type {number} */ before) => page.waitForFunction((before) => {
      const now = document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('[data-testid="panel-funnel"][data-state="ready"] [data-testid="funnel-median"]')?.getAttribute("data-value");
      return now !== undefined && now !== null && Number(now) !== before;
    }, before, { timeout: 60_000 });
    await at(page, "working-time-choice").selectOption("working");
    await changed(calendar);
    const five = await value(page, "funnel-median");
    assert.ok(five < calendar * 0.8, `${five} working days, ${calendar} days`);
    assert.match(await at(page, "working-time").innerText(), /8 hours/);
    await page.locator(".panel.segments td", { hasText: "working days" }).first().waitFor();
    assert.match(decodeURIComponent(page.url()), /funnel\.working=12345,09:00-17:00/);
    await page.locator(".working-time summary").click();
    await at(page, "working-day-5").uncheck();
    await at(page, "working-apply").click();
    await changed(five);
    assert.ok((await value(page, "funnel-median")) < five);
    await page.reload();
    await settled(page);
    assert.ok((await value(page, "funnel-median")) < five, "the address has it");
    await page.locator(".working-time summary").click();
    await at(page, "working-from").fill("18:00");
    await at(page, "working-apply").click();
    await page.locator('.working-time [role="alert"]', { hasText: "before it ends" }).waitFor();
    await at(page, "working-time-choice").selectOption("all");
    await changed(await value(page, "funnel-median"));
    assert.equal(await value(page, "funnel-median"), calendar);
    assert.doesNotMatch(page.url(), /working/);
  }));

test("the plain averages of other tools stand beside ours, and the chart says how many were watched", () =>
  opened(async (page) => {
    const { duration, wonShareOfClosed } = await page.locator("crm-dashboard").evaluate(async (element) => (await /** @type {any} */ (element).engine.funnel()).cycle);
    assert.equal(await value(page, "plain-median"), duration.finishedMedianDays);
    assert.equal(await value(page, "plain-mean"), duration.finishedMeanDays);
    assert.equal(await value(page, "plain-won"), wonShareOfClosed.value);
    await page.locator(".panel.funnel figure.chart").first().getByText("10,000", { exact: true }).waitFor({ timeout: 30_000 });
  }));

test("a panel that cannot answer for other data does not go on showing the last ones", () =>
  opened(async (page) => {
    await give(page, "one.csv", { name: "one.csv", lines: ["id,created_at,status", "1,2024-01-01,Open"] });
    await page.locator('[data-testid="panel-pipeline"][data-code="too_few"]').waitFor();
    assert.equal(await page.locator(".panel.pipeline .body").isVisible(), false);
    assert.match(await at(page, "pipeline-sentence").innerText(), /too few closed deals/);
    assert.equal(await page.locator(".panel.pipeline .message button").count(), 0, "trying again would not help");
  }, "?lang=en"));

test("names of two hundred letters are broken and never widen the page", async () => {
  const name = (/** @type {string} */ word, /** @type {number} */ i) => (word + "x".repeat(200)).slice(0, 196) + i;
  const day = (/** @type {number} */ days) => new Date(Date.UTC(2023, 0, 1 + days)).toISOString().slice(0, 10);
  const deals = ["id,created_at,status,closed_at,owner,amount,customer"];
  const history = ["deal_id,stage,entered_at"];
  for (let i = 0; i < 400; i++) {
    const [isOpen, isWon] = [i % 8 === 7, i % 3 === 0];
    deals.push([name("deal", i), day(i), isOpen ? "Open" : isWon ? "Won" : "Lost", isOpen ? "" : day(i + 20 + (i % 17)), name("owner", i % 4), 100 + i, name("customer", i % 60)].join(","));
    history.push(`${name("deal", i)},${name("stage", 0)},${day(i)}`, `${name("deal", i)},${name("stage", 1)},${day(i + 7)}`);
  }
  for (const [width, query] of /** @type {const} */ ([[1280, "?lang=en&funnel.groupBy=owner"], [320, "?lang=fa&funnel.groupBy=owner"]])) {
    await opened(async (page) => {
      await give(page, "history.csv", { name: "deals.csv", lines: deals }, { name: "history.csv", lines: history });
      await page.keyboard.press("Escape");
      await page.waitForTimeout(500);
      const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
      assert.ok(scroll <= client, `${scroll} > ${client}`);
    }, query, width);
  }
});

test("a group leads to its customers by keyboard, and hands their ids to the host", () =>
  opened(async (page) => {
    await listen(page);
    const { ids, labels } = await page.locator("crm-dashboard").evaluate(async (element) => {
      const { ids, labels } = await /** @type {any} */ (element).engine.segments({});
      return { ids, labels: Array.from(labels) };
    });
    const own = ids.filter((/** @type {string} */ _, /** @type {number} */ row) => labels[row] === 0);
    await page.locator('.panel.segments [data-group="0"]').focus();
    await page.keyboard.press("Enter");
    assert.deepEqual(await chosen(page), own);
    assert.equal(await page.locator('.panel.segments [data-group="0"]').getAttribute("aria-pressed"), "true");
    assert.equal(await at(page, "segments-members").locator("table").getAttribute("aria-rowcount"), String(own.length + 1));
    await at(page, "segments-search").fill(own[3]);
    await at(page, "segments-hand").click();
    assert.deepEqual(await chosen(page), own.filter((/** @type {string} */ id) => id.includes(own[3])));
    await at(page, "segments-members").locator("tbody button.link").first().click();
    await page.locator(".drawer h2", { hasText: own[3] }).waitFor();
  }));

test("deals past their expected close stand there by their own ids and go to the host", () =>
  opened(async (page) => {
    await listen(page);
    await page.locator(".panel.pipeline details.section summary").click();
    const link = page.locator('[data-testid="slipped-deal"]', { hasText: /^D-/ }).first();
    const id = await link.innerText();
    await link.click();
    await page.locator(".drawer h2", { hasText: id }).waitFor();
    assert.deepEqual(await chosen(page), [id]);
  }));
