import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "vite";
import { serve } from "../../scripts/serve.mjs";
import { ROOT } from "../../scripts/setup.mjs";
import { launch, watchedPage } from "./chromium.mjs";

const folder = mkdtempSync(join(tmpdir(), "crm-package-"));
/** @type {import("playwright-core").Browser} */
let chrome;

before(async () => {
  const tarball = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: join(ROOT, "pkg"), encoding: "utf8" }).trim();
  const installed = join(folder, "node_modules", "crm-analytics");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", join(folder, tarball), "--strip-components=1", "-C", installed]);
  copyFileSync(join(ROOT, "www/data/maven/sales_pipeline.csv"), join(folder, "deals.csv"));
  chrome = await launch();
});

after(async () => {
  await chrome?.close();
  rmSync(folder, { recursive: true });
});

/** The embed example of the README in the language `language`. @param {string} language */
function example(language) {
  const block = readFileSync(join(ROOT, "README.md"), "utf8").match(new RegExp(`\`\`\`${language} embed\\n([\\s\\S]*?)\`\`\``));
  assert.ok(block, `the README has an embed example in ${language}`);
  return block[1];
}

/** @param {string} root @param {(page: import("playwright-core").Page) => Promise<unknown>} read */
async function inChromium(root, read) {
  const server = await serve(root);
  const { page, complaints, context } = await watchedPage(chrome);
  try {
    await page.goto(server.url);
    const value = await read(page);
    assert.deepEqual(complaints, []);
    return value;
  } finally {
    await context.close();
    await server.close();
  }
}

const medianOnScreen = (/** @type {import("playwright-core").Page} */ page) =>
  page.locator('[data-testid="funnel-median"]').first().getAttribute("data-value", { timeout: 60_000 });

test("the packed package holds what its exports name", () => {
  const installed = join(folder, "node_modules", "crm-analytics");
  const { exports, bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const named = [bin, ...Object.values(exports)].flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const file of named.filter((name) => !name.includes("*"))) assert.ok(existsSync(join(installed, file)), file);
});

test("the README's page works as it stands, with no bundler", async () => {
  writeFileSync(join(folder, "index.html"), example("html"));
  assert.equal(Number(await inChromium(folder, medianOnScreen)), 69);
});

test("the README's module works in a Vite project", async () => {
  const project = join(folder, "vite");
  mkdirSync(join(project, "public"), { recursive: true });
  symlinkSync(join(folder, "node_modules"), join(project, "node_modules"));
  copyFileSync(join(folder, "deals.csv"), join(project, "public", "deals.csv"));
  writeFileSync(join(project, "main.js"), example("js"));
  writeFileSync(join(project, "index.html"), '<!doctype html><meta charset="utf-8"><title>CRM</title><link rel="icon" href="data:,"><crm-dashboard></crm-dashboard><script type="module" src="./main.js"></script>');
  await build({ root: project, base: "./", logLevel: "error", build: { target: "es2022", modulePreload: { polyfill: false } } });
  assert.equal(Number(await inChromium(join(project, "dist"), medianOnScreen)), 69);
});
