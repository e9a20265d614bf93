import assert from "node:assert/strict";
import { test } from "node:test";
import { dashboards } from "./chromium.mjs";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {{role: string, name: string, level?: number}} Spoken */

const site = dashboards();

/** @param {(page: Page) => Promise<void>} use @param {string} query @param {import("playwright-core").BrowserContextOptions} [options] */
const opened = (use, query, options = {}) => site.opened(async ({ page }) => {
  await page.locator("crm-dashboard").evaluate((element) => element.shadowRoot?.querySelectorAll("details").forEach((details) => (details.open = true)));
  await page.waitForFunction(() => !document.querySelector("crm-dashboard")?.shadowRoot?.querySelector('.panel[data-state="busy"], figure.chart:not([data-drawn]):not([hidden] *)'), undefined, { timeout: 60_000 }).catch(() => {});
  await use(page);
}, query, { viewport: { width: 1400, height: 900 }, reducedMotion: "reduce", ...options });

/** The page as a screen reader has it, in order. @param {Page} page @returns {Promise<Spoken[]>} */
async function spoken(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  /** @type {typeof nodes} */ const ordered = [];
  const visit = (/** @type {typeof nodes[0] | undefined} */ node) => {
    if (!node) return;
    ordered.push(node);
    node.childIds?.forEach((id) => visit(byId.get(id)));
  };
  visit(nodes.find(({ parentId }) => !parentId));
  return ordered.filter(({ ignored }) => !ignored).map(({ role, name, properties = [] }) => ({
    role: role?.value, name: String(name?.value ?? "").trim(), level: properties.find(({ name }) => name === "level")?.value.value,
  }));
}

const CONTROLS = new Set(["button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "slider", "spinbutton", "progressbar", "DisclosureTriangle", "img", "dialog", "table"]);
const LANDMARKS = new Set(["banner", "main", "contentinfo", "navigation", "region", "complementary", "search", "form"]);

for (const query of ["?source=simulated&lang=en&funnel.groupBy=source", "?lang=fa"]) {
  test(`everything that can be used has a name, headings are in order and landmarks are told apart (${query})`, () =>
    opened(async (page) => {
      const all = await spoken(page);
      const nameless = all.filter(({ role, name }) => CONTROLS.has(role) && !name);
      assert.deepEqual(nameless, []);
      assert.ok(all.filter(({ role }) => CONTROLS.has(role)).length > 60);
      const headings = all.filter(({ role }) => role === "heading");
      assert.equal(headings.filter(({ level }) => level === 1).length, 1);
      headings.forEach(({ level = 0, name }, at) => assert.ok(name && level <= (headings[at - 1]?.level ?? 0) + 1, `h${level} ${name} after h${headings[at - 1]?.level}`));
      const landmarks = all.filter(({ role }) => LANDMARKS.has(role)).map(({ role, name }) => `${role} ${name}`);
      assert.equal(new Set(landmarks).size, landmarks.length, landmarks.toSorted().join("\n"));
      for (const role of ["banner", "main", "contentinfo", "navigation"]) assert.ok(landmarks.some((landmark) => landmark.startsWith(role)), role);
      assert.ok(landmarks.length < 16, `${landmarks.length} landmarks are no overview`);
      assert.deepEqual(all.filter(({ role, name }) => (role === "columnheader" || role === "rowheader") && !name), []);
    }, query));
}

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`text stands out by 4.5 to 1, ${colorScheme}`, () =>
    opened(async (page) => {
      const [least, count] = await page.evaluate(contrasts);
      assert.ok(count > 300, `${count} texts`);
      assert.deepEqual(least, []);
    }, "?source=simulated&lang=en&funnel.groupBy=source", { colorScheme }));
}

/** Texts of too little contrast against what is behind them, and how many texts there are. */
function contrasts() {
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!pixel) throw new Error("no canvas");
  const over = (/** @type {string[]} */ layers) => {
    pixel.fillStyle = "#fff";
    for (const layer of layers) {
      pixel.fillStyle = layer;
      pixel.fillRect(0, 0, 1, 1);
    }
    const [r, g, b] = Array.from(pixel.getImageData(0, 0, 1, 1).data, (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const root = document.querySelector("crm-dashboard")?.shadowRoot;
  const roots = [document.body, ...(root ? [root] : [])];
  const found = [];
  let count = 0;
  for (const part of roots) {
    const walker = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let text = walker.nextNode(); text; text = walker.nextNode()) {
      const element = text.parentElement;
      if (!element || !text.textContent?.trim() || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || element.closest(":disabled, .unseen, svg, [data-state='busy'], noscript, .skip, style, script")) continue;
      const layers = [];
      for (let at = /** @type {Element | null} */ (element); at; at = at.parentElement ?? /** @type {ShadowRoot} */ (at.getRootNode()).host ?? null) layers.unshift(getComputedStyle(at).backgroundColor);
      const [back, front] = [over(layers), over([...layers, getComputedStyle(element).color])];
      const ratio = (Math.max(back, front) + 0.05) / (Math.min(back, front) + 0.05);
      count++;
      if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${text.textContent.trim().slice(0, 40)}`);
    }
  }
  return /** @type {[string[], number]} */ ([found, count]);
}

test("the Tab key stops at no table that has nothing to scroll, and at every one that has", () =>
  opened(async (page) => {
    const boxes = () => page.locator(".scroll:has(> table)").evaluateAll((all) => all.filter((box) => box.clientWidth > 0 && !box.matches(".long-list")).map((box) => [box.scrollWidth > box.clientWidth, /** @type {HTMLElement} */ (box).tabIndex === 0]));
    const wide = await boxes();
    assert.ok(wide.length > 10 && wide.some(([scrolls]) => !scrolls));
    assert.deepEqual(wide.filter(([scrolls, stops]) => scrolls !== stops), []);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.waitForTimeout(500);
    const narrow = await boxes();
    assert.ok(narrow.filter(([scrolls]) => scrolls).length > wide.filter(([scrolls]) => scrolls).length);
    assert.deepEqual(narrow.filter(([scrolls, stops]) => scrolls !== stops), []);
  }, "?source=simulated&lang=en"));

test("the list behind a number is a dialog with a name; what it replaces does not lose the keyboard", () =>
  opened(async (page) => {
    const link = page.locator('[data-testid="conversion"] [data-testid="deals-behind"]').first();
    assert.match(String(await link.getAttribute("aria-label")), /^[\d,]+: list these deals \(/);
    await link.focus();
    await page.keyboard.press("Enter");
    await page.locator(".drawer .behind tbody tr.opens").first().waitFor();
    const inside = () => page.locator("crm-dashboard").evaluate((element) => Boolean(element.shadowRoot?.activeElement?.closest("dialog.drawer")));
    assert.ok(await inside());
    assert.deepEqual((await spoken(page)).filter(({ role, name }) => CONTROLS.has(role) && !name), []);
    await page.locator(".drawer .behind button.link").first().focus();
    await page.keyboard.press("Enter");
    await page.locator('[data-testid="behind-back"]').waitFor();
    assert.ok(await inside());
    await page.keyboard.press("Escape");
    assert.equal(await link.evaluate((element) => element === /** @type {ShadowRoot} */ (element.getRootNode()).activeElement), true, "the focus is back at the number");
  }, "?source=simulated&lang=en"));
