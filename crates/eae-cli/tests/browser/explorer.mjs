// Tests the explorer of a model of pictures in a browser: `node explorer.mjs URL [FOLDER]`. Writes screenshots to the folder.

import assert from "node:assert/strict";
import { DARK, LAPTOP, NARROW, PHONE, browser, changes, copied, inSight, open, quiet, saved, seen, sound } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);

/** Returns a PNG file of a gray square on black. */
const png = async (page, side) => Buffer.from(await page.evaluate(side => {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  context.fillRect(0, 0, side, side);
  context.fillStyle = "#ccc";
  context.fillRect(side / 3, side / 3, side / 3, side / 2);
  return canvas.toDataURL("image/png").split(",")[1];
}, side), "base64");

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

/** Checks paths between codes with known results: a quarter turn, and pairs that do not define a plane. */
async function ways(page) {
  const between = (...wanted) => page.evaluate(async wanted => (await import("/walk.js")).between(...wanted), wanted);
  const near = (found, expected) => found.forEach((x, i) => assert(Math.abs(x - expected[i]) < 1e-12, `${found}`));
  near(await between([3, 0, 1], [0, 5, 1], 0.25, "linear"), [2.25, 1.25, 1]);
  near(await between([3, 0], [0, 5], 0.25, "spherical"), [3.5 * Math.cos(Math.PI / 8), 3.5 * Math.sin(Math.PI / 8)]);
  near(await between([1, 1], [3, 3], 0.5, "spherical"), [2, 2]);
  near(await between([0, 0], [1, 2], 0.5, "spherical"), [0.5, 1]);
}

/** Checks that zero has no sign, and that the text of a 32-bit number gives the same number. */
async function numbers(page) {
  const [zero, small, third] = await page.evaluate(async () => {
    const { exact, fixed } = await import("/number.js");
    return [fixed(-0.001, 2), fixed(-1.25, 1), exact(Math.fround(1 / 3))];
  });
  assert.deepEqual([zero, small, third], ["0.00", "−1.3", "0.33333334"]);
}

/** Checks that the page opens with a sample of the likeliest sampler, and shows the usual radius. */
async function opening(page) {
  assert.deepEqual(await page.$$eval("#samples [aria-pressed=true]", all => all.map(button => button.getAttribute("aria-label"))),
    ["Sample 1 of 18"]);
  assert.equal(await seen(page, "#decoded"), await seen(page, "#samples canvas"));
  assert.match(await page.textContent("#sampler option:checked"), /\(likeliest\)$/);
  assert.match(await page.textContent("#radius"), /^Radius \d+\.\d\d, usual: 5\.15 to 7\.47$/);
  const invited = await page.isVisible("#invite");
  assert(invited && /^Draw here/.test(await page.textContent("#invite")), "the paper invites the user to draw");
}

/** Checks that the sliders are sorted by their effect. */
async function order(page) {
  const effect = await page.evaluate(async () => (await (await fetch("/model.json")).json()).effect);
  const expected = effect.map((_, place) => place).sort((a, b) => effect[b] - effect[a]).map(place => `z${place}`);
  const names = () => page.$$eval("#sliders span", all => all.map(name => name.textContent));
  const first = await names();
  await page.click("#pages button:last-child");
  const rest = await names();
  await page.click("#pages button:first-child");
  assert.deepEqual([...first, ...rest], expected);
  assert.match(await page.textContent("#code-hint"), /The first changes the picture most/);
}

/** Checks saved pictures, the copied code and link, and the report. */
async function keeping({ page }) {
  const { name, content } = await saved(page, () => page.click("#save"));
  assert.equal(name, "picture.png");
  assert.deepEqual([content.readUInt32BE(16), content.readUInt32BE(20)], [28, 28], "the saved picture has the size of the model output");
  const sheet = await saved(page, () => page.click("#save-all"));
  assert.deepEqual([sheet.name, sheet.content.readUInt32BE(16), sheet.content.readUInt32BE(20)], ["samples.png", 6 * 28, 3 * 28]);
  const code = await copied(page, () => page.click("#copy"));
  assert.equal(code.split(",").length, 40);
  assert.equal(await page.textContent("#done"), "Code copied.");
  const link = await copied(page, () => page.click("#link"));
  assert.equal(link, page.url());
  const there = await open(url, LAPTOP, link.slice(url.length));
  assert.equal(await seen(there.page, "#decoded"), await seen(page, "#decoded"));
  assert.equal(await copied(there.page, () => there.page.click("#copy")), code);
  await there.page.context().close();
  const wrong = await open(url, LAPTOP, "#z=1,2,x");
  assert.match(await wrong.page.textContent("#problem"), /the model takes 40/);
  await wrong.page.context().close();
  const report = await page.context().newPage();
  const problems = [];
  report.on("console", message => problems.push(message.text()));
  const answer = await report.goto(await page.$eval("#report", link => link.href));
  assert.equal(answer.status(), 200);
  assert.equal(await report.evaluate(() => [...document.images].filter(image => image.naturalWidth === 0).length), 0);
  assert.deepEqual(problems, []);
  await report.close();
}

/** Checks that a class is sampled with its own sampler. */
async function classes(page) {
  await changes(page, "#samples canvas", () => page.selectOption("#class", { label: "1" }));
  assert(await page.isDisabled("#sampler"));
  await changes(page, "#decoded", () => page.click("#random"));
  await changes(page, "#samples canvas", () => page.selectOption("#class", { label: "all" }));
  assert(await page.isEnabled("#sampler"));
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
  assert(!(await page.isVisible("#original")), "a sample has no original");
  await changes(page, "#decoded", () => press("#random"));

  // A drawn seven, then a file.
  await changes(page, "#original", () => draw(page, [[0.25, 0.2], [0.75, 0.2], [0.45, 0.85]]));
  await quiet(page);
  assert.match(await page.textContent("#caption"), /your drawing/);
  assert(!(await page.isVisible("#invite")));
  await picture(page, touch ? "phone-drawn" : "laptop-drawn");
  const buffer = await png(page, 90);
  await changes(page, "#original", () =>
    page.setInputFiles("#file", { name: "square.png", mimeType: "image/png", buffer }));
  await changes(page, "#original", () => press("#invert"));
  await page.setInputFiles("#file", { name: "no.png", mimeType: "image/png", buffer: Buffer.from("no image") });
  await page.waitForSelector("#problem:not([hidden])");
  assert.match(await page.textContent("#problem"), /no\.png is not an image/);
  // A file that is dropped.
  await press("#clear");
  assert(await page.isVisible("#invite"));
  await changes(page, "#paper", () =>
    page.$eval("#yours", (panel, bytes) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "dropped.png", { type: "image/png" }));
      panel.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, [...buffer]));

  // Interpolation: choice of the ends, manual position, playing.
  assert.equal((await page.textContent("fieldset")).replace(/\s+/g, " ").trim(), "Choose the start end");
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
  assert.equal(await page.getAttribute("#play", "aria-pressed"), "false", "another code stops playing");

  // The map: a press, then keys.
  const box = await page.locator("#map").boundingBox();
  await changes(page, "#decoded", () => (touch ? page.tap : page.click).call(page, "#map", { position: { x: box.width / 2, y: box.height / 2 } }));
  const chosen = await page.textContent("#map-said");
  assert.match(chosen, /^Held-out image \d+/);
  await page.focus("#map");
  await changes(page, "#original", () => page.keyboard.press("ArrowRight"));
  assert.notEqual(await page.textContent("#map-said"), chosen);
  await quiet(page);
  assert.match(await page.textContent("#error"), /squared error \d/i);

  await sound(page);
  await picture(page, touch ? "phone" : "laptop", touch);
  assert.deepEqual(problems, []);
}

const laptop = await open(url, LAPTOP);
await opening(laptop.page);
await inSight(laptop.page, ["#decoded", "#radius", "#gauge", "#save", "#copy", "#link", "#report", "#paper", "#choose", "#clear",
  "#sliders label:first-child", "#sliders label:last-child", "#pages", "#sampler", "#class", "#temperature", "#again",
  "#samples button:last-child", "#strip button:last-child", "#play", "#at", "#film button:last-child", "#take", "#map", "#legend"]);
await numbers(laptop.page);
await order(laptop.page);
await keeping(laptop);
await classes(laptop.page);
await playWith(laptop, false);
await playWith(await open(url, { ...PHONE, ...DARK }), true);
for (const [name, options] of [["narrow", NARROW], ["laptop-dark", { ...LAPTOP, ...DARK }]]) {
  const { page, problems } = await open(url, options);
  await sound(page);
  await picture(page, name, name === "narrow");
  assert.deepEqual(problems, []);
}
await browser.close();
console.log("explorer of pictures: mouse, keys and touch work");
