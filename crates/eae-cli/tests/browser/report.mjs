// Tests reports in a real browser: `node report.mjs FOLDER RUN...`. Screenshots go into the folder, unless
// FOLDER is empty.

import assert from "node:assert/strict";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { DARK, LAPTOP, PHONE, browser } from "./browser.mjs";

const [folder, ...runs] = process.argv.slice(2);

/** Returns the markup of the enlarged picture, or null if no picture is enlarged. */
const shown = page => page.$eval("dialog", dialog => dialog.open ? dialog.querySelector(".shown").innerHTML : null);

/** Enlarges pictures with the keyboard, shows the next and the previous one, and closes them; then with the mouse. */
async function enlarge(page) {
  await page.locator(".enlarge").first().focus();
  await page.keyboard.press("Enter");
  const first = await shown(page);
  assert(first.startsWith("<img") || first.startsWith("<svg"), first.slice(0, 80));
  const { width, inside } = await page.$eval("dialog .shown > *", picture => {
    const { width, left, right, top, bottom } = picture.getBoundingClientRect();
    return { width, inside: left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight };
  });
  assert(inside && width > 300, `${width} pixels wide`);
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await shown(page), first);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await shown(page), first);
  await page.keyboard.press("Escape");
  assert.equal(await shown(page), null);
  assert(await page.$eval(".enlarge", button => button === document.activeElement), "closing does not restore the focus");
  await page.locator(".enlarge").nth(1).click();
  assert.notEqual(await shown(page), null);
  await page.click("dialog .close");
  assert.equal(await shown(page), null);
}

for (const run of runs) {
  const url = pathToFileURL(resolve(run, "report.html")).href;
  for (const [name, options] of Object.entries({ laptop: LAPTOP, phone: PHONE, dark: { ...LAPTOP, ...DARK } })) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const problems = [];
    page.on("console", message => problems.push(message.text()));
    page.on("pageerror", error => problems.push(error.message));
    page.on("request", request => [url, "data:"].some(own => request.url().startsWith(own)) || problems.push(request.url()));
    await page.goto(url);
    // Nothing may be cut off, including tables in collapsed sections.
    await page.$$eval("details", all => all.forEach(details => details.open = true));
    const wide = await page.$$eval("body, td, th, figure", all => all.filter(element =>
      element.getBoundingClientRect().right > innerWidth + 0.5).map(element => element.outerHTML.slice(0, 80)));
    assert.deepEqual(wide, []);
    await enlarge(page);
    if (folder) {
      await page.$$eval("details", all => all.forEach(details => details.open = false));
      await page.screenshot({ path: `${folder}/report-${run}-${name}.png`, fullPage: true });
    }
    assert.deepEqual(problems, []);
    await context.close();
  }
}
await browser.close();
