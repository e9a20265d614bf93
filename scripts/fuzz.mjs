/** `npm run fuzz`: tables and options of 20,000 kinds into the whole interface, then bytes of every kind into the reader for ten minutes (`-- --seconds 60` for less). cargo-fuzz is installed where it is missing. */
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { ROOT, output, run, say, setUp } from "./setup.mjs";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "600" } } });
const SEEDS = ["tests/data/formats/deals.csv", "www/data/maven/accounts.csv", "www/data/maven/products.csv"];

setUp();
build();
run("node", ["--test", "tests/js/whatever.test.mjs"], { env: { SEEDS: "1-20000" } });
if (!output("cargo", ["fuzz", "--version"])) {
  say("installing cargo-fuzz");
  run("cargo", ["install", "cargo-fuzz", "--locked", "--quiet"]);
}
const corpus = join(ROOT, "fuzz/corpus/read");
mkdirSync(corpus, { recursive: true });
for (const seed of SEEDS) copyFileSync(join(ROOT, seed), join(corpus, basename(seed)));
// Sanitizers are behind a switch that the stable compiler has too.
run("cargo", ["fuzz", "run", "read", "--", `-max_total_time=${values.seconds}`, "-max_len=8192", "-timeout=20", "-rss_limit_mb=3000", "-print_final_stats=1"], { env: { RUSTC_BOOTSTRAP: "1" } });
