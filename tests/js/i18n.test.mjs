import assert from "node:assert/strict";
import { test } from "node:test";
import ar from "../../www/i18n/ar.js";
import en from "../../www/i18n/en.js";
import fa from "../../www/i18n/fa.js";
import { LANGUAGE_NAMES, language } from "../../www/i18n/index.js";

/** @typedef {import("../../www/i18n/index.js").Message} Message */
/** @type {Record<string, Record<string, Message>>} */
const LANGUAGES = { en, fa, ar };

/** @param {string} text */
const names = (text) => [...new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))].sort();
/** @param {Message} message */
const full = (message) => (typeof message === "string" ? message : message.other);

test("every language has the same keys and the same names in every text", () => {
  assert.deepEqual(Object.keys(LANGUAGES).sort(), Object.keys(LANGUAGE_NAMES).sort());
  for (const [lang, messages] of Object.entries(LANGUAGES)) {
    assert.deepEqual(Object.keys(messages).sort(), Object.keys(en).sort(), lang);
    const plurals = new Intl.PluralRules(lang).resolvedOptions().pluralCategories;
    for (const [key, message] of Object.entries(messages)) {
      const expected = names(full(/** @type {Record<string, Message>} */ (en)[key]));
      assert.deepEqual(names(full(message)), expected, `${lang} ${key}`);
      if (typeof message === "string") continue;
      for (const [form, text] of Object.entries(message)) {
        assert.ok(plurals.includes(/** @type {Intl.LDMLPluralRule} */ (form)), `${lang} ${key} ${form}`);
        assert.ok(text.trim(), `${lang} ${key} ${form}`);
        // A form may say its number as a word.
        assert.deepEqual(names(text).filter((name) => name !== "count"), expected.filter((name) => name !== "count"), `${lang} ${key} ${form}`);
      }
    }
  }
});

test("numbers in the texts have the digits that were chosen; names and identifiers keep theirs", async () => {
  const foreign = { arab: /(?<![A-Za-z0-9./-])[0-9۰-۹](?![A-Za-z0-9/-])/, arabext: /(?<![A-Za-z0-9./-])[0-9٠-٩](?![A-Za-z0-9/-])/, latn: /[٠-٩۰-۹]/ };
  for (const [lang, digits, system] of /** @type {const} */ ([["ar", "auto", "arab"], ["fa", "auto", "arabext"], ["ar", "latn", "latn"], ["fa", "latn", "latn"]])) {
    const { t } = await language(lang, { digits });
    for (const key of Object.keys(en).filter((key) => !key.startsWith("source.") && key !== "working.holidaysNote")) {
      for (const count of [0, 1, 2, 3, 11, 100]) assert.doesNotMatch(t(key, { count }), foreign[system], `${lang} ${digits} ${key}`);
    }
    assert.match(t("working.holidaysNote"), /1404\/01\/01/);
    assert.match(t("threshold.note"), /F1/);
  }
});

test("Arabic is right to left, with its own digits, the Gregorian calendar and six plural forms", async () => {
  const i18n = await language("ar-EG");
  const plain = (/** @type {string} */ text) => text.replace(/[\u061c\u200e\u200f\u2066-\u2069]/g, "");
  assert.equal(i18n.lang, "ar");
  assert.equal(i18n.dir, "rtl");
  assert.deepEqual([0, 1, 2, 3, 11, 100].map((count) => i18n.t("deals.count", { count })), ["لا صفقات", "صفقة واحدة", "صفقتان", "٣ صفقات", "١١ صفقة", "١٠٠ صفقة"]);
  assert.deepEqual([0, 1, 2, 69].map(i18n.days), ["٠ يوم", "يوم واحد", "يومين", "٦٩ يومًا"]);
  assert.equal(i18n.number(1425), "١٬٤٢٥");
  assert.equal(plain(i18n.number(-7)), "−٧");
  assert.equal(i18n.percent(0.125), "١٢٫٥٪");
  assert.equal(plain(i18n.date(Date.UTC(2017, 11, 31))), "٣١/١٢/٢٠١٧");
  assert.match(plain(i18n.range(i18n.number(-2), i18n.number(3))), /^من .*٢ إلى .*٣$/);
  const within = i18n.t("interval", { level: "95", range: i18n.range("1", "2"), count: 3 });
  assert.ok(within.includes("\u2067\u20681\u2069–\u20682\u2069\u2069"), "a range inside another text runs from right to left");
  const latin = await language("ar", { digits: "latn" });
  assert.equal(latin.number(1425), "1,425");
  assert.equal(plain(latin.date(Date.UTC(2017, 11, 31))), "31/12/2017");
});

test("an instant that no date can be is a dash, not an error", async () => {
  const i18n = await language("en");
  for (const instant of [null, undefined, NaN, Infinity, -Infinity, 8.65e15, -9e20]) {
    assert.deepEqual([i18n.date(instant), i18n.day(instant), i18n.dates(0, Number(instant ?? NaN))], ["–", "–", "–"]);
  }
  assert.notEqual(i18n.date(8.64e15), "–");
});
