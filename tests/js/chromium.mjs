/** A headless Chromium and pages that count what they must not do. */
import { chromium } from "playwright-core";
import { BROWSER_ARGS, browser } from "../../scripts/setup.mjs";

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
