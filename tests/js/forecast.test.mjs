import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dashboards } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */

const site = dashboards(["forecast"]);

/** @param {(page: Page) => Promise<void>} use @param {string} [query] */
const opened = (use, query = "?source=simulated&lang=en") => site.opened(({ page }) => use(page), query, { viewport: { width: 1440, height: 1000 }, acceptDownloads: true });

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
  let state = 1;
  const drawn = () => (state = (state * 48271) % 2147483647) % 100;
  for (let i = 0; i < 600; i++) {
    const size = drawn();
    const isOffered = drawn() < 60;
    const isOpen = i % 10 === 9;
    const isWon = isOffered && drawn() < size;
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

/** @param {Page} page */
async function openFirstDeal(page) {
  await page.locator('[data-testid="panel-forecast"] .deals tbody button.link').first().focus();
  await page.keyboard.press("Enter");
  await at(page, "reasons-sum").waitFor();
}

test("a deal opens by keyboard; its reasons add up from the average deal to its own probability", () =>
  opened(async (page) => {
    const { listed: [deal], open } = await asked(page, "forecast", {});
    await openFirstDeal(page);
    const logOdds = (/** @type {number} */ p) => Math.log(p / (1 - p));
    const average = Number(await at(page, "reasons-sum").getAttribute("data-value"));
    const sum = deal.reasons.reduce((/** @type {number} */ all, /** @type {any} */ { contribution }) => all + contribution, 0);
    assert.ok(Math.abs(logOdds(average) + sum - logOdds(deal.probability)) < 1e-9);
    const mean = Object.values(open.probability).reduce((all, p) => all + logOdds(p), 0) / Object.values(open.probability).length;
    assert.ok(Math.abs(logOdds(average) - mean) < 1e-6, "it is the average over the open deals");
  }));

test("what would change a deal: columns are ticked, a value is tried, and the answer is the engine's, worded as association", () =>
  opened(async (page) => {
    const { listed: [deal] } = await asked(page, "forecast", {});
    await openFirstDeal(page);
    assert.match(await page.locator(".drawer").innerText(), /Associated, not caused/);
    await at(page, "actionable-source").check();
    await at(page, "what-if-source").waitFor();
    const before = await at(page, "what-if").innerText();
    const levels = await at(page, "what-if-source").locator("option").evaluateAll((options) => options.map((option) => /** @type {HTMLOptionElement} */ (option).value));
    const own = await at(page, "what-if-source").inputValue();
    assert.equal(own, deal.reasons.find((/** @type {any} */ { column }) => column === "source").value);
    const other = String(levels.find((level) => level !== own));
    await at(page, "what-if-source").selectOption(other);
    await changed(page, "what-if", before);
    const answer = await asked(page, "whatIf", deal.row, { actionable: ["source"], changes: [{ column: "source", value: other }] });
    assert.equal(Number(await at(page, "what-if").getAttribute("data-value")), answer.changed.probability.value);
    assert.match(decodeURIComponent(page.url()), /forecast\.actionable=source/);
    await page.keyboard.press("Escape");
    await page.locator("dialog.drawer").waitFor({ state: "hidden" });
  }));

test("own rules are edited, tested beside the model, kept in the mapping and saved as a file", () =>
  opened(async (page) => {
    await giveBook(page);
    await at(page, "section-rules").locator("summary").focus();
    await page.keyboard.press("Enter");
    await at(page, "rule-add").click();
    await at(page, "rule-column-0").selectOption("size");
    await at(page, "rule-operator-0").selectOption("≥");
    await at(page, "rule-value-0").fill("50");
    await at(page, "rule-value-0").blur();
    await at(page, "rules-auc").waitFor();
    const rules = [{ column: "size", operator: "≥", value: 50, points: 10 }];
    const answer = await asked(page, "rules", { rules });
    assert.equal(Number(await at(page, "rules-auc").getAttribute("data-value")), answer.test.rules.value);
    assert.equal(Number(await at(page, "model-auc").getAttribute("data-value")), answer.test.model.value);
    assert.equal(Number(await at(page, "rules-agreement").getAttribute("data-value")), answer.spearman);
    const [file] = await Promise.all([page.waitForEvent("download"), at(page, "rules-save").click()]);
    const saved = readFileSync(/** @type {string} */ (await file.path()), "utf8");
    assert.deepEqual(JSON.parse(saved).rules, rules);
    await at(page, "rules-keep").click();
    await page.waitForFunction(() => /** @type {any} */ (document.querySelector("crm-dashboard")).engine.summary().mapping.rules?.length === 1, undefined, { timeout: 30_000 });
    await settled(page);
    assert.equal(await at(page, "rule-value-0").inputValue(), "50");
  }));

test("owners are listed with raw and shrunken rates, and what the mix of their deals explains", () =>
  opened(async (page) => {
    await at(page, "section-reps").locator("summary").click();
    await at(page, "reps-sentence").waitFor();
    const { reps } = await asked(page, "reps", {});
    const shown = await at(page, "section-reps").locator("[data-mix]").evaluateAll((cells) => cells.map((cell) => Number(/** @type {HTMLElement} */ (cell).dataset.mix)));
    assert.deepEqual(shown, reps.filter((/** @type {any} */ { againstMix }) => againstMix).map((/** @type {any} */ { againstMix }) => againstMix.value));
    assert.match(page.url(), /forecast\.reps=1/);
  }));

test("when deals will close is computed when it is asked for, can be cancelled, and shows what the engine says", () =>
  opened(async (page) => {
    const section = at(page, "section-when");
    await section.locator("summary").click();
    await section.locator(".progress button").click();
    await section.locator("button", { hasText: "Compute it" }).click();
    await at(page, "when-deals").waitFor({ timeout: 120_000 });
    const shown = await at(page, "when-deals").locator("tbody tr:first-child td[data-value]").evaluateAll((cells) => cells.map((cell) => Number(/** @type {HTMLElement} */ (cell).dataset.value)));
    const { hazard } = await asked(page, "forecast", { model: "auto", listed: 2500 });
    const judged = Array.from(/** @type {number[]} */ (hazard.horizons[1].won));
    const first = judged.indexOf(Math.max(...judged));
    assert.deepEqual(shown, hazard.horizons.map((/** @type {any} */ { won }) => won[first]));
    assert.ok(hazard.horizons.every((/** @type {any} */ { won, lost, open }) => Math.abs(won[first] + lost[first] + open[first] - 1) < 1e-12));
    assert.equal(await at(page, "when-verdict").getAttribute("data-value"), hazard.verdict);
  }));

test("without a stage history it is said why there is no date", () =>
  opened(async (page) => {
    await at(page, "section-when").locator("summary").click();
    await at(page, "when-none").filter({ hasText: "no stage history" }).waitFor();
  }, "?lang=en"));
test("a hundred thousand open deals are one list: few rows in the page, sorted and searched at once, and the last one explains itself", () =>
  opened(async (page) => {
    const lines = ["deal_id,created_at,closed_at,status,amount,source"];
    let state = 1;
    const drawn = () => (state = (state * 48271) % 2147483647) % 100;
    for (let i = 0; i < 102_000; i++) {
      const source = ["Web", "Fair", "Mail"][drawn() % 3];
      const status = i >= 2000 ? "Open" : drawn() < (source === "Fair" ? 70 : 25) ? "Won" : "Lost";
      lines.push(`d${i},2024-01-${String((i % 28) + 1).padStart(2, "0")},${i < 2000 ? `2024-0${2 + Math.floor(i / 500)}-10` : ""},${status},${i},${source}`);
    }
    await page.locator('input[type="file"]').first().setInputFiles([{ name: "many.csv", mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) }]);
    await page.waitForFunction(() => /** @type {any} */ (document.querySelector("crm-dashboard"))?.engine?.summary().counts.open === 100_000, undefined, { timeout: 60_000 });
    await settled(page);
    const list = page.locator(".all-deals");
    const drawnRows = () => list.locator("tbody tr.opens").count();
    assert.ok((await drawnRows()) < 60, `${await drawnRows()} rows`);
    assert.equal(await list.locator("table").getAttribute("aria-rowcount"), "100001");
    await list.locator('[data-column="amount"]').click();
    assert.equal(await list.locator("tbody button.link").first().innerText(), "d101999");
    await list.evaluate((element) => (element.scrollTop = element.scrollHeight));
    const last = list.locator("tbody tr.opens").last().locator("button.link");
    await page.waitForFunction(() => [...(document.querySelector("crm-dashboard")?.shadowRoot?.querySelectorAll(".all-deals tbody tr.opens") ?? [])].pop()?.querySelector("button")?.textContent === "d2000");
    assert.ok((await drawnRows()) < 60, `${await drawnRows()} rows`);
    await last.focus();
    await page.keyboard.press("Enter");
    await at(page, "reasons-sum").waitFor({ timeout: 30_000 });
    await page.locator(".drawer .reasons li").first().waitFor();
    await page.keyboard.press("Escape");
    await at(page, "deals-filter").fill("d77777");
    await page.waitForFunction(() => document.querySelector("crm-dashboard")?.shadowRoot?.querySelector(".all-deals table")?.getAttribute("aria-rowcount") === "2");
    assert.equal(await list.locator("tbody button.link").first().innerText(), "d77777");
  }));
