import assert from "node:assert/strict";
import { test } from "node:test";
import { zoneTable, zoned } from "../../pkg/dist/time-zone.js";

const DAY = 86_400_000;
/** Half-hour and 45-minute zones, both hemispheres, a skipped day (Apia), pauses in Ramadan, a week of summer (Boa Vista), the sun's time (Monrovia). */
const ZONES = [
  "UTC", "Asia/Tehran", "Asia/Kabul", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Riyadh", "Asia/Gaza", "Europe/London", "Europe/Berlin", "Europe/Dublin",
  "America/New_York", "America/St_Johns", "America/Sao_Paulo", "America/Santiago", "America/Caracas", "America/Boa_Vista", "Africa/Cairo", "Africa/Casablanca",
  "Africa/Monrovia", "Australia/Adelaide", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Antarctica/Troll",
];

/** The clock of a zone by another road: the parts of a date, put together again. @param {string} timeZone */
function clock(timeZone) {
  const format = new Intl.DateTimeFormat("en", { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
  return (/** @type {number} */ instant) => {
    const at = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
  };
}

/** @param {import("../../www/time-zone.js").ZoneTable} table @param {number} instant */
const local = ({ starts, offsets }, instant) => instant + offsets[Math.max(0, starts.findLastIndex((start) => start <= instant))] * 60_000;

for (const zone of ZONES) {
  test(`the table of ${zone} shows what its clock shows, from 1970 to 2100`, () => {
    const table = zoneTable(zone);
    const shown = clock(zone);
    const samples = Array.from({ length: 500 }, (_, i) => i * 95.7 * DAY + i * 3_600_000);
    const changes = table.starts.slice(1).flatMap((start) => [start - 60_000, start, start + 60_000]);
    for (const instant of [...samples, ...changes].map(Math.floor)) {
      // Until 1972 Liberia was 44 minutes and 30 seconds behind; a table holds whole minutes.
      const tolerance = zone === "Africa/Monrovia" ? 30_000 : 999;
      assert.ok(Math.abs(local(table, instant) - shown(instant)) <= tolerance, new Date(instant).toISOString());
    }
    assert.ok(table.starts.every((start, i) => i === 0 || start - table.starts[i - 1] >= DAY));
  });
}

test("every zone of the host has a table that the core takes", () => {
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const { name, starts, offsets } = zoneTable(zone);
    assert.equal(name, zone);
    assert.ok(starts.length === offsets.length && starts.length <= 2000, zone);
    assert.ok(offsets.every((minutes) => Number.isInteger(minutes) && Math.abs(minutes) <= 1080), zone);
    assert.ok(starts.every((start, i) => i === 0 || start - starts[i - 1] >= DAY), zone);
  }
});

test("local is the zone of the host and a table is made once", () => {
  assert.equal(zoneTable("local"), zoneTable(new Intl.DateTimeFormat().resolvedOptions().timeZone));
  assert.deepEqual(zoned({ asOf: 1 }), { asOf: 1 });
  assert.deepEqual(Object.keys(zoned({ asOf: 1, timeZone: "Asia/Tehran" })), ["asOf", "zone"]);
});

test("an unknown zone is named in a coded error", () => {
  for (const zone of ["Mars/Olympus", "", 5]) {
    assert.throws(() => zoned({ timeZone: /** @type {any} */ (zone) }), { code: "invalid_option", details: { option: "timeZone", value: String(zone), rule: "a time zone is an IANA name such as Asia/Tehran, or local" } });
  }
});
