import assert from "node:assert/strict";
import { test } from "node:test";
import { inWorkingTime } from "../../www/i18n/durations.js";
import { language } from "../../www/i18n/index.js";
import { dashboards, settled } from "./chromium.mjs";

const site = dashboards();
const [HOUR, MINUTE, SECOND] = [1 / 24, 1 / 1440, 1 / 86_400];

test("a duration below a day is told in hours, minutes or seconds, in every language", async () => {
  const told = async (/** @type {string} */ lang, /** @type {number[]} */ ...days) => {
    const i18n = await language(lang);
    return days.map((of) => i18n.days(of));
  };
  assert.deepEqual(
    await told("en", 0, 0.154, 0.000452, 12 * MINUTE, HOUR, 1, 1.5, 160.4),
    ["0 days", "3.7 hours", "39.1 seconds", "12 minutes", "1 hour", "1 day", "1.5 days", "160 days"],
  );
  assert.deepEqual(await told("fa", 0.154, 12 * MINUTE, 39 * SECOND, 3), ["۳٫۷ ساعت", "۱۲ دقیقه", "۳۹ ثانیه", "۳ روز"]);
  assert.deepEqual(await told("ar", 3 * HOUR, 2 * HOUR, 2 * MINUTE, 12 * MINUTE, 3 * SECOND, 2), ["٣ ساعات", "ساعتين", "دقيقتين", "١٢ دقيقة", "٣ ثوانٍ", "يومين"]);
});

test("a duration that is rounded to the next unit is told in that one", async () => {
  const { days, brief } = await language("en");
  assert.deepEqual([0.9999, 59.99 * MINUTE, 59.999 * SECOND, 1.0004].map(days), ["1 day", "1 hour", "1 minute", "1 day"]);
  assert.deepEqual([0.5 * SECOND, NaN].map(days), ["0.5 seconds", "–"]);
  assert.deepEqual([2 * HOUR, 40 * SECOND, 39.4].map(brief), ["2 hr", "40 sec", "39.4 days"]);
});

test("a column of days has its unit in the heading; where one is shorter than a day, each has its own", async () => {
  const { inColumn } = await language("en");
  const whole = inColumn([3, 12.25, null, NaN, 0]);
  assert.deepEqual([whole.heading("Median"), whole.format(12.25)], ["Median, days", "12.3"]);
  const mixed = inColumn(Float64Array.of(3, 0.25));
  assert.deepEqual([mixed.heading("Median"), mixed.format(3), mixed.format(0.25)], ["Median", "3 days", "6 hr"]);
});

test("the ends of an interval have their unit once, as the language has it", async () => {
  const plain = (/** @type {string} */ text) => text.replace(/[\u061c\u200e\u200f\u2066-\u2069]/g, "");
  const told = async (/** @type {string} */ lang) => {
    const { between, inColumn, percent, short } = await language(lang);
    const { format } = inColumn([0.25]);
    return [between(0.25, 0.5, format), between(HOUR, 3 * HOUR, format), between(2, 3.25, format), between(3 * HOUR, 2, format), between(2, 2.0001, format), between(0.312, 0.351, percent), between(-0.02, 0.03, percent), between(12_000, 15_000, short)].map(plain);
  };
  assert.deepEqual(await told("en"), ["6–12 hr", "1–3 hr", "2–3.25 days", "3 hr–2 days", "2 days", "31.2–35.1\u00a0%", "\u22122.0 to 3.0\u00a0%", "12K–15K"]);
  assert.deepEqual(await told("fa"), ["۶ تا ۱۲ ساعت", "۱ تا ۳ ساعت", "۲ تا ۳٫۲۵ روز", "۳ ساعت تا ۲ روز", "۲ روز", "۳۱٫۲ تا ۳۵٫۱٪", "\u2212۲٫۰ تا ۳٫۰٪", "۱۲ تا ۱۵\u00a0هزار"]);
  assert.deepEqual(await told("ar"), ["٦–١٢ ساعة", "١–٣ ساعات", "٢–٣٫٢٥ يوم", "٣ ساعات–يومان", "يومان", "٣١٫٢–٣٥٫١٪", "من \u2212٢٫٠ إلى ٣٫٠٪", "١٢–١٥\u00a0ألف"]);
  const { between, inColumn } = await language("en");
  assert.equal(between(0.25, null, inColumn([0.25]).format), "6 hr–not reached");
  const working = inWorkingTime(await language("en"), () => 8);
  assert.equal(working.between(2, 3, working.inColumn([0.5]).format), "2–3 working days");
});

test("an axis takes the largest unit of which it has at least three, with whole ticks", async () => {
  const { axisOf } = await language("en");
  assert.deepEqual(axisOf(160), { name: "Days", perDay: 1, interval: undefined, max: 160 });
  assert.deepEqual(axisOf(2), { name: "Hours", perDay: 24, interval: 12, max: 48 });
  assert.deepEqual(axisOf(40 * MINUTE), { name: "Minutes", perDay: 1440, interval: 12, max: 48 });
  assert.deepEqual(axisOf(10 * SECOND), { name: "Seconds", perDay: 86_400, interval: 2, max: 10 });
  assert.equal(axisOf(0).max, undefined);
});

test("in working time a day has the hours of work", async () => {
  const plain = await language("en");
  const { days, brief, axisOf, inColumn } = inWorkingTime(plain, () => 8);
  assert.deepEqual([2, 0.5, 1 / 32].map(days), ["2 working days", "4 working hours", "15 minutes"]);
  assert.equal(brief(0.5), "4 working hours");
  assert.deepEqual([axisOf(2).name, axisOf(2).perDay], ["Working hours", 8]);
  assert.equal(inColumn([2]).heading("Median"), "Median, working days");
  assert.equal(inWorkingTime(plain, () => undefined).days(2), "2 days");
});

/** 90 cases that take minutes, and stays of seconds in the first of two stages. */
function quick() {
  const at = (/** @type {number} */ seconds) => new Date(Date.UTC(2024, 0, 1) + seconds * 1000).toISOString();
  const deals = ["deal_id,created_at,closed_at,status,owner"];
  const history = ["deal_id,stage,entered_at"];
  for (let i = 0; i < 90; i++) {
    const start = i * 600;
    const end = start + 60 * (2 + (i % 45));
    const isOpen = i % 15 === 14;
    deals.push(`q${i},${at(start)},${isOpen ? "" : at(end)},${isOpen ? "Open" : i % 3 ? "Won" : "Lost"},${["Ann", "Bea"][i % 2]}`);
    history.push(`q${i},Check,${at(start)}`, `q${i},Decide,${at(start + 5 + (i % 40))}`);
    if (!isOpen) history.push(`q${i},${i % 3 ? "Won" : "Lost"},${at(end)}`);
  }
  return [["deals.csv", deals], ["history.csv", history]].map(([name, lines]) => ({ name: String(name), mimeType: "text/csv", buffer: Buffer.from(/** @type {string[]} */ (lines).join("\n")) }));
}

for (const [lang, unit, axis] of /** @type {const} */ ([["en", /\d minutes/, "Hours / "], ["fa", /[۰-۹] دقیقه/, "ساعت / "], ["ar", /[٠-٩] دقيقة/, "الساعات / "]])) {
  test(`deals of minutes are shown in minutes everywhere, on axes too (${lang})`, () =>
    site.opened(async ({ page }) => {
      await page.locator('input[type="file"]').first().setInputFiles(quick());
      await page.waitForFunction(() => /** @type {any} */ (document.querySelector("crm-dashboard"))?.engine?.summary().counts.deals === 90, undefined, { timeout: 30_000 });
      await settled(page);
      const panel = page.locator(".panel.funnel");
      assert.match(await panel.locator(".sentence").innerText(), unit);
      await panel.locator("figure.chart").first().getByText(axis, { exact: false }).first().waitFor({ timeout: 30_000 });
      await panel.locator("figure.chart summary").first().click();
      const text = (await panel.innerText()).replace(/[\u2066-\u2069]/g, "");
      assert.doesNotMatch(text, /[0۰٠][.٫][0۰٠]\d*\s*(days?|روز|يوم)/, "nothing is a small part of a day");
      assert.doesNotMatch(text, /, days|، روز|بالأيام/, "no heading says days");
    }, `?lang=${lang}&funnel.groupBy=owner`, { viewport: { width: 1280, height: 900 } }));
}
