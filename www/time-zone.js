/**
 * Time zones for the core: it has no rules of its own, the host's `Intl` has them.
 *
 * @typedef {{name: string, starts: number[], offsets: number[]}} ZoneTable from `starts[i]` (ms) on, local time is `offsets[i]` minutes ahead of UTC
 */

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;
const FROM = Date.UTC(1970, 0, 1);
const TO = Date.UTC(2101, 0, 1);
/** Until here offsets are history, in which one held for a week only (Boa Vista, October 2000); later ones are rules, whose shortest pause is a Ramadan. */
const RULED = Date.UTC(2038, 0, 1);
const stepFrom = (/** @type {number} */ instant) => (instant < RULED ? 6 : 14) * DAY;

/** @type {Map<string, ZoneTable>} */
const tables = new Map();

/**
 * What the core's `Loader` takes for these options: `timeZone`, an IANA name or "local", becomes the table of its offsets from 1970 to 2100.
 *
 * @param {{timeZone?: string} & Record<string, any>} [options]
 * @returns {[options: any, zone?: string, starts?: Float64Array, offsets?: Float64Array]}
 */
export function zoned({ timeZone, ...options } = {}) {
  if (timeZone === undefined || timeZone === null) return [options];
  const { name, starts, offsets } = zoneTable(timeZone);
  return [options, name, Float64Array.from(starts), Float64Array.from(offsets)];
}

/**
 * The table of a zone.
 *
 * @param {string} timeZone IANA name, or "local": that of the host
 * @returns {ZoneTable}
 */
export function zoneTable(timeZone) {
  const name = timeZone === "local" ? new Intl.DateTimeFormat().resolvedOptions().timeZone : timeZone;
  let table = tables.get(name);
  if (!table) tables.set(name, (table = { name, ...intervals(offsetsOf(name, timeZone)) }));
  return table;
}

/**
 * Minutes east of UTC at an instant.
 *
 * @param {string} name
 * @param {string} given
 * @returns {(instant: number) => number}
 */
function offsetsOf(name, given) {
  let format;
  try {
    if (typeof name !== "string") throw new RangeError("not a name");
    format = new Intl.DateTimeFormat("en-US", { timeZone: name, year: "2-digit", timeZoneName: "longOffset" });
  } catch {
    const rule = "a time zone is an IANA name such as Asia/Tehran, or local";
    throw Object.assign(new Error(`timeZone is ${given}; ${rule}`), { code: "invalid_option", details: { option: "timeZone", value: String(given), rule } });
  }
  // "70, GMT-03:30"; "70, GMT" at no offset; seconds in a zone that kept the sun's time until 1972.
  return (instant) => {
    const [hours, minutes = "0", seconds = "0"] = format.format(instant).split("GMT")[1].split(":");
    const sign = /^[-\u2212]/.test(hours) ? -1 : 1;
    return sign * (Math.abs(Number(hours.replace("\u2212", "-"))) * 60 + Number(minutes) + Math.round(Number(seconds) / 60));
  };
}

/** @param {(instant: number) => number} offsetAt */
function intervals(offsetAt) {
  let offset = offsetAt(FROM);
  const starts = [FROM];
  const offsets = [offset];
  for (let before = FROM, after = FROM; before < TO; before = after) {
    after = before + stepFrom(before);
    // A zone that has left summer time behind keeps its offset.
    if (before >= RULED && starts[starts.length - 1] < RULED - 730 * DAY) break;
    const next = offsetAt(after);
    if (next === offset) continue;
    starts.push(begins(offsetAt, before, after, next, starts));
    offsets.push((offset = next));
  }
  return { starts, offsets };
}

/**
 * The first minute after `before` that has the offset `next`, which `after` has.
 *
 * @param {(instant: number) => number} offsetAt
 * @param {number} before
 * @param {number} after
 * @param {number} next
 * @param {number[]} known the starts so far
 */
function begins(offsetAt, before, after, next, known) {
  // Most rules name a weekday of a month: the same time 52 or 53 weeks after the change two before.
  for (const weeks of [52, 53]) {
    const guess = (known.at(-2) ?? NaN) + weeks * 7 * DAY;
    if (guess > before && guess <= after && offsetAt(guess) === next && offsetAt(guess - MINUTE) !== next) return guess;
  }
  let low = before / MINUTE;
  let high = after / MINUTE;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle * MINUTE) === next) high = middle;
    else low = middle;
  }
  return high * MINUTE;
}
