// A slider for each number of the code.

import { change, current, listen } from "/code.js";

/** At a time: a page of thousands would answer to nothing. */
const PAGE = 32;
const REACH = 3.5;

const find = id => document.getElementById(id);

export function sliders({ latent, mean, sd }) {
  let first = 0;
  let shown = [];

  const set = () => shown.forEach(({ slider, output }, row) => {
    const value = current()[first + row];
    // A code may lie beyond what is usual.
    slider.min = Math.min(slider.dataset.min, value);
    slider.max = Math.max(slider.dataset.max, value);
    slider.value = value;
    output.textContent = value.toFixed(2);
  });

  const lay = () => {
    shown = Array.from({ length: Math.min(PAGE, latent - first) }, (_, row) => make(first + row));
    find("sliders").replaceChildren(...shown.map(({ label }) => label));
    find("pages-where").textContent = `${first + 1} to ${first + shown.length} of ${latent}`;
    find("pages-back").disabled = first === 0;
    find("pages-on").disabled = first + PAGE >= latent;
    set();
  };

  const make = place => {
    const label = document.createElement("label");
    const name = document.createElement("span");
    const slider = document.createElement("input");
    const output = document.createElement("output");
    name.textContent = place + 1;
    slider.type = "range";
    slider.setAttribute("aria-label", `Number ${place + 1} of the code`);
    // A number that never changes can still be moved a little.
    const spread = sd[place] || 1;
    slider.dataset.min = slider.min = mean[place] - REACH * spread;
    slider.dataset.max = slider.max = mean[place] + REACH * spread;
    slider.step = "any";
    slider.addEventListener("input", () => {
      change(current().with(place, Number(slider.value)), "sliders");
    });
    // "any" leaves the size of a step by key to the browser.
    slider.addEventListener("keydown", event => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
      if (steps) {
        event.preventDefault();
        const value = Math.min(Math.max(Number(slider.value) + steps * spread / 10, slider.min), slider.max);
        change(current().with(place, value), "sliders");
      }
    });
    label.append(name, slider, output);
    return { label, slider, output };
  };

  const turn = by => {
    first += by;
    lay();
  };
  find("pages").hidden = latent <= PAGE;
  find("pages-back").addEventListener("click", () => turn(-PAGE));
  find("pages-on").addEventListener("click", () => turn(PAGE));
  listen(set);
  lay();
}
