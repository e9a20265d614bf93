/** Lays the data files of the golden tests, unzipped, where the browser's tests take them in; an absent one stands as an empty file. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ROOT, say } from "./setup.mjs";

/** @returns {string[]} names of the files that are not here */
export function stageTestData() {
  const list = readFileSync(join(ROOT, "tests/golden/data.rs"), "utf8").split("];")[0];
  const absent = [];
  const folder = join(ROOT, "tests/data/local");
  mkdirSync(folder, { recursive: true });
  for (const [, name, path] of list.matchAll(/\(\s*"([^"]+)",\s*"([^"]+)",?\s*\)/g)) {
    const stored = existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path)) : undefined;
    if (!stored) absent.push(name);
    const bytes = stored && path.endsWith(".gz") ? gunzipSync(stored) : (stored ?? Buffer.alloc(0));
    const staged = join(folder, name);
    if (!existsSync(staged) || !readFileSync(staged).equals(bytes)) writeFileSync(staged, bytes);
  }
  if (absent.length) say(`skipped in the golden tests, their data are not here: ${absent.join(", ")}`);
  return absent;
}
