/** Durations in words: in days, and what is shorter than one in hours, minutes or seconds. */

const UNITS = ["day", "hour", "minute", "second"];
/** How many of a unit an axis has to have; with fewer the next smaller one is on it. */
const FEWEST = 3;
/** Distances of the ticks of an axis in hours, minutes or seconds, and how many it has at most. */
const STEPS = [1, 2, 3, 6, 12, 24, 60];
const TICKS = 6;

/** @typedef {((value: number) => string) & {range?: (low: number, high: number) => string | undefined}} Format `range`: both ends of an interval with their unit said once, where there is a way to say it */

/** @param {number} value */
const rounded = (value) => (Number.isInteger(value) || Math.abs(value) >= 100 ? value : Number(value.toPrecision(3)));

/**
 * @param {{t: (key: string, values?: any) => string, number: (value: number) => string, unit: (name: string, value: number) => string, unitRange: (name: string, low: number, high: number) => string | undefined}} words
 * @param {() => number | null | undefined} [working] hours of a working day, where durations are in working days
 */
export function durations({ t, number, unit, unitRange }, working = () => null) {
  const hours = () => working() ?? 24;
  const perDay = (/** @type {number} */ at) => [1, hours(), 60 * hours(), 3600 * hours()][at];
  const amount = (/** @type {number} */ days, /** @type {number} */ at) => rounded(days * perDay(at));
  /** The largest unit of which there is at least one. @param {number} days */
  function unitOf(days) {
    const at = UNITS.findIndex((_, at) => Math.abs(amount(days, at)) >= 1);
    return at >= 0 ? at : days === 0 ? 0 : UNITS.length - 1;
  }
  const isShort = (/** @type {number | null | undefined} */ days) => Number(days) > 0 && Number(days) < 1 && unitOf(Number(days)) > 0;

  /** With the unit as a word, as in “3.7 hours”. @param {number} days */
  function written(days) {
    if (!Number.isFinite(days)) return "–";
    const at = unitOf(days);
    return t(`unit.${UNITS[at]}s`, { count: amount(days, at) });
  }

  /** As short as the language allows; working time has no short forms. @param {number} days */
  function brief(days) {
    if (working() || !Number.isFinite(days)) return written(days);
    const at = unitOf(days);
    return unit(UNITS[at], amount(days, at));
  }
  brief.range = (/** @type {number} */ low, /** @type {number} */ high) => {
    const at = unitOf(low);
    return working() || unitOf(high) !== at ? undefined : unitRange(UNITS[at], amount(low, at), amount(high, at));
  };

  return {
    days: written,
    brief,
    /**
     * How durations that stand together are written: in days, as their heading says, or each with its unit where one of them is shorter.
     *
     * @param {Iterable<number | null | undefined>} values
     */
    inColumn(values) {
      for (const days of values) if (isShort(days)) return { format: /** @type {Format} */ (brief), heading: (/** @type {string} */ name) => name };
      return { format: /** @type {Format} */ (number), heading: (/** @type {string} */ name) => t("unit.inDays", { name }) };
    },
    /** The unit of an axis from zero to `last` days: its name, how many there are in a day, and where its ticks stand. @param {number} last */
    axisOf(last) {
      const found = UNITS.findIndex((_, at) => last * perDay(at) >= FEWEST);
      const at = last > 0 ? (found < 0 ? UNITS.length - 1 : found) : 0;
      const end = last * perDay(at);
      const interval = at > 0 ? STEPS.find((step) => end / step <= TICKS) : undefined;
      return { name: t(`chart.${UNITS[at]}s`), perDay: perDay(at), interval, max: interval ? Math.ceil(end / interval - 1e-9) * interval : end || undefined };
    },
  };
}

/**
 * The same language for durations in working days of so many hours, where `hours` gives a number: texts that name a unit have a form of their own.
 *
 * @param {import("./index.js").I18n} i18n
 * @param {() => number | null | undefined} hours
 * @returns {import("./index.js").I18n}
 */
export function inWorkingTime(i18n, hours) {
  /** @type {typeof i18n.t} */
  const t = (key, values) => i18n.t(hours() && i18n.has(`${key}.working`) ? `${key}.working` : key, values);
  return { ...i18n, t, ...durations({ ...i18n, t }, hours) };
}
