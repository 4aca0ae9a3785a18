// Tests the explorer of a model of rows in a browser: `node rows.mjs URL [FOLDER]`. Writes screenshots to the folder.

import assert from "node:assert/strict";
import { DARK, LAPTOP, NARROW, PHONE, browser, changes, copied, differs, inSight, open, quiet, saved, sound } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);
const picture = async (page, name, fullPage) => folder && page.screenshot({ path: `${folder}/${name}.png`, fullPage });

async function playWith({ page, problems }, touch) {
  const press = selector => (touch ? page.tap(selector) : page.click(selector));
  const outputs = () => page.$$eval("#columns-list output", all => all.map(output => output.textContent).join(" "));
  const sampled = () => page.$eval("#sample-rows tbody", body => body.textContent);

  // The page opens with a sample, column by column, with its position in the data.
  assert.deepEqual(await page.$$eval("#columns-list span", all => all.map(name => name.textContent)), ["height", "weight", "age"]);
  const drawn = await page.$$eval("#sample-rows tr:has([aria-pressed=true]) td", all => all.map(cell => cell.textContent).join(" "));
  assert.equal(await outputs(), drawn);
  assert.equal(await page.$$eval(".track .is", all => all.filter(mark => mark.style.left.endsWith("%")).length), 3);
  assert(!(await page.isVisible("#paper")), "a model of rows has no paper");

  // Samples of one class, and the classes in the legend of the map.
  assert.equal(await page.textContent("#legend"), "shorttall");
  await differs(page, sampled, () => page.selectOption("#class", { label: "tall" }));
  assert(await page.isDisabled("#sampler"));
  await differs(page, sampled, () => page.selectOption("#class", { label: "all" }));

  // Sliders and samples.
  await page.focus("#sliders input");
  await differs(page, outputs, () => page.keyboard.press("ArrowRight"));
  await differs(page, sampled, () => press("#again"));
  await differs(page, outputs, () => press("#sample-rows tr:nth-child(3) button"));
  await differs(page, outputs, () => press("#mean"));
  const { name, content } = await saved(page, () => press("#save-all"));
  const lines = content.toString().trim().split("\n");
  assert.deepEqual([name, lines[0], lines.length], ["samples.csv", "height,weight,age", 19]);
  assert(lines.slice(1).every(line => line.split(",").every(value => Number.isFinite(Number(value)))), lines[1]);
  assert.equal((await saved(page, () => press("#save"))).name, "row.csv");
  assert.equal((await copied(page, () => press("#copy"))).split(",").length, 2);

  // A value that is typed, and a row that is pasted.
  await differs(page, outputs, () => page.fill("#columns-list input >> nth=0", "190"));
  await quiet(page);
  assert.match(await page.textContent("#error"), /squared error \d/i);
  assert(await page.isVisible(".track .was >> nth=0"));
  const paste = text => page.$eval("#columns-list input", (field, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    field.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
  for (const [text, row] of [["160.5\t55\t21", [160.5, 55, 21]], ["171,72.5, 33", [171, 72.5, 33]], ["182,5;80;44", [182.5, 80, 44]]]) {
    await differs(page, outputs, () => paste(text));
    await quiet(page);
    assert.deepEqual(await page.$$eval("#columns-list input", all => all.map(field => Number(field.value))), row, text);
  }

  // Interpolation and map.
  await changes(page, "#from", () => press("#strip button:nth-child(4)"));
  assert.match(await page.getAttribute("#strip button:nth-child(4)", "aria-label"), /^Held-out row 4: height \d/);
  await differs(page, outputs, () => press("#film button:nth-child(5)"));
  await page.focus("#map");
  await differs(page, outputs, () => page.keyboard.press("ArrowRight"));
  assert.match(await page.textContent("#map-said"), /^Held-out row 1, labeled (short|tall)$/);

  await sound(page);
  await picture(page, touch ? "rows-phone" : "rows-laptop", touch);
  assert.deepEqual(problems, []);
}

const laptop = await open(url, LAPTOP);
await inSight(laptop.page, ["#columns-list > :last-child", "#columns-list input", "#radius", "#save", "#copy", "#link", "#report",
  "#sliders label:last-child", "#sampler", "#again", "#save-all", "#sample-rows tbody tr:nth-child(5)", "#strip button:last-child",
  "#play", "#film button:last-child", "#map"]);
await playWith(laptop, false);
await playWith(await open(url, { ...PHONE, ...DARK }), true);
await sound((await open(url, NARROW)).page);
await browser.close();
console.log("explorer of rows: mouse, keys and touch work");
