import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/setup.mjs";
import { dashboards, settled } from "./chromium.mjs";

const pictures = join(ROOT, "tests/output");
const site = dashboards();
mkdirSync(pictures, { recursive: true });

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} id */
const value = async (page, id) => {
  const raw = await page.locator(`[data-testid="${id}"]`).first().getAttribute("data-value", { timeout: 30_000 });
  return raw === null || raw === "" ? null : Number.isNaN(Number(raw)) ? raw : Number(raw);
};

/** @param {number | string | null} actual @param {number} expected */
const close = (actual, expected) => assert.ok(typeof actual === "number" && Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);

/** @param {(watched: Awaited<ReturnType<typeof site.page>>) => Promise<void>} use @param {string} [query] @param {import("playwright-core").BrowserContextOptions} [options] */
const opened = (use, query = "", options = { viewport: { width: 1440, height: 1000 } }) => site.opened(use, query, options);

/** @param {Page} page @param {{name: string, text: string | Buffer}[]} files */
async function give(page, ...files) {
  await page.locator('input[type="file"]').first().setInputFiles(files.map(({ name, text }) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) })));
}

test("opens on Maven with the reference's numbers, and asks for nothing after it has loaded", () =>
  opened(async ({ page, requests, context }) => {
    close(await value(page, "funnel-median"), 69);
    assert.equal(await value(page, "funnel-p90"), null);
    close(await value(page, "funnel-won"), 0.5194391985);
    close(await value(page, "funnel-lost"), 0.301740545969);
    close(await value(page, "funnel-open"), 0.178820255532);
    assert.equal(await value(page, "forecast-verdict"), "no_signal");
    close(await value(page, "forecast-base-rate"), 4238 / 6711);
    assert.ok(Number(await value(page, "segments-k")) >= 2);
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(pictures, "english-wide.png"), fullPage: true });
    const before = requests.length;
    assert.ok(requests.every((url) => url.startsWith(site.url()) || url.startsWith("data:") || url.startsWith("blob:")), requests.join("\n"));
    await context.setOffline(true);
    await page.evaluate(() => document.querySelector("crm-dashboard")?.setAttribute("lang", "fa"));
    await page.waitForTimeout(1500);
    close(await value(page, "funnel-median"), 69);
    assert.equal(requests.length, before, requests.slice(before).join("\n"));
  }));

test("Persian is right to left, with Persian digits and no sideways scroll", () =>
  opened(async ({ page }) => {
    await page.waitForTimeout(1500);
    const dashboard = page.locator("crm-dashboard");
    assert.equal(await dashboard.evaluate((element) => getComputedStyle(element).direction), "rtl");
    assert.match(await page.locator('[data-testid="funnel-median"]').first().innerText(), /[۰-۹]/);
    await page.screenshot({ path: join(pictures, "persian-wide.png"), fullPage: true });
  }, "?lang=fa"));

test("a phone shows one column and never scrolls sideways", async () => {
  for (const [width, query, name] of /** @type {const} */ ([[390, "", "phone"], [320, "?lang=fa", "phone-persian"]])) {
    await opened(async ({ page }) => {
      await page.waitForTimeout(1500);
      const { scroll, client } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, client: document.documentElement.clientWidth }));
      assert.ok(scroll <= client, `${scroll} > ${client} at ${width}`);
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
    }, query, { viewport: { width, height: 844 } });
  }
});

test("dark mode is drawn", () =>
  opened(async ({ page }) => {
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(pictures, "dark.png"), fullPage: true });
  }, "", { viewport: { width: 1440, height: 1000 }, colorScheme: "dark" }));

test("the simulated CRM shows stages", () =>
  opened(async ({ page }) => {
    await page.waitForTimeout(1500);
    await page.screenshot({ path: join(pictures, "simulated.png"), fullPage: true });
    assert.ok(Number(await value(page, "funnel-median")) > 0);
    assert.notEqual(await value(page, "forecast-verdict"), null);
  }, "?source=simulated"));

test("the definition of conversion is printed and switched, and the shares are those of the result", () =>
  opened(async ({ page }) => {
    const shares = () => page.locator('[data-testid="conversion"] td[data-share]').evaluateAll((cells) => cells.map((cell) => Number(/** @type {HTMLElement} */ (cell).dataset.share)));
    const results = await page.locator("crm-dashboard").evaluate(async (element) => (await /** @type {any} */ (element).engine.funnel()).stages.map((/** @type {any} */ { conversion }) => conversion));
    for (const definition of ["visited", "eventual", "reached"]) {
      await page.locator('[data-testid="conversion-definition"]').selectOption(definition);
      await page.locator(`[data-testid="conversion"][data-definition="${definition}"]`).waitFor();
      assert.deepEqual(await shares(), results.map((/** @type {any} */ conversion) => conversion[definition].ofPrevious?.value ?? 0));
    }
    assert.ok(results.some((/** @type {any} */ { visited, reached }) => visited.deals !== reached.deals), "the definitions differ");
  }, "?source=simulated"));

test("groups are compared by a column, with a test in words and a heat map", () =>
  opened(async ({ page }) => {
    await page.locator('[data-testid="funnel-group"]').selectOption("source");
    await page.locator('[data-testid="funnel-heat"] td').first().waitFor({ timeout: 30_000 });
    assert.match(await page.locator('[data-testid="funnel-group-test"]').innerText(), /p\s[=<]\s0\.\d{3}/);
    assert.match(page.url(), /funnel\.groupBy=source/);
  }, "?source=simulated"));

test("a stuck deal opens its record and hands its id to the host", () =>
  opened(async ({ page }) => {
    await page.locator("crm-dashboard").evaluate((element) => element.addEventListener("crm-select", (event) => (/** @type {any} */ (window).chosen = /** @type {CustomEvent} */ (event).detail.ids)));
    const link = page.locator(".stuck tbody button.link").first();
    const id = await link.innerText();
    await link.focus();
    await page.keyboard.press("Enter");
    await page.locator(".drawer .record td", { hasText: id }).first().waitFor({ timeout: 10_000 }).catch(() => page.locator(".drawer .record").getByText(id).first().waitFor());
    assert.deepEqual(await page.evaluate(() => /** @type {any} */ (window).chosen), [id]);
  }, "?source=simulated"));

test("a quota changes the chance of reaching it, and the test on past periods is said", () =>
  opened(async ({ page }) => {
    const chance = async (/** @type {string} */ quota) => {
      const before = await page.locator('[data-testid="pipeline-chance"]').getAttribute("data-value").catch(() => null);
      await page.locator('[data-testid="pipeline-quota"]').fill(quota);
      await page.keyboard.press("Tab");
      await page.waitForFunction((before) => {
        const now = document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('[data-testid="pipeline-chance"]')?.getAttribute("data-value");
        return now !== undefined && now !== null && now !== before;
      }, before, { timeout: 60_000 });
      return Number(await value(page, "pipeline-chance"));
    };
    page.setDefaultTimeout(5000);
    assert.equal(await chance("1"), 1);
    assert.ok((await chance("1e12")) < 1e-3);
    assert.match(await page.locator('[data-testid="pipeline-test"]').innerText(), /80\.0\s% is right/);
  }, "?source=simulated"));

test("the fan shows past and forecast with the quota, by period and added up, and has its table", () =>
  opened(async ({ page }) => {
    const chart = page.locator(".panel.pipeline figure.chart");
    await page.locator('[data-testid="pipeline-quota"]').fill("1200000");
    await page.keyboard.press("Tab");
    await chart.getByText("Quota 1.2M").waitFor({ timeout: 60_000 });
    await chart.locator("summary").click();
    const rows = chart.locator("tbody tr");
    assert.equal(await rows.count(), 12 + 6);
    const cells = (/** @type {number} */ row) => rows.nth(row).locator("td").allInnerTexts();
    assert.deepEqual((await cells(0)).map((text) => text !== ""), [true, false, false, false, false, false, true], "a past period has an amount and no bands");
    assert.ok((await cells(17)).slice(1).every((text) => text !== ""), "a period to come has all bands");
    await page.locator('[data-testid="pipeline-fan"]').selectOption("added");
    await chart.getByText("Quota added up: 7.2M").waitFor();
    assert.equal(await rows.count(), 6);
    const middle = async (/** @type {string} */ of) => (await page.locator(of).last().locator("td").allInnerTexts())[3];
    assert.equal(await middle(".panel.pipeline figure.chart tbody tr"), (await page.locator(".panel.pipeline .found > .scroll tbody tr").last().locator("td").allInnerTexts())[2], "added up to the end are all periods");
    assert.match(page.url(), /pipeline\.fan=added/);
  }, "?source=simulated"));

test("a file of the user is read, and broken lines are listed", () =>
  opened(async ({ page }) => {
    const lines = Array.from({ length: 10_000 }, (_, i) => `d${i},2024-01-${String((i % 28) + 1).padStart(2, "0")},${i % 2 ? "Won" : "Lost"},2024-03-${String((i % 28) + 1).padStart(2, "0")}`);
    for (const broken of [100, 5000, 9000]) lines[broken] = "only,two";
    await give(page, { name: "mine.csv", text: ["id,created_at,status,closed_at", ...lines].join("\n") });
    await page.waitForFunction(() => document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('[data-testid="funnel-median"]')?.getAttribute("data-value") === "60", undefined, { timeout: 30_000 });
    const text = await page.locator("crm-dashboard").evaluate((element) => element.shadowRoot?.textContent ?? "");
    for (const line of ["102", "5002", "9002"]) assert.ok(text.replace(/[,٬]/g, "").includes(line), `line ${line} is named`);
  }));

test("files that cannot be read leave the page alive", () =>
  opened(async ({ page, complaints }) => {
    for (const [name, text, code] of /** @type {const} */ ([
      ["empty.csv", "", "empty_input"],
      ["binary.csv", "\x89PNG\x00\x00\x00\x0d", "binary"],
      ["header.csv", "id,created_at,status\n", "no_rows"],
    ])) {
      await give(page, { name, text });
      await page.locator(`[data-code="${code}"]`).first().waitFor({ timeout: 30_000 });
    }
    await give(page, { name: "one.csv", text: "id,created_at,status\n1,2024-01-01,Open\n" });
    await settled(page);
    await give(page, { name: "again.csv", text: "id,created_at,status,closed_at\n1,2024-01-01,Won,2024-01-11\n2,2024-01-01,Lost,2024-01-11\n" });
    await page.waitForFunction(() => document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('[data-testid="funnel-median"]')?.getAttribute("data-value") === "10", undefined, { timeout: 30_000 });
    assert.deepEqual(complaints, []);
  }));

test("after the worker is killed from the console, the next call answers", () =>
  opened(async ({ page }) => {
    const median = await page.evaluate(async () => {
      const { engine } = /** @type {any} */ (document.querySelector("crm-dashboard"));
      engine.worker.terminate();
      return (await engine.funnel()).cycle.duration.quantiles[1].days;
    });
    assert.equal(median, 69);
  }));

test("periods follow the language's calendar and the choice of the user", () =>
  opened(async ({ page }) => {
    const sentence = page.locator('[data-testid="funnel-last-period"]');
    assert.match(await sentence.innerText(), /دی ۱۳۹۶|آذر ۱۳۹۶/);
    await page.locator('[data-testid="funnel-period"]').selectOption("fiscal_year");
    await page.waitForFunction(() => !/آذر|دی/.test(document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('[data-testid="funnel-last-period"]')?.textContent ?? "آذر"));
    await page.locator('[data-testid="calendar"]').selectOption("gregorian");
    await page.waitForFunction(() => /۲۰۱۷/.test(document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('[data-testid="funnel-last-period"]')?.textContent ?? ""));
    assert.match(page.url(), /calendar=gregorian/);
    assert.match(page.url(), /funnel.period=fiscal_year/);
  }, "?lang=fa"));

test("workbooks, Parquet and Arrow files open in the page as the CSV file does, and a picture is refused by name", () =>
  opened(async ({ page }) => {
    const deals = () => page.locator("crm-dashboard").evaluate((element) => element.shadowRoot?.textContent?.includes("10 deals"));
    for (const name of ["deals.xlsx", "deals.parquet", "deals.arrow", "deals.csv"]) {
      await page.goto(site.url());
      await settled(page);
      assert.equal(await deals(), false, name);
      await give(page, { name, text: readFileSync(new URL(`../data/formats/${name}`, import.meta.url)) });
      await page.waitForFunction(() => document.querySelector("crm-dashboard")?.shadowRoot?.textContent?.includes("10 deals"), null, { timeout: 30_000 });
    }
    await give(page, { name: "photo.csv", text: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0]) });
    await page.waitForFunction(() => document.querySelector("crm-dashboard")?.shadowRoot?.textContent?.includes("photo.csv is a picture"), null, { timeout: 30_000 });
  }));

test("groups are found in three ways, by a slider, and compared with a kept run", () =>
  opened(async ({ page }) => {
    const ready = () => page.locator('[data-testid="panel-segments"][data-state="ready"]').waitFor({ timeout: 60_000 });
    const result = (/** @type {object} */ options) => page.locator("crm-dashboard").evaluate(async (element, asked) => {
      const { k, segments, soft, dense } = await /** @type {any} */ (element).engine.segments(asked);
      return { k, names: segments.map((/** @type {any} */ { name }) => name), unsure: soft?.unsure, outliers: dense?.outliers.length };
    }, options);
    await page.locator('[data-testid="segments-keep"]').click();
    const slider = page.locator('[data-testid="segments-k-slider"]');
    await slider.fill("5");
    await page.locator('[data-testid="segments-k"][data-value="5"]').waitFor();
    await ready();
    assert.equal(await page.locator('[data-testid="segments-comparison"] tbody tr').count() >= 5, true);
    await page.locator('[data-testid="segments-method"]').selectOption("mixture");
    await page.locator('[data-testid="segments-soft"]').waitFor();
    assert.equal(await page.locator('[data-testid="segments-soft"]').getAttribute("data-unsure"), String((await result({ method: "mixture", k: 5 })).unsure));
    await page.locator('[data-testid="segments-method"]').selectOption("density");
    await page.locator('[data-testid="segments-outliers"]').waitFor();
    await ready();
    const dense = await result({ method: "density" });
    assert.equal(await value(page, "segments-k"), dense.k);
    assert.equal(await page.locator('[data-testid="segments-outliers"]').getAttribute("data-count"), String(dense.outliers));
    assert.equal(await slider.count(), 0);
    for (const name of ["rfm", "bands", "factors"]) {
      const section = page.locator(`[data-testid="segments-${name}"]`);
      await section.locator("summary").click();
      assert.ok(await section.locator("tbody tr").count() >= 2, name);
    }
    assert.equal(await page.locator('[data-testid="segments-rfm"] tbody tr').count(), 11);
    await page.locator('[data-testid="segments-map"]').selectOption("factors");
    await page.locator('.panel.segments figure.chart[data-drawn="true"]').first().waitFor();
  }, "?source=simulated"));
