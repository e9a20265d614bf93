#!/usr/bin/env node
/** The command line: the analyses of the same wasm on files, JSON on stdout, progress on stderr. */
import { createReadStream, openAsBlob, readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import * as core from "../dist/core/crm_analytics.js";
import * as simulator from "../dist/simulator/crm_analytics.js";
import { CrmError, load } from "../dist/load.js";

const USAGE = `crm-analytics quality|funnel|forecast|pipeline|reps|rules|segments|summary|simulate
  --deals F --history F --customers F --orders F   tables (CSV or TSV, plain or gzip)
  --dimension F                                    a table joined to the deals by key; may be repeated
  --as-of DATE        the instant of the analysis; the newest in the data when missing
  --time-zone ZONE    IANA name, or local: zone of local days and of times that name none; UTC when missing
  --utc-offset MIN    the same as minutes east of UTC
  --calendar NAME     gregorian, jalali or umm-al-qura: calendar of periods
  --week-start N      first day of the week, 0 (Sunday) to 6
  --fiscal-year-start M  month with which the fiscal year begins, 1 to 12
  --working-time JSON|FILE  durations count these hours only: {"days":[1,2,3,4,5],"from":"09:00","to":"17:00","holidays":["2025-12-25"]}
  --repeats MODE      collapse or separate: consecutive history rows of one stage
  --map JSON|FILE     role to column name, as in the JavaScript API
  --options JSON|FILE options of the analysis
  --json              compact JSON on one line
  --help

simulate writes a simulated CRM: --options '{"deals":1000,"seed":1}' and --table deals|history|customers|orders; CSV on stdout.
Exit 0: the result as JSON on stdout. Exit 2: {"error":{"code","message","details"}} on stdout.`;

const TABLES = /** @type {const} */ (["deals", "history", "customers", "orders"]);
const ANALYSES = ["quality", "funnel", "forecast", "pipeline", "reps", "rules", "segments", "summary"];

const text = /** @type {const} */ ({ type: "string" });
const OPTIONS = /** @type {const} */ ({
  deals: text, history: text, customers: text, orders: text, dimension: { type: "string", multiple: true },
  "as-of": text, "time-zone": text, "utc-offset": text, calendar: text, "week-start": text, "fiscal-year-start": text, "working-time": text, repeats: text, map: text, options: text, table: text,
  json: { type: "boolean" }, help: { type: "boolean", short: "h" },
});

/** @param {string} code @param {string} message @param {Record<string, unknown>} [details] @returns {never} */
function refuse(code, message, details) {
  throw new CrmError(code, message, details);
}

/** @param {string[]} args */
function parsed(args) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    return refuse("usage", `${/** @type {Error} */ (error).message}\n\n${USAGE}`);
  }
}

/** JSON given as text, or as the name of a file that holds it. @param {string} option @param {string | undefined} given */
function json(option, given) {
  if (given === undefined) return undefined;
  let source = given;
  if (!/^\s*[[{]/.test(given)) {
    try {
      source = readFileSync(given, "utf8");
    } catch (error) {
      refuse("unreadable_file", `--${option} ${given}: ${/** @type {Error} */ (error).message}`, { option, file: given });
    }
  }
  try {
    return JSON.parse(source);
  } catch (error) {
    return refuse("invalid_option", `--${option} is no JSON: ${/** @type {Error} */ (error).message}`, { option, value: given });
  }
}

/** @param {import("../dist/load.js").Kind} kind @param {string} file */
async function source(kind, file) {
  const name = basename(file);
  try {
    if ((await stat(file)).isFile()) return { kind, name, blob: await openAsBlob(file) };
    const chunks = [];
    for await (const chunk of createReadStream(file)) chunks.push(chunk);
    return { kind, name, blob: new Blob(chunks) };
  } catch (error) {
    return refuse("unreadable_file", `${file}: ${/** @type {Error} */ (error).message}`, { file });
  }
}

/** @param {{phase: string, share: number}} progress */
function progress({ phase, share }) {
  if (process.stderr.isTTY) process.stderr.write(`\r${phase} ${Math.round(share * 100)} %   `);
}

/** @param {string[]} args */
async function main(args) {
  const { values, positionals } = parsed(args);
  const [command, ...rest] = positionals;
  if (values.help) return void console.log(USAGE);
  if (rest.length) refuse("usage", `${rest[0]} was not expected\n\n${USAGE}`);
  const options = json("options", values.options);
  const wasm = (/** @type {string} */ file) => readFileSync(new URL(`../dist/${file}`, import.meta.url));
  core.initSync({ module: wasm("core/crm_analytics_bg.wasm") });
  core.addAnalyses(wasm("core/crm_analytics_analyses.wasm"));
  if (command === "simulate") {
    simulator.initSync({ module: wasm("simulator/crm_analytics_bg.wasm") });
    return simulated(options ?? {}, values.table ?? "deals");
  }
  if (!ANALYSES.includes(command)) refuse("usage", `${command ?? "a command"} is ${command ? "no command" : "missing"}\n\n${USAGE}`);

  const sources = await Promise.all([
    ...TABLES.filter((table) => values[table] !== undefined).map((table) => source(table, /** @type {string} */ (values[table]))),
    ...(values.dimension ?? []).map((file) => source("dimension", file)),
  ]);
  if (!sources.length) refuse("usage", `no table was given\n\n${USAGE}`);
  const number = (/** @type {"utc-offset" | "week-start" | "fiscal-year-start"} */ option) => (values[option] === undefined ? undefined : Number(values[option]));
  const handle = await load(core, sources, {
    mapping: json("map", values.map),
    asOf: values["as-of"],
    repeats: values.repeats,
    timeZone: values["time-zone"],
    utcOffsetMinutes: number("utc-offset"),
    calendar: values.calendar,
    weekStart: number("week-start"),
    fiscalYearStart: number("fiscal-year-start"),
    workingTime: json("working-time", values["working-time"]),
  }, progress);
  const answers = /** @type {Record<string, (...given: any[]) => unknown>} */ (/** @type {unknown} */ (handle));
  const listener = (/** @type {number} */ share) => progress({ phase: command, share });
  const result = command === "summary" || command === "quality" ? answers[command]() : answers[command](options, listener);
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  print(result, values.json);
}

/** @param {any} options @param {string} table */
function simulated(options, table) {
  const bytes = /** @type {any} */ (simulator.simulateCsv(options))[table];
  if (!bytes) refuse("invalid_option", `--table is ${table}; one of ${TABLES.join(", ")} is expected`, { option: "table", value: table });
  process.stdout.write(bytes);
}

/** @param {unknown} value @param {boolean} [compact] */
function print(value, compact) {
  const plain = (/** @type {string} */ _, /** @type {unknown} */ inner) => (ArrayBuffer.isView(inner) ? Array.from(/** @type {any} */ (inner)) : inner);
  process.stdout.write(`${JSON.stringify(value, plain, compact ? undefined : 1)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (thrown) {
  const { code = "crashed", message, details = {} } = /** @type {CrmError} */ (thrown);
  print({ error: { code, message, details } }, true);
  process.exitCode = 2;
}
