import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboards, settled } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */

const site = dashboards();

/** @param {(page: Page) => Promise<void>} use @param {string} [query] @param {import("playwright-core").BrowserContextOptions} [options] */
const opened = (use, query = "?source=simulated&lang=en", options = {}) => site.opened(({ page }) => use(page), query, { viewport: { width: 1280, height: 900 }, ...options });

/** @param {Page} page @param {string} id */
const at = (page, id) => page.locator(`[data-testid="${id}"]`).first();

/** @param {Page} page @param {string} name @param {string[]} lines @param {string[]} [panels] */
async function give(page, name, lines, panels) {
  await page.locator('input[type="file"]').first().setInputFiles([{ name, mimeType: "text/csv", buffer: Buffer.from(lines.join("\n")) }]);
  await page.waitForFunction((name) => /** @type {any} */ (document.querySelector("crm-dashboard"))?.engine?.summary().tables.some((/** @type {any} */ { source }) => source === name), name, { timeout: 30_000 });
  await settled(page, panels);
  // What was not recognised is asked for.
  await page.keyboard.press("Escape");
}

const day = (/** @type {number} */ days) => new Date(Date.UTC(2023, 0, 1 + days)).toISOString().slice(0, 10);

test("under each age of a curve stands how many were watched then, and a dash beyond the last event", () =>
  opened(async (page) => {
    const labels = await page.evaluate(async ([charts, texts]) => {
      const [{ survivalCurve }, { language }] = await Promise.all([import(charts), import(texts)]);
      const curve = { n: 10, timeDays: [2, 5], atRisk: [9, 4], survival: [0.8, 0.4], low: [0.5, 0.2], high: [0.9, 0.7], lastDays: 8, quantiles: [] };
      const colours = new Proxy({}, { get: () => "#000" });
      const { xAxis } = survivalCurve(curve, { i18n: await language("en"), label: "", valueName: "" }).option(colours, 500);
      return [0, 2, 4, 5, 6, 8].map((age) => xAxis.axisLabel.formatter(age));
    }, [`${site.url()}charts/survival-curve.js`, `${site.url()}i18n/index.js`]);
    const alone = await page.evaluate(async ([charts, texts]) => {
      const [{ survivalCurve }, { language }] = await Promise.all([import(charts), import(texts)]);
      const none = { n: 3, timeDays: [], atRisk: [], survival: [], low: [], high: [], lastDays: 8, quantiles: [] };
      const { series } = survivalCurve(none, { i18n: await language("en"), label: "", valueName: "" }).option(new Proxy({}, { get: () => "#000" }), 500);
      return series[2].data;
    }, [`${site.url()}charts/survival-curve.js`, `${site.url()}i18n/index.js`]);
    assert.deepEqual(alone, [[0, 1], [8, 1]], "without an event all are still there");
    assert.deepEqual(labels, ["0\n10", "2\n9", "4\n4", "5\n4", "6\n–", "8\n–"]);
    const chart = page.locator(".panel.funnel figure.chart").first();
    await chart.getByText("10,000", { exact: true }).waitFor({ timeout: 30_000 });
    const box = async (/** @type {string} */ text) => /** @type {{x: number, y: number, width: number, height: number}} */ (await chart.locator("svg").getByText(text, { exact: true }).first().boundingBox());
    const [zero, watched] = [await box("0"), await box("10,000")];
    assert.ok(Math.abs(zero.x + zero.width / 2 - (watched.x + watched.width / 2)) < 3 && watched.y >= zero.y + zero.height - 4, "the number stands centred below its age");
  }));

test("a period that goes on is dotted, and never joined to the line as if it were a fall", () =>
  opened(async (page) => {
    const series = await page.evaluate(async ([charts, texts]) => {
      const [{ periodLines }, { language }] = await Promise.all([import(charts), import(texts)]);
      const i18n = await language("en");
      const colours = new Proxy({}, { get: () => "#000" });
      const of = (/** @type {boolean} */ lastIsPartial) => {
        const counts = { created: [4, 5, 1], won: [1, 2, 0], lost: [1, 1, 0], wonAmount: [1, 2, 0], wonWithoutAmount: [0, 0, 0], lastIsPartial };
        return periodLines(counts, { i18n, nameOf: String }).option(colours).series.map((/** @type {any} */ { data, lineStyle, symbol }) => ({ ages: data.map((/** @type {number[]} */ [at]) => at), dots: lineStyle.type, symbol }));
      };
      return [of(true), of(false)];
    }, [`${site.url()}charts/period-lines.js`, `${site.url()}i18n/index.js`]);
    const [going, over] = series;
    assert.deepEqual(going.slice(0, 3).map((/** @type {any} */ { ages }) => ages), [[0, 1], [0, 1], [0, 1]]);
    assert.ok(going.slice(3).length === 3 && going.slice(3).every((/** @type {any} */ { ages, dots, symbol }) => ages.join() === "1,2" && dots.join() === "1,4" && symbol === "emptyCircle"));
    assert.deepEqual(over.map((/** @type {any} */ { ages }) => ages), [[0, 1, 2], [0, 1, 2], [0, 1, 2]]);
    await page.locator('.panel.funnel .periods figure.chart[data-drawn="true"]').waitFor();
    const dashes = await page.locator(".panel.funnel .periods figure.chart path[stroke-dasharray]").evaluateAll((paths) => paths.map((path) => path.getAttribute("stroke-dasharray")));
    assert.equal(dashes.filter((dash) => dash === "2,8" || dash === "1,4").length, 3, String(dashes));
    assert.match(await at(page, "funnel-last-period").innerText(), /^Nov 2017: .*The last period is not over yet\./);
  }, "?lang=en&asOf=2017-12-10"));

test("of a period that is over the sentence says what it brought, and then what the next one will", () =>
  opened(async (page) => {
    const sentence = at(page, "pipeline-sentence");
    await page.locator('.panel.pipeline[data-state="ready"]').waitFor({ timeout: 60_000 });
    const { p10, p90 } = await page.locator("crm-dashboard").evaluate(async (element) => (await /** @type {any} */ (element).engine.pipeline({})).periods[0].amount);
    assert.equal(p10, p90, "the data end with the period");
    assert.match(await sentence.innerText(), /^Dec 2017 ends with [\d.,]+[KM]?\. Jan 2018 will bring /);
  }, "?lang=en&asOf=2017-12-31T23:59:59Z&timeZone=UTC"));

test("each group says who is in it in a sentence, and whether it comes back when customers are drawn anew", () =>
  opened(async (page) => {
    const { segments, threshold } = await page.locator("crm-dashboard").evaluate(async (element) => {
      const { segments, stability } = await /** @type {any} */ (element).engine.segments({});
      return { segments, threshold: stability.threshold };
    });
    const lines = await at(page, "segments-rules").locator("li").allInnerTexts();
    assert.equal(lines.length, segments.length);
    segments.forEach((/** @type {any} */ { rule, stability }, /** @type {number} */ index) => {
      if (rule) {
        const said = `: ${rule.n.toLocaleString("en")} of them, ${Math.round(rule.precision * 100)}\u00a0% in this group, ${rule.lift.toFixed(1)} times as often as overall`;
        assert.ok(/^Customers with .+ (≥|≤|>) [\d.,]+/m.test(lines[index]) && lines[index].includes(said), lines[index]);
      }
      assert.ok(lines[index].includes(`${stability < threshold ? "unstable" : "stable"} ${stability.toFixed(2)}`), lines[index]);
    });
    const badges = await at(page, "segments-rules").locator('[data-testid="stability"]').evaluateAll((chips) => chips.map((chip) => [Number(/** @type {HTMLElement} */ (chip).dataset.value), chip.classList.contains("down")]));
    assert.deepEqual(badges, segments.map((/** @type {any} */ { stability }) => [stability, stability < threshold]));
  }));

test("cells of the heat map are reached by arrows and read by touch", async () => {
  await opened(async (page) => {
    const heat = at(page, "funnel-heat");
    const cells = heat.locator("button.heat-cell");
    await cells.first().waitFor({ timeout: 30_000 });
    assert.equal(await heat.locator('button.heat-cell[tabindex="0"]').count(), 1, "one stop for the tab key");
    await heat.locator('button.heat-cell[tabindex="0"]').focus();
    const said = heat.locator('[data-testid="heat-said"]');
    const first = await said.innerText();
    assert.match(first, /^.+: .+ \(\d.* stays?; 95 %: .+\)$/);
    await page.keyboard.press("ArrowDown");
    const second = await said.innerText();
    assert.notEqual(second, first);
    assert.equal(await page.locator("crm-dashboard").evaluate((element) => element.shadowRoot?.activeElement?.getAttribute("aria-label")), second);
    await page.keyboard.press("ArrowUp");
    assert.equal(await said.innerText(), first);
  }, "?source=simulated&lang=en&funnel.groupBy=source");
  await opened(async (page) => {
    const heat = at(page, "funnel-heat");
    await heat.locator("button.heat-cell").nth(2).tap();
    assert.match(await heat.locator('[data-testid="heat-said"]').innerText(), /۹۵ ٪/);
  }, "?source=simulated&lang=fa&funnel.groupBy=source", { viewport: { width: 390, height: 844 }, hasTouch: true });
});

test("a map of a sample says so, with how many there are", () =>
  opened(async (page) => {
    const lines = ["customer_id,date,amount"];
    for (let i = 0; i < 20_500; i++) lines.push(`c${i},${day(i % 700)},${10 + ((i * 7919) % 990)}`, ...(i % 3 ? [] : [`c${i},${day((i * 31) % 700)},${(i * 104_729) % 5000}`]));
    await give(page, "orders.csv", lines, ["segments"]);
    await page.locator('[data-testid="segments-count"][data-value="20500"]').waitFor({ timeout: 60_000 });
    await at(page, "segments-map").selectOption("features").catch(() => {});
    assert.equal(await at(page, "segments-sample").innerText(), "The map shows 20,000 of 20,500 customers: a sample. Groups and numbers are of all of them.");
  }, "?source=retail&lang=en"));

test("where nothing is closed, and where nothing has a date, the page has words and no broken numbers", async () => {
  const words = async (/** @type {Page} */ page) => {
    const text = await page.locator("crm-dashboard").evaluate((element) => element.shadowRoot?.textContent ?? "");
    assert.doesNotMatch(text, /NaN|undefined|Infinity|Invalid/);
  };
  await opened(async (page) => {
    await give(page, "open.csv", ["id,created_at,status,owner,amount", ...Array.from({ length: 30 }, (_, i) => `o${i},${day(i)},Open,${["Ann", "Bea"][i % 2]},${i}`)]);
    await words(page);
    assert.match(await page.locator(".panel.forecast").innerText(), /not even a win rate/);
    assert.equal(await at(page, "forecast-expected-wins").innerText(), "unknown");
    assert.equal(await page.locator(".all-deals table").getAttribute("aria-rowcount"), "31");
    await page.locator(".all-deals tbody button.link").first().click();
    await page.locator(".drawer", { hasText: "Nothing can be said about its chance" }).waitFor();
    await page.keyboard.press("Escape");
    for (const name of ["reps", "when"]) await at(page, `section-${name}`).locator("summary").click();
    await at(page, "reps-sentence").waitFor();
    await at(page, "when-none").waitFor();
    await words(page);
  }, "?lang=en");
  await opened(async (page) => {
    await give(page, "undated.csv", ["id,status,stage,amount", ...Array.from({ length: 60 }, (_, i) => `u${i},${["Open", "Won", "Lost"][i % 3]},Offer,${i}`)]);
    await words(page);
    assert.equal(await page.locator("crm-dashboard").evaluate((element) => /** @type {any} */ (element).engine.summary().asOf), null);
  }, "?lang=en");
  await opened(async (page) => {
    await give(page, "ended.csv", ["id,created_at,closed_at", ...Array.from({ length: 40 }, (_, i) => `e${i},${day(i)},${i % 4 ? day(i + 9) : ""}`)]);
    await words(page);
    assert.match(await page.locator(".panel.forecast").innerText(), /the data do not say which were won/);
  }, "?lang=en");
});

test("a panel is as high as what it says", () =>
  opened(async (page) => {
    await give(page, "one.csv", ["id,created_at,status", "1,2024-01-01,Open"]);
    for (const name of ["pipeline", "segments", "quality", "forecast"]) {
      const { panel, inside } = await page.locator(`.panel.${name}`).evaluate((element) => ({ panel: element.getBoundingClientRect(), inside: Math.max(...[...element.children].map((child) => child.getBoundingClientRect().bottom)) }));
      assert.ok(panel.bottom - inside < 40, `${name}: ${panel.bottom - inside} pixels of nothing`);
    }
  }, "?lang=en"));
