// The picture, and all panels around it.

import { decode, model, newest, say } from "/ask.js";
import { change, listen, original } from "/code.js";
import { map } from "/map.js";
import { samples } from "/samples.js";
import { setShape, show } from "/picture.js";
import { sliders } from "/sliders.js";
import { walk } from "/walk.js";
import { yours } from "/yours.js";

const find = id => document.getElementById(id);

/** The squared error summed over pixels, as the training has it: of values from 0 to 1. */
const squaredError = (a, b) => a.reduce((sum, x, i) => sum + ((x - b[i]) / 255) ** 2, 0);

function picture() {
  const draw = newest(async (code, image) => {
    const start = performance.now();
    const bytes = await decode([code]);
    const took = performance.now() - start;
    show(find("decoded"), bytes);
    find("decoded").dataset.milliseconds = took.toFixed(1);
    const radius = Math.sqrt(code.reduce((sum, x) => sum + x * x, 0));
    find("radius").textContent = `radius ${radius.toFixed(2)}, ${took.toFixed(0)} ms`;
    find("beside").style.visibility = image ? "visible" : "hidden";
    find("error").textContent = image ? `squared error ${squaredError(bytes, image.bytes).toFixed(2)}` : "";
    if (image) {
      show(find("original"), image.bytes);
      find("caption").textContent = image.name;
    }
  });
  listen(code => draw(code, original()));
}

async function start() {
  const known = await model();
  const { run, network, image: [height, width, channels], latent, mean } = known;
  setShape(known.image);
  document.title = `${run}: explorer`;
  find("about").textContent = `${run}: ${network ?? "a network of its own"}, ${height} × ${width} pixels`
    + `${channels === 3 ? " in colour" : ""}, ${latent} numbers in a code`;
  picture();
  find("mean").addEventListener("click", () => change(mean, "app"));
  change(mean, "app");
  sliders(known);
  samples(known);
  yours(known);
  await Promise.all([walk(known), map(known)]);
  document.body.dataset.ready = "yes";
}

start().catch(say);
