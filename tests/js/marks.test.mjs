import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboards, settled } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */

const site = dashboards();
const NONE = 4294967295;

/** @param {(page: Page) => Promise<void>} use @param {string} [query] @param {import("playwright-core").BrowserContextOptions} [options] */
const opened = (use, query = "?source=simulated&lang=en", options = {}) => site.opened(({ page }) => use(page), query, { viewport: { width: 1280, height: 900 }, ...options });

/** @param {Page} page @param {string} id */
const at = (page, id) => page.locator(`[data-testid="${id}"]`).first();
/** @param {Page} page */
const listen = (page) => page.locator("crm-dashboard").evaluate((element) => element.addEventListener("crm-select", (event) => (/** @type {any} */ (window).chosen = /** @type {CustomEvent} */ (event).detail.ids)));
/** @param {Page} page @returns {Promise<string[]>} */
const chosen = (page) => page.evaluate(() => /** @type {any} */ (window).chosen);
/** @param {Page} page @returns {Promise<{id: string[], row: number[], stage: string[], owner: string[], p50: number[], asOf: number}>} the open deals of the result */
const openDeals = (page) => page.locator("crm-dashboard").evaluate(async (element) => {
  const { open, meta } = await /** @type {any} */ (element).engine.forecast({});
  const named = (/** @type {Uint32Array} */ codes, /** @type {string[]} */ names) => Array.from(codes, (code) => names[code] ?? "");
  return { id: open.id, row: Array.from(open.row), stage: named(open.stage, open.stages), owner: named(open.owner, open.owners), p50: Array.from(open.closeWindow.p50), asOf: meta.asOf };
});
/** @param {Page} page */
const shownCount = async (page) => Number(await page.locator(".all-deals table").getAttribute("aria-rowcount")) - 1;

test("open deals are narrowed by stage and owner together with the search, kept in the address, and handed to the host", () =>
  opened(async (page) => {
    await listen(page);
    const deals = await openDeals(page);
    const [stage, owner] = [deals.stage[0], deals.owner[0]];
    const fits = deals.id.filter((_, place) => deals.stage[place] === stage && deals.owner[place] === owner);
    await at(page, "deals-stage").selectOption({ label: stage });
    assert.equal(await shownCount(page), deals.stage.filter((of) => of === stage).length);
    await at(page, "deals-owner").selectOption({ label: owner });
    assert.equal(await shownCount(page), fits.length);
    await at(page, "deals-hand").click();
    assert.deepEqual((await chosen(page)).toSorted(), fits.toSorted());
    await at(page, "deals-filter").fill(fits[0]);
    assert.equal(await shownCount(page), fits.filter((id) => id.includes(fits[0])).length);
    const query = new URL(page.url()).searchParams;
    assert.deepEqual([query.get("forecast.stage"), query.get("forecast.owner")], [`=${stage}`, `=${owner}`]);
    await page.reload();
    await settled(page);
    assert.equal(await shownCount(page), fits.length, "the address has both");
  }));

test("every open deal has the window of its win, sorted by its middle, which is that of the engine", () =>
  opened(async (page) => {
    const deals = await openDeals(page);
    await page.locator('.all-deals [data-column="window"]').click();
    const first = page.locator(".all-deals tbody tr.opens").first();
    const days = Number(await first.locator("td.window").getAttribute("data-days"));
    assert.equal(days, Math.min(...deals.p50.filter((of) => !Number.isNaN(of))));
    const id = await first.locator("button.link").innerText();
    const { now } = await page.locator("crm-dashboard").evaluate((element, row) => /** @type {any} */ (element).engine.whatIf(row, {}), deals.row[deals.id.indexOf(id)]);
    assert.equal(now.expectedClose, deals.asOf + days * 864e5);
    assert.match(await first.locator("td.window").innerText(), /\d{4}/);
    await first.locator("button.link").click();
    await page.locator(".drawer", { hasText: "half of such wins come by" }).waitFor();
  }));

test("on a phone the list of open deals fits: nothing of a row is out of sight", () =>
  opened(async (page) => {
    const list = page.locator(".all-deals");
    await list.locator("tbody tr.opens").first().waitFor();
    assert.ok(await list.evaluate((element) => element.scrollWidth <= element.clientWidth), "it does not scroll sideways");
    assert.equal(await list.locator("tbody tr.opens").first().evaluate((row) => row.getBoundingClientRect().height), 72);
    const { stage } = await openDeals(page);
    const text = await list.locator("tbody tr.opens").first().innerText();
    assert.ok(stage.some((name) => text.includes(name)), text);
    await list.evaluate((element) => (element.scrollTop = element.scrollHeight));
    await page.waitForFunction((count) => document.querySelector("crm-dashboard")?.shadowRoot?.querySelector(`.all-deals tr[aria-rowindex="${count + 1}"]`), stage.length);
  }, "?source=simulated&lang=en", { viewport: { width: 390, height: 844 } }));

test("a number of open deals leads to these deals by keyboard and hands their ids to the host", () =>
  opened(async (page) => {
    await listen(page);
    const deals = await openDeals(page);
    const row = page.locator(".panel.funnel .current tbody tr").first();
    const stage = await row.locator("th").innerText();
    await row.locator('[data-testid="deals-link"]').focus();
    await page.keyboard.press("Enter");
    const fits = deals.id.filter((_, place) => deals.stage[place] === stage);
    assert.deepEqual((await chosen(page)).toSorted(), fits.toSorted());
    assert.equal(await at(page, "deals-stage").inputValue(), `=${stage}`);
    assert.equal(await page.locator(".all-deals").evaluate((element) => element === /** @type {ShadowRoot} */ (element.getRootNode()).activeElement), true, "the list has the focus");
    await at(page, "funnel-stage").selectOption({ label: stage });
    await at(page, "deals-stage").selectOption("");
    await at(page, "funnel-stage-deals").click();
    assert.equal(await shownCount(page), fits.length);
  }));

test("deals past their expected close are listed as one, and the list is made whole again", () =>
  opened(async (page) => {
    await listen(page);
    const deals = await openDeals(page);
    const late = await page.locator("crm-dashboard").evaluate(async (element) => Array.from((await /** @type {any} */ (element).engine.pipeline({})).slipped.row));
    await page.locator(".panel.pipeline details.section summary").click();
    await page.locator(".panel.pipeline details.section").locator('[data-testid="pipeline-list"]').click();
    assert.deepEqual((await chosen(page)).toSorted(), deals.id.filter((_, place) => late.includes(deals.row[place])).toSorted());
    await at(page, "deals-only").click();
    assert.equal(await shownCount(page), deals.id.length);
  }));

test("owners lead to their open deals", () =>
  opened(async (page) => {
    await listen(page);
    const deals = await openDeals(page);
    await at(page, "section-reps").locator("summary").click();
    const row = at(page, "section-reps").locator("tbody tr").first();
    await row.waitFor();
    const owner = (await row.locator("th bdi").innerText()).trim();
    await row.locator('[data-testid="deals-link"]').click();
    assert.deepEqual((await chosen(page)).toSorted(), deals.id.filter((_, place) => deals.owner[place] === owner).toSorted());
  }));

test("a group by rule leads to its customers and hands their ids to the host", () =>
  opened(async (page) => {
    await listen(page);
    const own = await page.locator("crm-dashboard").evaluate(async (element) => {
      const { ids, rfm } = await /** @type {any} */ (element).engine.segments({});
      const index = rfm.groups.findIndex((/** @type {any} */ { size }) => size > 0);
      return ids.filter((/** @type {string} */ _, /** @type {number} */ row) => rfm.labels[row] === index);
    });
    const section = at(page, "segments-rfm");
    await section.locator("summary").click();
    await section.locator("tbody button.link").first().click();
    assert.deepEqual(await chosen(page), own);
    assert.equal(await at(page, "segments-members").locator("table").getAttribute("aria-rowcount"), String(own.length + 1));
  }));

test("what was chosen for some data is not asked of others, where choices work as before", () =>
  opened(async (page) => {
    await at(page, "funnel-group").selectOption("source");
    await at(page, "funnel-group-test").waitFor({ timeout: 30_000 });
    await at(page, "deals-stage").selectOption({ index: 1 });
    await at(page, "source-maven").click();
    await page.waitForFunction(() => /** @type {any} */ (document.querySelector("crm-dashboard")).engine.summary().counts.deals === 8800, undefined, { timeout: 30_000 });
    await settled(page);
    assert.deepEqual([await at(page, "funnel-group").inputValue(), await at(page, "deals-stage").inputValue()], ["", ""]);
    assert.equal(await shownCount(page), 2089);
    await at(page, "funnel-group").selectOption("sector");
    await at(page, "funnel-group-test").waitFor({ timeout: 30_000 });
  }));

test("deals without an owner can be told apart", () =>
  opened(async (page) => {
    const day = (/** @type {number} */ days) => new Date(Date.UTC(2023, 0, 1 + days)).toISOString().slice(0, 10);
    const lines = ["id,created_at,status,closed_at,owner", ...Array.from({ length: 120 }, (_, i) => `n${i},${day(i)},${i % 4 ? (i % 2 ? "Won" : "Lost") : "Open"},${i % 4 ? day(i + 30) : ""},${i % 8 ? "Ann" : ""}`)];
    await page.locator('input[type="file"]').first().setInputFiles([{ name: "owners.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) }]);
    await page.waitForFunction(() => /** @type {any} */ (document.querySelector("crm-dashboard"))?.engine?.summary().counts.deals === 120, undefined, { timeout: 30_000 });
    await settled(page);
    const codes = await page.locator("crm-dashboard").evaluate(async (element) => Array.from((await /** @type {any} */ (element).engine.forecast({})).open.owner));
    await at(page, "deals-owner").selectOption({ label: "empty" });
    assert.equal(await shownCount(page), codes.filter((code) => code === NONE).length);
  }, "?lang=en"));
