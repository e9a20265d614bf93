import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboards } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Locator} Locator */

const site = dashboards();

/** @param {(page: Page) => Promise<void>} use @param {string} [query] @param {import("playwright-core").BrowserContextOptions} [options] */
const opened = (use, query = "?source=simulated&lang=en", options = {}) => site.opened(async ({ page }) => {
  await page.locator("crm-dashboard").evaluate((element) => element.addEventListener("crm-select", (event) => (/** @type {any} */ (window).chosen = /** @type {CustomEvent} */ (event).detail.ids)));
  await use(page);
}, query, { viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });

/** @param {Page} page @returns {Promise<string[]>} */
const chosen = (page) => page.evaluate(() => /** @type {any} */ (window).chosen);
/** @param {Page} page */
const openSections = (page) => page.locator(".panel.funnel details.section, .panel.segments details.section").evaluateAll((all) => all.forEach((details) => (/** @type {HTMLDetailsElement} */ (details).open = true)));
/** @param {string} text */
const count = (text) => Number(text.replace(/,/g, ""));

/** Chooses a number by keyboard; how many deals are listed, after a look at what the host was given. @param {Page} page @param {Locator} link */
async function behind(page, link) {
  await page.evaluate(() => (/** @type {any} */ (window).chosen = undefined));
  await link.focus();
  await page.keyboard.press("Enter");
  const counted = page.locator(".drawer [data-testid='behind-count']");
  await counted.waitFor();
  await page.waitForFunction(() => /** @type {any} */ (window).chosen);
  const listed = Number(await counted.getAttribute("data-value"));
  assert.equal((await chosen(page)).length, listed, "the host has the same deals");
  await page.keyboard.press("Escape");
  await counted.waitFor({ state: "hidden" });
  return listed;
}

test("numbers of the funnel lead by keyboard to as many deals as they say, and hand their ids to the host", () =>
  opened(async (page) => {
    await openSections(page);
    const funnel = page.locator(".panel.funnel");
    /** The first and the last link of a part. @param {string} part */
    const ends = async (part) => {
      const links = funnel.locator(`${part} [data-testid="deals-behind"]`);
      assert.ok(await links.count() > 0, part);
      return [links.first(), links.last()];
    };
    for (const part of ['[data-testid="conversion"]', ".groups .found > .scroll", ".more .section:has(.path) > .scroll:first-of-type", ".more .section:has(.heat-said)", ".worth"]) {
      for (const link of await ends(part)) {
        const said = count(await link.innerText());
        assert.equal(await behind(page, link), said, `${part} ${said}`);
      }
    }
    const definition = page.locator('[data-testid="conversion-definition"]');
    await definition.selectOption("visited");
    const visited = funnel.locator('[data-testid="conversion"][data-definition="visited"] [data-testid="deals-behind"]').last();
    assert.equal(await behind(page, visited), count(await visited.innerText()));
    // A deal may come back to a stage and make the same move twice.
    for (const part of [".stages > .scroll", ".more .section:has(.path) > .scroll >> nth=-1"]) {
      const stays = funnel.locator(part).locator('[data-testid="deals-behind"]').first();
      const deals = await behind(page, stays);
      assert.ok(deals > 0 && deals <= count(await stays.innerText()), part);
    }
  }, "?source=simulated&lang=en&funnel.groupBy=source"));

test("a cell of a heat map opens its deals under what is said of it", () =>
  opened(async (page) => {
    const cell = page.locator('[data-testid="funnel-heat"] .heat-cell').first();
    const words = await cell.getAttribute("aria-label");
    await cell.click();
    await page.locator(".drawer [data-testid='behind-count']").waitFor();
    assert.ok((await page.locator(".drawer").innerText()).includes(String(words)));
    const { stage, group } = await page.locator("crm-dashboard").evaluate(async (element) => {
      const result = await /** @type {any} */ (element).engine.funnel({ groupBy: "source" });
      const { id } = await /** @type {any} */ (element).engine.dealsBehind({ group: 0, from: result.stages[0].stage }, result.meta.options);
      return { stage: id, group: result.groups.groups[0].deals };
    });
    assert.deepEqual((await chosen(page)).toSorted(), stage.toSorted());
    assert.ok(stage.length > 0 && stage.length <= group);
  }, "?source=simulated&lang=en&funnel.groupBy=source"));

test("a deal behind a number opens, and the list is where it was when one comes back", () =>
  opened(async (page) => {
    await page.locator('[data-testid="conversion"] [data-testid="deals-behind"]').first().click();
    const list = page.locator(".drawer .behind");
    await list.locator("tbody tr.opens").first().waitFor();
    assert.ok(await list.evaluate((element) => element.scrollWidth <= element.clientWidth), "it does not scroll sideways");
    await list.evaluate((element) => (element.scrollTop = 58 * 200));
    const row = list.locator('tr[aria-rowindex="202"]');
    const id = await row.locator("button.link").innerText();
    await row.locator("button.link").click();
    await page.locator(".drawer .record td", { hasText: id }).first().waitFor();
    assert.deepEqual(await chosen(page), [id]);
    await page.locator('[data-testid="behind-back"]').click();
    await list.locator('tr[aria-rowindex="202"]', { hasText: id }).waitFor();
    assert.equal(await list.evaluate((element) => element.scrollTop), 58 * 200);
  }, "?source=simulated&lang=fa&digits=latn", { viewport: { width: 390, height: 844 } }));

test("the deals of a segment and the customers of a value band are listed", () =>
  opened(async (page) => {
    await openSections(page);
    const segments = page.locator(".panel.segments");
    const deals = segments.locator('[data-testid="deals-behind"]').first();
    assert.equal(await behind(page, deals), count(await deals.innerText()));
    const band = segments.locator('[data-testid="segments-bands"] tbody tr').nth(1);
    const size = count(await band.locator("td").first().innerText());
    await band.locator("button").click();
    await page.locator('[data-testid="segments-only"]').waitFor();
    assert.equal(count((await page.locator('[data-testid="segments-shown"]').innerText()).replace(/\D/g, "")), size);
    assert.equal((await chosen(page)).length, size);
    await page.locator('[data-testid="segments-only"]').click();
    assert.ok(count((await page.locator('[data-testid="segments-shown"]').innerText()).replace(/\D/g, "")) > size);
  }, "?source=simulated&lang=en&segments.of=orders"));

test("a chart is read mark by mark with the keys, in the words of its tooltip, and Enter opens the deals of a period", () =>
  opened(async (page) => {
    const figure = page.locator(".panel.funnel .periods figure.chart");
    await figure.scrollIntoViewIfNeeded();
    await page.locator('.panel.funnel .periods figure.chart[data-drawn="true"]').waitFor();
    const chart = figure.getByRole("slider");
    assert.match(String(await chart.getAttribute("aria-label")), /Deals created, won and lost/);
    assert.match(String(await chart.getAttribute("aria-valuetext")), /^\d+ marks; the arrow keys read them\. Enter opens/);
    const { names, created } = await page.locator("crm-dashboard").evaluate(async (element) => {
      const { periods } = await /** @type {any} */ (element).engine.funnel({ calendar: "gregorian" });
      return { names: periods.created.length, created: Array.from(periods.created) };
    });
    await chart.focus();
    const value = async (/** @type {string} */ key) => {
      await page.keyboard.press(key);
      return String(await chart.getAttribute("aria-valuetext"));
    };
    const first = await value("ArrowRight");
    assert.ok(first.includes(`Created ${created[0].toLocaleString("en")}, `), first);
    assert.equal(await chart.getAttribute("aria-valuenow"), "1");
    for (const line of first.split(", ").slice(1)) await figure.locator("svg text", { hasText: line }).first().waitFor({ state: "attached" });
    assert.ok((await value("ArrowRight")).includes(`Created ${created[1].toLocaleString("en")}, `));
    assert.equal(await value("ArrowLeft"), first);
    const last = await value("End");
    assert.equal(await chart.getAttribute("aria-valuenow"), String(names));
    assert.ok(last.includes(`Created ${created.at(-1)?.toLocaleString("en")}, `), last);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator(".drawer [data-testid='behind-count']").getAttribute("data-value"), String(created.at(-1)));
    await page.keyboard.press("Escape");
    const table = figure.locator("details");
    await table.locator("summary").click();
    assert.equal(await behind(page, table.locator('[data-testid="deals-behind"]').first()), created[0]);
  }));

test("every chart is a slider with a name, and says something of each of its ends", () =>
  opened(async (page) => {
    for (const lang of ["en", "fa"]) {
      await page.locator("crm-dashboard").evaluate((element, lang) => element.setAttribute("lang", lang), lang);
      await page.waitForFunction((lang) => {
        const charts = Array.from(document.querySelector("crm-dashboard")?.shadowRoot?.querySelectorAll(`.root[lang="${lang}"] figure.chart`) ?? []).filter((chart) => chart.checkVisibility() && chart.clientWidth > 0);
        return charts.length >= 6 && charts.every((chart) => /** @type {HTMLElement} */ (chart).dataset.drawn);
      }, lang);
      const charts = page.locator("figure.chart[data-drawn]").filter({ visible: true }).getByRole("slider");
      const all = await charts.count();
      assert.ok(all >= 6, `${all} charts`);
      for (let at = 0; at < all; at++) {
        const chart = charts.nth(at);
        assert.ok(await chart.getAttribute("aria-label"));
        await chart.focus();
        const read = [];
        for (const key of ["Home", "End"]) {
          await page.keyboard.press(key);
          read.push(String(await chart.getAttribute("aria-valuetext")));
        }
        assert.ok(read[0] !== read[1] && read.every((text) => /[0-9۰-۹]/.test(text) && !text.includes("undefined") && !text.includes("NaN")), read.join("\n"));
      }
    }
  }));

test("figures of the test and won periods of the forecast lead to their deals", () =>
  opened(async (page) => {
    const forecast = page.locator(".panel.forecast");
    const cells = forecast.locator('[data-testid="confusion"] [data-testid="deals-behind"]');
    const said = await cells.allInnerTexts();
    assert.ok(said.length >= 3, said.join(" "));
    for (const [at, text] of said.entries()) assert.equal(await behind(page, cells.nth(at)), count(text));
    const tenths = forecast.locator('section:has([data-testid="lift"]) [data-testid="deals-behind"]');
    assert.equal(await tenths.count(), 10);
    for (const link of [tenths.first(), tenths.last()]) assert.equal(await behind(page, link), count(await link.innerText()));
    const { inFirst, won } = await page.locator("crm-dashboard").evaluate(async (element) => {
      const { engine } = /** @type {any} */ (element);
      const { holdout } = await engine.forecast({});
      const { past } = await engine.pipeline({});
      return { inFirst: holdout.probability.filter((/** @type {number} */ p) => p <= holdout.reliability[0].highest).length, won: past.won.slice(-12)[0] };
    });
    for (const [chart, expected] of /** @type {const} */ ([[forecast.locator(".model-quality figure.chart"), inFirst], [page.locator(".panel.pipeline figure.chart"), won]])) {
      await chart.first().scrollIntoViewIfNeeded();
      await chart.and(page.locator("[data-drawn]")).first().waitFor();
      await chart.getByRole("slider").first().focus();
      await page.keyboard.press("Home");
      await page.keyboard.press("Enter");
      const counted = page.locator(".drawer [data-testid='behind-count']");
      await counted.waitFor();
      assert.equal(Number(await counted.getAttribute("data-value")), expected);
      assert.ok(expected > 0);
      await page.keyboard.press("Escape");
      await counted.waitFor({ state: "hidden" });
    }
  }));
