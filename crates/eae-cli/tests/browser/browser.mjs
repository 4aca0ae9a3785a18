// Browser and helper functions of the tests.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

export const LAPTOP = { viewport: { width: 1366, height: 768 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const NARROW = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const DARK = { colorScheme: "dark" };

export const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

/** Opens a page of the explorer and collects its errors. `path` is appended to `url`. */
export async function open(url, options, path = "") {
  const context = await browser.newContext(options);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  const problems = [];
  page.on("console", message => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("pageerror", error => problems.push(error.message));
  const own = address => address.startsWith(url) || address.startsWith(`blob:${url}`);
  page.on("request", request => own(request.url()) || problems.push(`asks ${request.url()}`));
  await page.goto(url + path);
  await page.waitForSelector("body[data-ready]");
  return { page, problems };
}

/** Returns the content of a canvas as text. */
export const seen = (page, canvas) => page.$eval(canvas, canvas => canvas.toDataURL());

/** Performs an action and waits until the result of `look` differs. */
export async function differs(page, look, act) {
  const before = await look();
  await act();
  const start = Date.now();
  while ((await look()) === before) {
    assert(Date.now() - start < 30000, `still ${before.slice(0, 200)}`);
    await page.waitForTimeout(20);
  }
}

/** Performs an action and waits until a canvas changes. */
export const changes = (page, canvas, act) => differs(page, () => seen(page, canvas), act);

/** Waits until no request is running. */
export const quiet = page => page.waitForLoadState("networkidle");

/** Performs an action and returns the saved file as { name, content }. */
export async function saved(page, act) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  return { name: download.suggestedFilename(), content: await readFile(await download.path()) };
}

/** Performs an action and returns the copied text. */
export async function copied(page, act) {
  await page.evaluate(() => navigator.clipboard.writeText("nothing"));
  await differs(page, () => page.evaluate(() => navigator.clipboard.readText()), act);
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Checks that elements are visible on the first screen: not outside, not cut off, not covered. */
export async function inSight(page, selectors) {
  for (const selector of selectors) {
    const problem = await page.$eval(selector, element => {
      const { left, top, right, bottom } = element.getBoundingClientRect();
      if (left < 0 || top < 0 || right > innerWidth || bottom > innerHeight || right - left < 8 || bottom - top < 8) {
        return `from ${left}, ${top} to ${right}, ${bottom}`;
      }
      const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
      return there && (element.contains(there) || there.contains(element)) ? null : `behind ${there?.outerHTML.slice(0, 80)}`;
    });
    assert.equal(problem, null, selector);
  }
}

/** Checks that nothing is wider than the page, every control has a name, and no zero has a sign. */
export async function sound(page) {
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  const cut = await page.$$eval("button:not([hidden]), select, h2, label", elements => elements.filter(element =>
    element.getClientRects().length && element.getBoundingClientRect().right > innerWidth).map(element => element.outerHTML));
  assert.deepEqual(cut, []);
  const nameless = await page.$$eval("button, select, input, canvas[tabindex]", controls => controls.filter(control =>
    !(control.labels?.length || control.getAttribute("aria-label") || control.textContent.trim())).map(control => control.outerHTML));
  assert.deepEqual(nameless, []);
  assert.doesNotMatch(await page.textContent("body"), /[-−]0\.?0*(?![\d.])/);
}
