/** Texts, numbers and dates of one language. A message is a text with `{names}`, or one text per plural form. */
import { durations } from "./durations.js";
import en from "./en.js";

/** @typedef {keyof typeof en} Key */
/** @typedef {string | (Partial<Record<Intl.LDMLPluralRule, string>> & {other: string})} Message */
/** @typedef {Awaited<ReturnType<typeof language>>} I18n */

/** @type {Record<string, () => Promise<{default: Record<string, Message>}>>} */
const LANGUAGES = { en: async () => ({ default: en }), fa: () => import("./fa.js"), ar: () => import("./ar.js") };

export const LANGUAGE_NAMES = { en: "English", fa: "فارسی", ar: "العربية" };

/** Languages with digits of their own that `Intl` uses in some of their countries only. @type {Record<string, string>} */
const DIGITS = { ar: "arab" };

const FIRST_STRONG_ISOLATE = "\u2068";
const RIGHT_TO_LEFT_ISOLATE = "\u2067";
const DAY_MS = 86_400_000;
/** Whether there is an instant, of those that a `Date` can hold. @param {number | null | undefined} instant @returns {instant is number} */
const isInstant = (instant) => typeof instant === "number" && Math.abs(instant) <= 1e8 * DAY_MS;
/** Calendars of the core and their names in `Intl`. @type {Record<string, string>} */
const CALENDARS = { gregorian: "gregory", jalali: "persian", "umm-al-qura": "islamic-umalqura" };
/** @type {Intl.DateTimeFormatOptions} */
const MONTH = { year: "numeric", month: "short" };
/** What of a date names a period. @type {Record<string, Intl.DateTimeFormatOptions>} */
const PERIODS = { day: { dateStyle: "medium" }, week: { ...MONTH, day: "numeric" }, month: MONTH, quarter: MONTH, fiscal_year: { year: "numeric" } };

/** The calendar of a language. @param {string} lang */
export const calendarOf = (lang) => (lang === "fa" ? "jalali" : "gregorian");

const POP_ISOLATE = "\u2069";

/** What follows a number and names its unit. */
const UNIT = /(?:\s\P{N}+|٪)$/u;

/** A number that stands in a text: not in a name such as F1, a date of another form or an identifier. */
const NUMERAL = /(?<![A-Za-z0-9./-])[0-9٠-٩۰-۹]+(?:[.,٫٬][0-9٠-٩۰-۹]+)*(?![A-Za-z0-9/-]|[.,]\d)/g;

/**
 * The texts with their numbers in the digits that `digitOf` gives.
 *
 * @param {Record<string, Message>} messages
 * @param {(digit: number) => string} digitOf
 */
function withDigits(messages, digitOf) {
  /** @type {Record<string, string>} */
  const signs = digitOf(0) === "0" ? { "٫": ".", "٬": "," } : { ".": "٫", ",": "٬" };
  const place = (/** @type {string} */ digit) => (digit.codePointAt(0) ?? 0) & 15;
  const put = (/** @type {string} */ text) => text.replace(NUMERAL, (number) => number.replace(/./gu, (sign) => (/[0-9٠-٩۰-۹]/.test(sign) ? digitOf(place(sign)) : signs[sign] ?? sign)));
  // The sources are quoted as they call themselves.
  return Object.fromEntries(Object.entries(messages).map(([key, message]) => [key,
    key.startsWith("source.") ? message : typeof message === "string" ? put(message) : /** @type {Message} */ (Object.fromEntries(Object.entries(message).map(([form, text]) => [form, put(text)])))]));
}

/**
 * The texts of a language, with its digits or (`digits: "latn"`) European ones.
 *
 * @param {string} [asked] BCP 47 tag; English where there is no translation
 * @param {{digits?: string}} [options]
 */
export async function language(asked = "en", { digits = "auto" } = {}) {
  const lang = asked.toLowerCase().split("-")[0] in LANGUAGES ? asked.toLowerCase().split("-")[0] : "en";
  const messages = /** @type {Record<string, Message>} */ ((await LANGUAGES[lang]()).default);
  return translator(lang, messages, digits);
}

/**
 * @param {string} lang
 * @param {Record<string, Message>} texts
 * @param {string} digits
 */
function translator(lang, texts, digits) {
  const rtl = lang === "fa" || lang === "ar";
  const numberingSystem = digits === "latn" ? digits : DIGITS[lang];
  const numbering = numberingSystem ? { numberingSystem } : {};
  const plurals = new Intl.PluralRules(lang);
  /** @type {Map<string, Intl.NumberFormat>} */
  const formats = new Map();
  const format = (/** @type {Intl.NumberFormatOptions} */ options) => {
    const key = JSON.stringify(options);
    let made = formats.get(key);
    if (!made) formats.set(key, (made = new Intl.NumberFormat(lang, { ...options, ...numbering })));
    return made;
  };
  const written = (/** @type {Intl.NumberFormatOptions} */ options, /** @type {number} */ value) => format(options).format(value).replace("-", "\u2212");
  const messages = rtl ? withDigits(texts, (digit) => written({}, digit)) : texts;
  let calendar = calendarOf(lang);
  let { day, month, moment, clock, iso } = formatsIn("UTC");
  /** A text that was put together here has the direction of the language, though what it holds may hide that; any other has its own. @param {unknown} value */
  const isolate = (value) => (rtl ? `${String(value).includes(FIRST_STRONG_ISOLATE) ? RIGHT_TO_LEFT_ISOLATE : FIRST_STRONG_ISOLATE}${value}${POP_ISOLATE}` : String(value));

  /** @param {string} timeZone */
  function formatsIn(timeZone) {
    const dates = dateFormats(timeZone);
    return {
      day: dates({ dateStyle: "medium" }),
      month: dates(MONTH),
      moment: dates({ dateStyle: "medium", timeStyle: "short" }),
      clock: new Intl.DateTimeFormat("en", { timeZone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
      iso: new Intl.DateTimeFormat("en", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" }),
    };
  }

  /** @param {string} timeZone */
  function dateFormats(timeZone) {
    return (/** @type {Intl.DateTimeFormatOptions} */ options) => new Intl.DateTimeFormat(`${lang}-u-ca-${CALENDARS[calendar]}`, { timeZone, ...options, ...numbering });
  }

  /** Shows instants in this zone and calendar from now on. @param {string} timeZone @param {string} [asked] */
  function inTime(timeZone, asked = calendar) {
    calendar = asked in CALENDARS ? asked : calendarOf(lang);
    try {
      ({ day, month, moment, clock, iso } = formatsIn(timeZone));
    } catch {
      // An offset of its own, in a browser that knows named zones only.
      ({ day, month, moment, clock, iso } = formatsIn("UTC"));
    }
  }

  /**
   * Names of periods: `names(first, end)` of the local days (from 1970-01-01) from `first` to the day before `end`.
   *
   * @param {string} period
   */
  function periodNames(period) {
    const format = dateFormats("UTC")(PERIODS[period] ?? PERIODS.day);
    return (/** @type {number} */ first, /** @type {number} */ end) => from(format, first * DAY_MS, (end - 1) * DAY_MS);
  }

  /** What two instants have in common is said once. @param {Intl.DateTimeFormat} format @param {number} first @param {number} last */
  function from(format, first, last) {
    const [low, high] = [first, last].map((at) => format.format(at));
    const whole = format.formatRange(first, last);
    // Persian has no range of two Jalali months of one year: only the first is named.
    return whole === low && high !== low ? t("range", { low, high }) : whole;
  }

  /**
   * The text of a key. `count` chooses the plural form and is printed as a number.
   *
   * @param {string} key
   * @param {Record<string, string | number | null | undefined>} [values]
   * @returns {string}
   */
  function t(key, values = {}) {
    const message = messages[key] ?? /** @type {Record<string, Message>} */ (en)[key] ?? key;
    const count = Number(values.count ?? 0);
    const text = typeof message === "string" ? message : /** @type {any} */ (message)[plurals.select(count)] ?? message.other;
    return text.replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => {
      const value = values[name];
      if (value === undefined || value === null) return "";
      return typeof value === "number" ? number(value) : isolate(value);
    });
  }

  /**
   * The text of a key in which some values are elements: its pieces in order.
   *
   * @param {string} key
   * @param {Record<string, Node | string>} values
   * @returns {(Node | string)[]}
   */
  function parts(key, values) {
    const message = String(messages[key] ?? /** @type {Record<string, Message>} */ (en)[key] ?? key);
    return message.split(/\{(\w+)\}/).map((piece, index) => (index % 2 ? values[piece] ?? "" : piece)).filter((piece) => piece !== "");
  }

  /** A whole number in full, another with three significant digits. @param {number} value */
  function number(value) {
    if (!Number.isFinite(value)) return "–";
    const size = Math.abs(value);
    if (Number.isInteger(value)) return written({ maximumFractionDigits: 0 }, value);
    return written(size >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }, value);
  }

  /** Three significant digits at most, with thousands and millions as words of the language. @param {number} value */
  const short = (value) => (Math.abs(value) < 10_000 ? number(value) : written({ notation: "compact", maximumSignificantDigits: 3 }, value));

  /** @param {number} share @param {number} [places] */
  function percent(share, places = 1) {
    if (!Number.isFinite(share)) return "–";
    // A share that is small is not none.
    const digits = share !== 0 && Math.abs(share * 100) < 0.5 * 10 ** -places ? places + 1 : places;
    const text = written({ minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: "negative" }, share * 100);
    return rtl ? `${text}٪` : `${text}\u00a0%`;
  }

  /** A number of a unit of `Intl`, in the shortest words that everyone reads. @param {string} name @param {number} value */
  const unit = (name, value) => written({ style: "unit", unit: name, unitDisplay: rtl ? "long" : "short", ...(Math.abs(value) >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 }) }, value);

  /** The same of two numbers of a unit, which is said once. @param {string} name @param {number} low @param {number} high @returns {string | undefined} */
  const unitRange = (name, low, high) => {
    const whole = (/** @type {number} */ value) => (Math.abs(value) >= 100 ? Math.round(value) : value);
    const parts = format({ style: "unit", unit: name, unitDisplay: rtl ? "long" : "short" }).formatRangeToParts?.(whole(low), whole(high));
    if (!parts) return undefined;
    const end = parts.findIndex(({ source }) => source === "endRange");
    const text = (/** @type {Intl.NumberRangeFormatPart[]} */ of) => of.map(({ value }) => value).join("");
    return t("range", { low: text(parts.filter(({ source }) => source === "startRange")), high: text(parts.slice(end)) });
  };

  /** Both ends of a range; a unit that they share is said once. @param {string} low @param {string} high */
  function range(low, high) {
    if (low === high) return low;
    const unit = low.match(UNIT)?.[0];
    return t(/^[\u061c\u200e\u200f]*[-\u2212]/.test(low) ? "range.words" : "range", { low: unit && high.endsWith(unit) ? low.slice(0, -unit.length) : low, high });
  }

  return {
    lang,
    rtl,
    dir: /** @type {"rtl" | "ltr"} */ (rtl ? "rtl" : "ltr"),
    digits,
    t,
    parts,
    inTime,
    periodNames,
    /** Whether there is a text of this key. @param {string} key */
    has: (key) => key in messages || key in en,
    number,
    short,
    percent,
    isolate,
    /** A line of text for a chart, whose container runs from left to right. @param {string} text */
    line: (text) => (rtl ? `${RIGHT_TO_LEFT_ISOLATE}${text}${POP_ISOLATE}` : text),
    /** With a fixed number of decimals. @param {number} value @param {number} places */
    fixed: (value, places) => (Number.isFinite(value) ? written({ minimumFractionDigits: places, maximumFractionDigits: places }, value) : "–"),
    /** With every digit there is. @param {number} value */
    full: (value) => written({ maximumFractionDigits: 6 }, value),
    unit,
    unitRange,
    ...durations({ t, number, unit, unitRange }),
    range,
    /**
     * An interval by its ends; null: never reached.
     *
     * @param {number | null} low @param {number | null} high @param {import("./durations.js").Format} format
     */
    between(low, high, format) {
      const [first, last] = [low, high].map((end) => (end === null ? t("notReached") : format(end)));
      return (low !== null && high !== null && first !== last && format.range?.(low, high)) || range(first, last);
    },
    /** @param {number | null | undefined} instant */
    day: (instant) => (!isInstant(instant) ? "–" : clock.format(instant) === "00:00:00" ? day.format(instant) : moment.format(instant)),
    /** The day of an instant. @param {number | null | undefined} instant */
    date: (instant) => (isInstant(instant) ? day.format(instant) : "–"),
    /** The days from one instant to another. @param {number} first @param {number} last */
    dates: (first, last) => (isInstant(first) && isInstant(last) ? from(day, first, last) : "–"),
    /** The day of an instant as `2017-12-31`. @param {number} instant */
    isoDay: (instant) => iso.format(instant).replace(/(\d+)\/(\d+)\/(\d+)/, "$3-$1-$2"),
    /** @param {number} instant */
    month: (instant) => month.format(instant),
    /** @param {string[]} items */
    list: (items) => new Intl.ListFormat(lang, { type: "conjunction" }).format(items.map(isolate)),
  };
}
