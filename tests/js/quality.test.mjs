import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/setup.mjs";
import ar from "../../www/i18n/ar.js";
import en from "../../www/i18n/en.js";
import fa from "../../www/i18n/fa.js";
import { dashboards } from "./chromium.mjs";

const site = dashboards(["quality"]);

/** @param {(page: import("playwright-core").Page) => Promise<void>} use @param {string} [query] @param {import("playwright-core").BrowserContextOptions} [options] */
const opened = (use, query = "", options = { viewport: { width: 1440, height: 1000 } }) => site.opened(({ page }) => use(page), query, { ...options, acceptDownloads: true });

/** @param {import("playwright-core").Page} page @param {string} id */
const at = (page, id) => page.locator(`[data-testid="${id}"]`).first();

test("the fault whose mending gains most stands first, with what it costs, and its rows are saved", () =>
  opened(async (page) => {
    const first = page.locator(".panel.quality ol.faults details").first();
    assert.match(await first.locator("summary").innerText(), /1,425 deals have no account/);
    await first.locator("summary").focus();
    await page.keyboard.press("Enter");
    await at(page, "save-missing_value").waitFor();
    assert.match(await first.innerText(), /customer groups: 1,425 of 8,800 are left out/i);
    const [file] = await Promise.all([page.waitForEvent("download"), first.locator('[data-testid="save-missing_value"]').click()]);
    assert.equal(file.suggestedFilename(), "deals-account-missing_value.csv");
    const lines = readFileSync(/** @type {string} */ (await file.path()), "utf8").trim().split("\n");
    assert.equal(lines.length, 1 + 1425);
    assert.match(lines[0], /^\uFEFF?line,finding,opportunity_id,/);
    const score = Number(await at(page, "quality-score-funnel").getAttribute("data-value"));
    assert.ok(score > 0 && score < 100);
  }));

test("merging near-duplicates reads the file again with them as one, and can be taken back", () =>
  opened(async (page) => {
    const unmatched = at(page, "finding-unmatched_key");
    await unmatched.locator("summary").click();
    await at(page, "merge-unmatched_key").click();
    await at(page, "quality-merged").waitFor({ timeout: 30_000 });
    assert.equal(await page.locator('[data-testid="finding-unmatched_key"]').count(), 0);
    const joined = () => page.evaluate(() => /** @type {any} */ (document.querySelector("crm-dashboard")).engine.summary().joins.map((/** @type {any} */ join) => join.unmatched));
    assert.ok((await joined()).every((/** @type {number} */ count) => count === 0));
    await at(page, "quality-merged").locator("summary").click();
    await at(page, "quality-merged").locator("button").first().click();
    await at(page, "finding-unmatched_key").waitFor({ timeout: 30_000 });
    assert.ok((await joined()).includes(1480));
  }));

test("the panel is Persian, right to left, and never scrolls sideways on a phone", () =>
  opened(async (page) => {
    await page.waitForTimeout(1000);
    const panel = page.locator(".panel.quality");
    for (const summary of await panel.locator("ol.faults > li > details > summary").all()) await summary.click();
    assert.match((await panel.locator("ol.faults details summary").first().innerText()).replace(/[\u2066-\u2069]/g, ""), /۱٬۴۲۵ معامله account ندارد/);
    assert.equal(await panel.evaluate((element) => getComputedStyle(element).direction), "rtl");
    const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
    assert.ok(scroll <= client, `${scroll} > ${client}`);
    await panel.screenshot({ path: join(ROOT, "tests/output/quality-persian-phone.png") });
  }, "?lang=fa", { viewport: { width: 320, height: 844 } }));

test("the panel is drawn in the dark", () =>
  opened(async (page) => {
    await page.locator(".panel.quality ol.faults > li > details > summary").nth(2).click();
    await page.locator(".panel.quality").screenshot({ path: join(ROOT, "tests/output/quality-dark.png") });
  }, "", { viewport: { width: 1280, height: 900 }, colorScheme: "dark" }));

test("every finding and fix has its words, in every language", () => {
  const folder = join(ROOT, "src/quality");
  const book = readFileSync(join(folder, "book.rs"), "utf8");
  const table = /const FIXES[\s\S]*?\n\];/.exec(book)?.[0] ?? "";
  const names = [...table.matchAll(/"(\w+)"/g)].map(([, name]) => name);
  assert.ok(names.length > 40);
  const fixes = [...table.matchAll(/\(\s*"(\w+)",\s*&\[/g)].map(([, name]) => name);
  for (const words of [en, fa, ar]) {
    for (const fix of [...fixes, "know"]) assert.ok(`fix.${fix}` in words, fix);
    for (const code of names.filter((name) => !fixes.includes(name))) assert.ok(`finding.${code}` in words || `leftOut.${code}` in words, code);
  }
});
