/** A headless Chromium and pages that count what they must not do. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { serve } from "../../scripts/serve.mjs";
import { BROWSER_ARGS, ROOT, browser } from "../../scripts/setup.mjs";

export const launch = () =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? browser().program, args: BROWSER_ARGS });

/**
 * A page that collects console errors, breaches of the policy and requests.
 *
 * @param {import("playwright-core").Browser} chrome
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function watchedPage(chrome, options) {
  const context = await chrome.newContext(options);
  const page = await context.newPage();
  /** @type {string[]} */ const complaints = [];
  /** @type {string[]} */ const requests = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  return { context, page, complaints, requests };
}

/** The panels of the dashboard. */
export const PANELS = ["funnel", "forecast", "pipeline", "segments", "quality"];

/** Waits until each of the panels has an answer or says why it has none. @param {import("playwright-core").Page} page @param {string[]} [panels] */
export async function settled(page, panels = PANELS) {
  for (const panel of panels) {
    await page.locator(`[data-testid="panel-${panel}"]:is([data-state="ready"], [data-state="error"])`).first().waitFor({ timeout: 60_000 });
  }
}

/** The dashboard on a server of its own while the tests of a file run. @param {string[]} [panels] those to wait for */
export function dashboards(panels) {
  /** @type {import("playwright-core").Browser} */ let chrome;
  /** @type {{url: string, close: () => Promise<void>}} */ let server;
  before(async () => {
    [chrome, server] = await Promise.all([launch(), serve(join(ROOT, "www"))]);
  });
  after(async () => {
    await chrome?.close();
    await server?.close();
  });
  return {
    url: () => server.url,
    page: (/** @type {import("playwright-core").BrowserContextOptions} */ options) => watchedPage(chrome, options),
    /**
     * Opens a page at `query`, uses it, and checks that it had nothing to complain of.
     *
     * @param {(watched: Awaited<ReturnType<typeof watchedPage>>) => Promise<void>} use
     * @param {string} query
     * @param {import("playwright-core").BrowserContextOptions} options
     */
    async opened(use, query, options) {
      const watched = await watchedPage(chrome, options);
      try {
        await watched.page.goto(server.url + query);
        await settled(watched.page, panels);
        await use(watched);
        assert.deepEqual(watched.complaints, []);
      } finally {
        await watched.context.close();
      }
    },
  };
}
