// Draws from each of the samplers that the run has.

import { decode, newest, sample } from "/ask.js";
import { change } from "/code.js";
import { fill } from "/picture.js";

const MOST = 18;

/** What samplers are called beside their names in files. */
const NAMES = {
  normal: "N(0, I)",
  sphere: "sphere",
  gaussian: "Gaussian",
  mixture: "mixture of Gaussians",
  gaussianisation: "Gaussianisation",
};

const find = id => document.getElementById(id);

export function samples({ samplers, most_codes }) {
  const [sampler, temperature, seed] = ["sampler", "temperature", "seed"].map(find);
  sampler.replaceChildren(...samplers.map(name => new Option(NAMES[name] ?? name, name)));

  let drawn = [];
  const draw = newest(async () => {
    const codes = await sample({
      sampler: sampler.value,
      temperature: Number(temperature.value),
      seed: Math.max(0, Math.trunc(Number(seed.value))),
      n: Math.min(MOST, most_codes),
    });
    const name = place => `Sample ${place + 1} of ${codes.length}`;
    // The buttons stay, what they stand for changes.
    drawn = codes;
    fill(find("samples"), await decode(codes), name, place => change(drawn[place], "samples"));
  });

  sampler.addEventListener("change", draw);
  seed.addEventListener("change", draw);
  temperature.addEventListener("input", () => {
    find("temperature-is").textContent = Number(temperature.value).toFixed(2);
    draw();
  });
  find("again").addEventListener("click", () => {
    seed.value = Number(seed.value) + 1;
    draw();
  });
  find("random").addEventListener("click", () => randomCode(sampler.value, Number(temperature.value)));
  const randomCode = newest(async (name, temperature) => {
    const [code] = await sample({ sampler: name, temperature, seed: Math.floor(Math.random() * 2 ** 32), n: 1 });
    change(code, "samples");
  });
  draw();
}
