// Plays with the explorer in a real browser: `node explorer.mjs URL [FOLDER]`, with pictures of the page in the folder.

import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const browser = await chromium.launch({
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

/** A PNG file of a grey square on black. */
const png = async (page, side) => Buffer.from(await page.evaluate(side => {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, side, side);
  context.fillStyle = "#ccc";
  context.fillRect(side / 3, side / 3, side / 3, side / 2);
  return canvas.toDataURL("image/png").split(",")[1];
}, side), "base64");

async function open(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  page.on("console", message => ["error", "warning"].includes(message.type()) && problems.push(message.text()));
  page.on("pageerror", error => problems.push(error.message));
  page.on("request", request => request.url().startsWith(url) || problems.push(`asks ${request.url()}`));
  await page.goto(url);
  await page.waitForSelector("body[data-ready]");
  return { page, problems };
}

/** What a canvas shows, in letters. */
const seen = (page, canvas) => page.$eval(canvas, canvas => canvas.toDataURL());

/** Waits until a canvas shows something else than before what is done. */
async function changes(page, canvas, act) {
  const before = await seen(page, canvas);
  await act();
  const start = Date.now();
  while ((await seen(page, canvas)) === before) {
    assert(Date.now() - start < 10000, `${canvas} is as it was`);
    await page.waitForTimeout(20);
  }
}

/** Waits for the newest request to be through. */
const quiet = page => page.waitForLoadState("networkidle");

const value = page => page.$eval("#sliders input", slider => Number(slider.value));
const picture = async (page, name, fullPage) => folder && page.screenshot({ path: `${folder}/${name}.png`, fullPage });

async function draw(page, points) {
  await page.locator("#paper").scrollIntoViewIfNeeded();
  const box = await page.locator("#paper").boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) {
    await page.mouse.move(...at(point), { steps: 5 });
  }
  await page.mouse.up();
}

/** The ways between codes, where they are known: a quarter turn, and where there is no plane to turn in. */
async function ways(page) {
  const between = (...wanted) => page.evaluate(async wanted => (await import("/walk.js")).between(...wanted), wanted);
  const near = (found, expected) => found.forEach((x, i) => assert(Math.abs(x - expected[i]) < 1e-12, `${found}`));
  near(await between([3, 0, 1], [0, 5, 1], 0.25, "linear"), [2.25, 1.25, 1]);
  near(await between([3, 0], [0, 5], 0.25, "spherical"), [3.5 * Math.cos(Math.PI / 8), 3.5 * Math.sin(Math.PI / 8)]);
  near(await between([1, 1], [3, 3], 0.5, "spherical"), [2, 2]);
  near(await between([0, 0], [1, 2], 0.5, "spherical"), [0.5, 1]);
}

async function playWith({ page, problems }, touch) {
  const press = selector => (touch ? page.tap(selector) : page.click(selector));

  await ways(page);

  // Sliders, by keys.
  await page.focus("#sliders input");
  const before = await value(page);
  await changes(page, "#decoded", async () => {
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("ArrowRight");
    }
  });
  assert((await value(page)) > before, "the key moves the slider to the right");
  await changes(page, "#decoded", () => press("#mean"));

  // Samples.
  assert.equal(await page.locator("#samples button").count(), 18);
  for (const name of await page.$$eval("#sampler option", options => options.map(option => option.value))) {
    await changes(page, "#samples canvas", async () => {
      await page.selectOption("#sampler", name);
      await press("#again");
    });
  }
  await changes(page, "#decoded", () => press("#samples button:nth-child(3)"));
  assert.equal(await page.$eval("#beside", figure => figure.style.visibility), "hidden");
  await changes(page, "#decoded", () => press("#random"));

  // A drawn seven, then a file.
  await changes(page, "#original", () => draw(page, [[0.25, 0.2], [0.75, 0.2], [0.45, 0.85]]));
  await quiet(page);
  assert.match(await page.textContent("#caption"), /your drawing/);
  await picture(page, touch ? "phone-drawn" : "laptop-drawn", !touch);
  const buffer = await png(page, 90);
  await changes(page, "#original", () =>
    page.setInputFiles("#file", { name: "square.png", mimeType: "image/png", buffer }));
  await changes(page, "#original", () => press("#invert"));
  await page.setInputFiles("#file", { name: "no.png", mimeType: "image/png", buffer: Buffer.from("no image") });
  await page.waitForSelector("#problem:not([hidden])");
  assert.match(await page.textContent("#problem"), /no\.png is no image/);
  // A file that is dropped.
  await press("#clear");
  await changes(page, "#paper", () =>
    page.$eval("#yours", (panel, bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
      panel.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, [...buffer]));

  // A walk: two ends, by hand, by itself.
  await changes(page, "#from", () => press("#strip button:nth-child(4)"));
  await changes(page, "#to", () => press("#strip button:nth-child(8)"));
  await changes(page, "#film button:nth-child(5) canvas", () => page.selectOption("#way", "linear"));
  await changes(page, "#strip canvas", () => press("#strip-on"));
  await page.focus("#at");
  await changes(page, "#decoded", () => page.keyboard.press("Home"));
  await changes(page, "#decoded", () => press("#film button:nth-child(5)"));
  assert.equal(await page.textContent("#at-is"), "50 %");
  await changes(page, "#decoded", () => press("#play"));
  assert.equal(await page.getAttribute("#play", "aria-pressed"), "true");
  await changes(page, "#decoded", () => press("#mean"));
  assert.equal(await page.getAttribute("#play", "aria-pressed"), "false", "another code ends the walk");

  // The map: a press, then keys.
  const box = await page.locator("#map").boundingBox();
  await changes(page, "#decoded", () => (touch ? page.tap : page.click).call(page, "#map", { position: { x: box.width / 2, y: box.height / 2 } }));
  const chosen = await page.textContent("#map-said");
  assert.match(chosen, /^Held-out image \d+/);
  await page.focus("#map");
  await changes(page, "#original", () => page.keyboard.press("ArrowRight"));
  assert.notEqual(await page.textContent("#map-said"), chosen);
  await quiet(page);
  assert.match(await page.textContent("#error"), /squared error \d/);

  // Nothing is wider than the page, and every control has a name.
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the screen");
  const nameless = await page.$$eval("button, select, input, canvas[tabindex]", controls => controls.filter(control =>
    !(control.labels?.length || control.getAttribute("aria-label") || control.textContent.trim())).map(control => control.outerHTML));
  assert.deepEqual(nameless, []);
  await picture(page, touch ? "phone" : "laptop", !touch);
  assert.deepEqual(problems, []);
}

await playWith(await open({ viewport: { width: 1366, height: 768 } }), false);
await playWith(await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2, colorScheme: "dark" }), true);
await browser.close();
console.log("the explorer answers to mouse, keys and touch");
