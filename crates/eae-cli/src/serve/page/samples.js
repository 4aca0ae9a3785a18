// Draws from each of the samplers that the run has, of all classes or of one.

import { decode, newest, sample } from "/ask.js";
import { change, listen } from "/code.js";
import { savePicture, saveRows } from "/keep.js";
import { sheet } from "/picture.js";
import { fill, mark } from "/strip.js";
import { fillTable, markRow } from "/table.js";

/** Without a map there is room for twice as many. */
const MOST = 18;
/** Pictures in a row of the file. */
const ACROSS = 6;

/** What samplers are called beside their names in files. */
const NAMES = {
  normal: "N(0, I)",
  sphere: "sphere",
  gaussian: "Gaussian",
  mixture: "mixture of Gaussians",
  gaussianization: "Gaussianization",
};

const find = id => document.getElementById(id);

/** Draws, and returns what chooses one of the draws. */
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
    // The buttons stay, what they stand for changes.
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
    // A class has a density of its own.
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
  // Without a first draw there is nothing to open on: what went wrong is the caller's to say.
  await drawNow();
  return choose;
}
