/** Tables and options of every kind into the whole interface: each call answers with finite numbers or refuses by a code. `SEEDS=1-20000` looks longer than the test does. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as core from "../../pkg/dist/core/crm_analytics.js";

core.initSync({ module: readFileSync(new URL("../../pkg/dist/core/crm_analytics_bg.wasm", import.meta.url)) });
core.addAnalyses(readFileSync(new URL("../../pkg/dist/core/crm_analytics_analyses.wasm", import.meta.url)));

const [FIRST, LAST] = (process.env.SEEDS ?? "1-400").split("-").map(Number);
const DAY = 864e5;
const START = Date.UTC(2023, 0, 1);
const SIZES = [0, 1, 2, 3, 5, 10, 30, 60, 120, 400];
const NUMBERS = [NaN, Infinity, -Infinity, 0, -0, 1e308, -1e308, 5e-324, 1e15, -1, 1, 0.1, 2 ** 53, 8.64e15, -8.64e15, 1.7e12];
const TEXTS = ["", " ", "a", "b", "Won", "Lost", "Open", "برنده", "x".repeat(300), "0", "-1", "NaN", "null", "\"", ",", "\n", "\u200f", "💥", "2024-01-01", "01/02/2024", "1403/05/06", "1404-01-01T09:31:00", "1e5", "٥", "S1", "50%", "constructor", "__proto__"];
const OUTCOMES = ["Open", "Won", "Lost", "Open", "Lost", "hold", "", "weird"];
const STAGES = ["New", "Offer", "Talk", "S1", "S2", "Won", "Lost", "Hold", ""];
const OWNERS = ["Ann", "Bob", "علی", "", "x"];
const PERIODS = ["day", "week", "month", "quarter", "fiscal_year"];
const CALENDARS = ["gregorian", "jalali", "umm-al-qura"];
const PARTS = ["current", "cycle", "stages", "exits", "conversion", "transitions", "variants", "stuck", "velocity", "bottlenecks", "groups", "cohorts", "periods"];
const OPERATORS = ["=", ">", "<", "in", "between", "is empty"];

/** @typedef {Float64Array | string[] | {instants: Float64Array}} Column */

/** What a seed makes. @param {number} seed */
function randomness(seed) {
  let state = Math.imul(seed, 2654435761) >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
    return ((mixed ^ (mixed >>> 12)) >>> 0) / 2 ** 32;
  };
  const below = (/** @type {number} */ n) => Math.floor(uniform() * n);
  const chance = (/** @type {number} */ p) => uniform() < p;
  /** @template T @param {readonly T[]} list @returns {T} */
  const pick = (list) => list[below(list.length)];
  /** @template T @param {number} p @param {() => T} make @returns {T | {}} */
  const maybe = (p, make) => (chance(p) ? make() : {});
  const some = (/** @type {readonly string[]} */ list, /** @type {number} */ p) => list.filter(() => chance(p));
  const strings = (/** @type {number} */ n, /** @type {(row: number) => string} */ make) => Array.from({ length: n }, (_, row) => make(row));
  const floats = (/** @type {number} */ n, /** @type {(row: number) => number} */ make) => Float64Array.from({ length: n }, (_, row) => make(row));

  const numbers = (/** @type {number} */ n) => floats(n, pick([
    () => pick(NUMBERS), () => below(3), () => uniform() * 1e4, () => Math.exp(uniform() * 20), () => 7, () => NaN, () => (chance(0.5) ? NaN : below(1000)), () => -uniform() * 100, () => (chance(0.02) ? 1e12 : uniform()),
  ]));
  const instants = (/** @type {number} */ n) => ({ instants: floats(n, pick([
    () => pick(NUMBERS), () => START, () => NaN, () => START + below(400) * DAY, () => (chance(0.4) ? NaN : START + uniform() * 600 * DAY), () => (chance(0.02) ? -18e12 : START + uniform() * 300 * DAY),
  ])) });
  const texts = (/** @type {number} */ n) => {
    const few = strings(1 + below(6), () => pick(TEXTS));
    return strings(n, pick([() => pick(TEXTS), () => `v${below(n)}`, () => "same", () => pick(few)]));
  };
  const any = (/** @type {number} */ n) => /** @type {Column} */ (pick([numbers, instants, texts])(n));
  const anyNumber = () => pick([0, 1, 2, 3, 0.5, 0.95, -1, 1e9, NaN, Infinity, 1e-9, 30, 60, 100]);
  const further = (/** @type {number} */ n, /** @type {string} */ name) => Object.fromEntries(Array.from({ length: below(4) }, (_, at) => [`${name}${at}`, any(n)]));

  const deals = (/** @type {number} */ n) => {
    const sane = chance(0.5);
    const created = floats(n, () => START + below(500) * DAY + (chance(0.3) ? uniform() * DAY : 0));
    const outcome = strings(n, () => pick(OUTCOMES));
    const closed = () => ({ instants: floats(n, (row) => (/won|lost/i.test(outcome[row]) ? created[row] + uniform() * 200 * DAY : NaN)) });
    return {
      deal_id: chance(0.9) ? strings(n, (row) => (chance(0.02) ? "d0" : `d${row}`)) : any(n),
      created_at: sane || chance(0.7) ? { instants: created } : instants(n),
      ...(sane || chance(0.8) ? { status: outcome } : maybe(0.5, () => ({ status: texts(n) }))),
      closed_at: sane || chance(0.6) ? closed() : instants(n),
      ...maybe(0.7, () => ({ amount: chance(0.7) ? floats(n, () => (chance(0.1) ? NaN : Math.exp(uniform() * 8))) : numbers(n) })),
      ...maybe(0.7, () => ({ stage: strings(n, () => pick(STAGES)) })), ...maybe(0.7, () => ({ owner: strings(n, () => pick(OWNERS)) })),
      ...maybe(0.3, () => ({ customer_id: strings(n, () => `c${below(20)}`) })), ...maybe(0.2, () => ({ probability: numbers(n) })), ...maybe(0.2, () => ({ weight: numbers(n) })),
      ...further(n, "x"),
    };
  };
  const history = (/** @type {number} */ n, /** @type {number} */ of) => ({
    deal_id: chance(0.95) ? strings(n, () => `d${below(Math.max(1, of))}`) : any(n), stage: chance(0.9) ? strings(n, () => pick(STAGES)) : any(n),
    entered_at: chance(0.85) ? { instants: floats(n, () => START + below(600) * DAY) } : instants(n), ...maybe(0.2, () => ({ exited_at: instants(n) })), ...maybe(0.1, () => ({ weight: numbers(n) })),
  });
  const orders = (/** @type {number} */ n) => ({
    customer_id: chance(0.9) ? strings(n, () => `c${below(Math.max(1, n / 3))}`) : any(n), date: chance(0.8) ? { instants: floats(n, () => START + below(700) * DAY) } : instants(n),
    amount: chance(0.7) ? floats(n, () => Math.exp(uniform() * 7)) : numbers(n), ...maybe(0.2, () => ({ weight: numbers(n) })),
  });
  const interactions = (/** @type {number} */ n, /** @type {number} */ of) => ({ deal_id: strings(n, () => `d${below(Math.max(1, of))}`), date: instants(n), type: texts(n) });

  const n = pick(SIZES);
  const given = (/** @type {number} */ p, /** @type {string} */ kind, /** @type {(n: number) => Record<string, Column>} */ make, size = pick(SIZES)) => (chance(p) ? [[kind, make(size)]] : []);
  /** @type {Record<string, Record<string, Column>>} */
  const tables = Object.fromEntries([
    ...given(0.85, "deals", deals, n), ...given(0.55, "history", (rows) => history(rows, n)), ...given(0.4, "orders", orders),
    ...given(0.4, "customers", (rows) => ({ customer_id: strings(rows, (row) => `c${row}`), ...further(rows, "f") })),
    ...given(0.2, "interactions", (rows) => interactions(rows, n)), ...given(0.2, "dimension", (rows) => ({ [pick(["owner", "x1", "customer_id"])]: texts(rows), y: any(rows) })),
  ]);
  const names = [...new Set(Object.values(tables).flatMap(Object.keys)), "nowhere"];
  const mapping = () => ({
    ...maybe(0.5, () => ({ deals: Object.fromEntries(some(["id", "created_at", "closed_at", "outcome", "stage", "amount", "owner", "weight"], 0.3).map((role) => [role, pick(names)])) })), ...maybe(0.3, () => ({ stages: STAGES.slice(0, below(5)) })),
  });
  const period = () => ({ period: pick(PERIODS) });
  const calendar = () => ({ calendar: pick(CALENDARS) });
  const confidence = () => ({ confidence: anyNumber() });
  const forecast = () => ({
    ...maybe(0.1, confidence), ...maybe(0.2, () => ({ features: some(names, 0.5) })), ...maybe(0.2, () => ({ without: some(names, 0.3) })), ...maybe(0.2, () => ({ penalty: anyNumber() })), ...maybe(0.2, () => ({ holdout: anyNumber() })),
    ...maybe(0.1, () => ({ holdoutFrom: START + below(600) * DAY })), ...maybe(0.1, () => ({ trainRows: below(500) })), ...maybe(0.2, () => ({ minLevelRows: pick([0, 1, 20, 1e6]) })), ...maybe(0.3, () => ({ model: "auto" })), ...maybe(0.1, () => ({ calibration: "none" })),
  });
  return {
    tables, rows: n, names, columns: () => names.map(() => any(3)), chance, below,
    load: {
      ...maybe(0.2, () => ({ mapping: mapping() })), ...maybe(0.3, () => ({ asOf: chance(0.7) ? START + below(700) * DAY : pick([NaN, "x", 0, -1e15, 1e20, "2024-01-01"]) })), ...maybe(0.2, () => ({ repeats: "separate" })), ...maybe(0.3, calendar),
      ...maybe(0.2, () => ({ utcOffsetMinutes: pick([0, 210, -600, 1e9]) })), ...maybe(0.2, () => ({ workingTime: { days: [1, 2, 3, 4, 5].slice(0, below(6)), from: "09:00", to: pick(["17:00", "09:00", "24:00"]) } })), ...maybe(0.2, () => ({ weekStart: below(8) })), ...maybe(0.2, () => ({ fiscalYearStart: below(14) })),
    },
    funnel: () => ({
      ...maybe(0.1, confidence), ...maybe(0.2, () => ({ horizonDays: anyNumber() })), ...maybe(0.2, () => ({ filterColumn: pick(names), filterValue: pick(TEXTS) })), ...maybe(0.5, () => ({ groupBy: pick([...names, "owner", "stage", "period"]) })), ...maybe(0.4, period), ...maybe(0.2, calendar),
      ...maybe(0.2, () => ({ parts: some(PARTS, 0.5) })), ...maybe(0.1, () => ({ mostGroups: pick([1, 2, 60, 61]) })), ...maybe(0.1, () => ({ mostStuck: pick([0, 1, 1e6]) })), ...maybe(0.1, () => ({ mostVariants: pick([0, 1, 1e6]) })),
    }),
    deals: (/** @type {string | undefined} */ stage) => ({ ...maybe(0.5, () => ({ visited: stage })), ...maybe(0.3, () => ({ group: below(4) })), ...maybe(0.3, () => ({ outcome: pick(["open", "won", "lost"]) })), ...maybe(0.3, () => ({ withCycle: true })), ...maybe(0.2, () => ({ rows: [0, 5, 1e6] })) }),
    forecast,
    pipeline: () => ({ draws: 200, ...maybe(0.3, period), ...maybe(0.3, () => ({ quota: anyNumber() })), ...maybe(0.2, () => ({ periods: below(26) })), ...maybe(0.3, () => ({ backtestPeriods: below(8) })), ...maybe(0.2, () => ({ model: forecast() })) }),
    rules: () => ({ rules: [{ column: pick(names), operator: pick(OPERATORS), value: pick([1, "a", null, ["a", "b"], [1, 2]]), points: pick([1, -5, 1e9, NaN]) }] }),
    whatIf: () => maybe(0.5, () => ({ changes: [{ column: pick(names), value: pick([1, "a", null, ""]) }] })),
    segments: () => ({
      ...maybe(0.5, () => ({ of: pick(["orders", "customers", "deals", "accounts"]) })), ...maybe(0.3, () => ({ features: chance(0.5) ? "columns" : some(names, 0.4).map((column) => ({ column })) })), ...maybe(0.4, () => ({ method: pick(["kmeans", "mixture", "density"]) })), ...maybe(0.4, () => ({ k: below(12) })),
      ...maybe(0.3, () => ({ references: below(3), bootstraps: below(3) })), ...maybe(0.1, () => ({ startRows: [0, 1, 2].slice(0, below(4)) })), ...maybe(0.1, () => ({ radius: anyNumber(), minWeight: anyNumber() })), ...maybe(0.1, () => ({ tiers: { high: anyNumber(), low: anyNumber() } })), ...maybe(0.1, () => ({ restarts: below(4) })),
    }),
  };
}

/** Where a result holds a number that is none; in bulk NaN means missing. @param {any} value @param {string} path @returns {string | undefined} */
function odd(value, path) {
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `${path} is ${value}`;
  if (value instanceof Float64Array) return value.some((number) => Math.abs(number) === Infinity) ? `${path} has infinite numbers` : undefined;
  if (!value || typeof value !== "object" || ArrayBuffer.isView(value)) return undefined;
  for (const [key, part] of Object.entries(value)) {
    const found = key === "options" ? undefined : odd(part, `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

/** The columns of a table as the text of a file. @param {Record<string, Column>} table */
function csv(table) {
  const cell = (/** @type {string | number} */ value) => (typeof value === "number" ? (Number.isNaN(value) ? "" : String(value)) : /[",\n]/.test(value) ? `"${value.replace(/"/g, '""')}"` : value);
  const iso = (/** @type {number} */ at) => (Math.abs(at) <= 8.64e15 ? new Date(at).toISOString() : "");
  const columns = Object.values(table).map((column) => ("instants" in column ? Array.from(column.instants, iso) : Array.from(/** @type {ArrayLike<string | number>} */ (column))));
  return new TextEncoder().encode([Object.keys(table).join(","), ...columns[0].map((_, row) => columns.map((column) => cell(column[row])).join(","))].join("\n"));
}

test("whatever the tables and the options, a call answers in finite numbers or refuses by a code", () => {
  /** @type {Record<string, number>} */ const answered = {};
  for (let seed = FIRST; seed <= LAST; seed++) {
    const random = randomness(seed);
    /** @param {string} name @param {() => any} call */
    const ask = (name, call) => {
      try {
        const answer = call();
        answered[name] = (answered[name] ?? 0) + 1;
        assert.equal(odd(answer, name), undefined, `seed ${seed}`);
        return answer;
      } catch (thrown) {
        assert.ok(/** @type {any} */ (thrown).code && !(thrown instanceof assert.AssertionError), `seed ${seed}, ${name}: ${/** @type {Error} */ (thrown).stack}`);
        return undefined;
      }
    };
    /** @type {any} */ const handle = ask("load", () => {
      const loader = new core.Loader(/** @type {any} */ (random.load));
      const asText = random.chance(0.3);
      for (const [kind, table] of Object.entries(random.tables)) {
        if (asText) loader.addCsv(random.chance(0.8) ? kind : null, kind, csv(table));
        else loader.addColumns(kind, kind, Object.keys(table), Object.values(table));
      }
      return loader.finish();
    });
    if (!handle) continue;
    ask("summary", () => handle.summary());
    ask("quality", () => handle.quality());
    const options = random.funnel();
    const funnel = ask("funnel", () => handle.funnel(options));
    if (funnel) ask("dealsBehind", () => handle.dealsBehind(random.deals(funnel.stages[0]?.stage), options));
    ask("forecast", () => handle.forecast(random.forecast()));
    ask("pipeline", () => handle.pipeline(random.pipeline()));
    ask("reps", () => handle.reps({}));
    ask("rules", () => handle.rules(random.rules()));
    ask("whatIf", () => handle.whatIf(random.below(Math.max(1, random.rows)), random.whatIf()));
    const segments = ask("segments", () => handle.segments(random.segments()));
    if (segments) {
      ask("assign", () => handle.assign(segments.recipe, random.names, random.columns()));
      ask("inBand", () => handle.inBand(random.below(5)));
      ask("funnel by segment", () => handle.funnel({ groupBy: "segment" }));
    }
    handle.free();
  }
  const seeds = LAST - FIRST + 1;
  for (const name of ["load", "funnel", "dealsBehind", "forecast", "pipeline", "reps", "rules", "whatIf", "segments"]) assert.ok(answered[name] > seeds / 50, `${name} answered ${answered[name]} times of ${seeds}`);
});
