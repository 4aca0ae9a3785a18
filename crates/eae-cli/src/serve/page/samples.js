// Draws samples with a sampler of all classes or of one class.

import { decode, newest, sample } from "/ask.js";
import { change, listen } from "/code.js";
import { savePicture, saveRows } from "/keep.js";
import { sheet } from "/picture.js";
import { fill, mark } from "/strip.js";
import { fillTable, markRow } from "/table.js";

/** Number of samples. Without a map there is room for twice as many. */
const MOST = 18;
/** Number of pictures in a row of the saved file. */
const ACROSS = 6;

/** Names of samplers on the page, by their names in files. */
const NAMES = {
  normal: "N(0, I)",
  sphere: "sphere",
  gaussian: "Gaussian",
  mixture: "mixture of Gaussians",
  gaussianization: "Gaussianization",
  refined: "N(0, I), refined once",
};

const find = id => document.getElementById(id);

/** Draws samples, and returns a function that selects one of them. */
export async function samples({ samplers, likeliest, classes, columns, held_out, most_codes }) {
  const [sampler, ofClass, temperature, seed] = ["sampler", "class", "temperature", "seed"].map(find);
  const option = (name, place) => new Option((NAMES[name] ?? name) + (likeliest && place === 0 ? " (likeliest)" : ""), name);
  sampler.replaceChildren(...samplers.map(option));
  ofClass.replaceChildren(new Option("all", ""), ...classes.map(({ label, name }) => new Option(name, label)));
  find("class-label").hidden = classes.length === 0;
  find("samples").hidden = Boolean(columns);
  find("sample-rows").hidden = !columns;

  const wanted = () => ({
    ...(ofClass.value === "" ? { sampler: sampler.value } : { label: Number(ofClass.value) }),
    temperature: Number(temperature.value),
  });
  let drawn = [];
  let decoded = [];
  const choose = place => {
    change(drawn[place], "samples");
    marked(place);
  };
  const marked = place => (columns ? markRow : mark)(find(columns ? "sample-rows" : "samples"), place);
  const drawNow = async () => {
    const codes = await sample({
      ...wanted(),
      seed: Math.max(0, Math.trunc(Number(seed.value))),
      n: Math.min(held_out > 0 ? MOST : 2 * MOST, most_codes),
    });
    decoded = await decode(codes);
    // The buttons stay, but the samples behind them change.
    drawn = codes;
    const name = place => `Sample ${place + 1} of ${codes.length}`;
    if (columns) {
      fillTable(find("sample-rows"), columns, decoded, name, choose);
    } else {
      fill(find("samples"), decoded, name, choose);
    }
    marked(null);
  };
  const draw = newest(drawNow);

  sampler.addEventListener("change", draw);
  ofClass.addEventListener("change", () => {
    // A class has its own sampler.
    sampler.disabled = ofClass.value !== "";
    draw();
  });
  seed.addEventListener("change", draw);
  temperature.addEventListener("input", () => {
    find("temperature-is").textContent = Number(temperature.value).toFixed(2);
    draw();
  });
  find("again").addEventListener("click", () => {
    seed.value = Number(seed.value) + 1;
    draw();
  });
  find("save-all").addEventListener("click", () => {
    if (columns) {
      saveRows("samples.csv", decoded);
    } else {
      savePicture("samples.png", sheet([...find("samples").querySelectorAll("canvas")], ACROSS));
    }
  });
  const random = newest(async () => {
    const [code] = await sample({ ...wanted(), seed: Math.floor(Math.random() * 2 ** 32), n: 1 });
    change(code, "random");
  });
  find("random").addEventListener("click", random);
  listen((_, by) => {
    if (by !== "samples") {
      marked(null);
    }
  });
  // Without a first sample the page cannot open, so the caller reports the error.
  await drawNow();
  return choose;
}
