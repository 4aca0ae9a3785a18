// Tests exported pages as files in a browser: `node page.mjs FOLDER RUN...`. Each RUN has model.html, codes.npy, and the output
// of `eae decode` in decoded.npy. Writes screenshots to FOLDER, unless its name is empty.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [folder, ...runs] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

/** Returns the rows of a NumPy array, each flattened. */
async function npy(path) {
  const bytes = await readFile(path);
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString("latin1", 10, start);
  const [, type, order] = /'descr': '<f(\d)', 'fortran_order': (\w+)/.exec(header);
  const shape = /\(([^)]*)\)/.exec(header)[1].split(",").filter(Boolean).map(Number);
  assert.equal(order, "False");
  const numbers = Array.from({ length: (bytes.length - start) / type }, (_, i) =>
    (type === "8" ? bytes.readDoubleLE(start + 8 * i) : bytes.readFloatLE(start + 4 * i)));
  const width = numbers.length / shape[0];
  return Array.from({ length: shape[0] }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}

async function open(run, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  page.on("console", message => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("pageerror", error => problems.push(error.message));
  page.on("request", request => /^(file|data|blob):/.test(request.url()) || problems.push(`asks ${request.url()}`));
  await page.goto(pathToFileURL(resolve(run, "model.html")).href);
  await page.waitForSelector("body[data-ready]");
  return { page, problems };
}

/** Checks that the page decodes like the program and fast enough. Errors are in pixel values or in column deviations. */
async function decodes(page, run) {
  const [codes, expected] = [await npy(`${run}/codes.npy`), await npy(`${run}/decoded.npy`)];
  const { decoded, milliseconds, scale } = await page.evaluate(codes => {
    codes.slice(0, 3).forEach(eae.decode);
    // The fastest run counts, because other programs may use the processor.
    let milliseconds = Infinity;
    const decoded = codes.map(code => {
      const start = performance.now();
      const numbers = Array.from(eae.decode(code));
      milliseconds = Math.min(milliseconds, performance.now() - start);
      return numbers;
    });
    return { decoded, milliseconds, scale: eae.described.columns?.scale };
  }, codes);
  let most = 0;
  decoded.forEach((numbers, row) => {
    assert.equal(numbers.length, expected[row].length);
    numbers.forEach((x, i) => (most = Math.max(most, Math.abs(x - expected[row][i]) / (scale?.[i] || 1))));
  });
  assert(most <= 2e-3, `${run} has an error of ${most}`);
  assert(milliseconds < 50, `${run} takes ${milliseconds} ms`);
  console.log(`${run}: error at most ${most.toExponential(1)}, ${milliseconds.toFixed(1)} ms each`);
}

/** Checks the mean and deviation of codes against those of their sampler. */
async function draws(page) {
  const moments = await page.evaluate(() => [...eae.sources, ...eae.classes].map(source => {
    const count = 4000;
    const codes = Array.from({ length: count }, () => eae.drawn(source));
    const mean = codes[0].map((_, i) => codes.reduce((sum, code) => sum + code[i], 0) / count);
    const sd = mean.map((mean, i) => Math.sqrt(codes.reduce((sum, code) => sum + (code[i] - mean) ** 2, 0) / count));
    return { kind: source.kind, mean, sd };
  }));
  const sliders = await page.evaluate(() => eae.described.sliders);
  // The tolerance is four standard errors of both sets of draws, times 1.5 for samplers with long tails.
  const near = (found, expected, sd) => Math.abs(found - expected) < 4 * sd * Math.sqrt(1 / 4000 + 1 / 1000) * 1.5;
  sliders.forEach(({ place, mean, sd }) => {
    assert(near(moments[0].mean[place], mean, sd), `the mean of z${place}: ${moments[0].mean[place]}, not ${mean}`);
    assert(near(moments[0].sd[place], sd, sd), `the deviation of z${place}: ${moments[0].sd[place]}, not ${sd}`);
  });
  const normal = moments.find(({ kind }) => kind === "normal");
  normal.mean.forEach((mean, i) => assert(near(mean, 0, 1) && near(normal.sd[i], 1, 1), `N(0, 1) of z${i}`));
}

const seen = (page, selector) => page.$eval(selector, element => (element.tagName === "CANVAS" ? element.toDataURL() : element.textContent));

async function changes(page, selector, act) {
  const before = await seen(page, selector);
  await act();
  const start = Date.now();
  while ((await seen(page, selector)) === before) {
    assert(Date.now() - start < 10000, `${selector} has not changed`);
    await page.waitForTimeout(20);
  }
}

const downloaded = async (page, press) => {
  const [download] = await Promise.all([page.waitForEvent("download"), press()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
};

async function playWith(run, { page, problems }, name, touch) {
  const press = selector => (touch ? page.tap(selector) : page.click(selector));
  const vectors = await page.evaluate(() => Boolean(eae.described.columns));
  // Waits until the pictures are drawn.
  await page.waitForFunction(() => document.querySelector("#grid button:last-child canvas")?.width !== 300);
  const [grid, one] = vectors ? ["#rows tbody", "#values"] : ["#grid button:nth-child(2) canvas", "#picture"];
  if (folder) {
    await page.screenshot({ path: `${folder}/page-${run}-${name}.png`, fullPage: touch });
  }
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  await changes(page, grid, () => press("#again"));
  await changes(page, one, () => press(vectors ? "#rows tbody tr:nth-child(3) button" : "#grid button:nth-child(3)"));
  await page.focus("#sliders input");
  await changes(page, one, async () => {
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("ArrowRight");
    }
  });
  await changes(page, one, () => press("#mean"));
  await changes(page, one, () => press("#back"));
  if (await page.isVisible("#sampler")) {
    await changes(page, grid, () => page.selectOption("#sampler", { index: 1 }));
  }
  if (await page.isVisible("#class")) {
    await changes(page, grid, () => page.selectOption("#class", { index: 2 }));
    assert(await page.isDisabled("#sampler"));
  }
  if (vectors) {
    await page.fill("#count", "20");
    const { name, bytes } = await downloaded(page, () => press("#csv"));
    assert.match(name, /\.csv$/);
    const lines = bytes.toString().trim().split("\n");
    const { names, named } = await page.evaluate(() => eae.described.columns);
    assert.equal(lines.length, 20 + named);
    lines.slice(Number(named)).forEach(line => {
      const numbers = line.split(",").map(Number);
      assert(numbers.length === names.length && numbers.every(Number.isFinite), line);
    });
    await page.fill("#count", "0");
    await press("#csv");
    assert.match(await page.textContent("#problem"), /from 1 to/);
  } else {
    const { name, bytes } = await downloaded(page, () => press("#png"));
    assert.match(name, /\.png$/);
    assert.equal(bytes.toString("latin1", 1, 4), "PNG");
    assert(bytes.readUInt32BE(16) >= 256, "the saved picture is large enough");
  }
  const nameless = await page.$$eval("button, select, input", controls => controls.filter(control =>
    !(control.labels?.length || control.getAttribute("aria-label") || control.textContent.trim())).map(control => control.outerHTML));
  assert.deepEqual(nameless, []);
  assert.deepEqual(problems, []);
}

for (const run of runs) {
  const laptop = await open(run, { viewport: { width: 1366, height: 768 }, acceptDownloads: true });
  await decodes(laptop.page, run);
  await draws(laptop.page);
  await playWith(run, laptop, "laptop", false);
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme: "dark" };
  await playWith(run, await open(run, phone), "phone", true);
}
await browser.close();
console.log("exported pages decode like the program");
