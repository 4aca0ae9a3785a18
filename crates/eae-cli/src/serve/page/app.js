// Sets up the panels of the page and the first code.

import { model, say } from "/ask.js";
import { change } from "/code.js";
import { columns } from "/columns.js";
import { keep } from "/keep.js";
import { linked } from "/link.js";
import { map } from "/map.js";
import { radius } from "/radius.js";
import { samples } from "/samples.js";
import { sliders } from "/sliders.js";
import { take } from "/thing.js";
import { view } from "/view.js";
import { walk } from "/walk.js";
import { yours } from "/yours.js";

const find = id => document.getElementById(id);

function header({ run, report, network, image: [height, width, channels], columns, latent }) {
  const size = columns ? `rows of ${columns.length} columns` : `${height} × ${width} pixels${channels === 3 ? " in color" : ""}`;
  document.title = `${run}: explorer`;
  document.body.dataset.kind = columns ? "rows" : "pictures";
  find("about").textContent = `${run}: ${network ?? "own network"}, ${size}, latent dimension ${latent}`;
  if (report) {
    find("report").href = report;
    find("report").hidden = false;
  }
}

async function start() {
  const known = await model();
  header(known);
  take(known);
  view();
  radius(known);
  keep(known);
  find("mean").addEventListener("click", () => change(known.mean, "mean"));
  const choose = await samples(known);
  const { code, problem } = linked(known);
  if (code) {
    change(code, "link");
  } else {
    choose(0);
  }
  sliders(known);
  (known.columns ? columns : yours)(known);
  await Promise.all([walk(known), map(known)]);
  if (problem) {
    say(problem);
  }
  addEventListener("hashchange", () => {
    const { code, problem } = linked(known);
    say(problem);
    if (code) {
      change(code, "link");
    }
  });
  document.body.dataset.ready = "yes";
}

start().catch(say);
