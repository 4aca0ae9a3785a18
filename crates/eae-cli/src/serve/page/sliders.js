// Shows a slider for each number of the code, those with the largest effect first.

import { change, current, listen } from "/code.js";
import { fixed } from "/number.js";
import { noun } from "/thing.js";
import { pager } from "/pager.js";

/** Number of sliders on a page, because thousands would be too slow. A large screen has room for twice as many. */
const PAGE = { image: 24, row: 12 };
const LARGE = "(min-width: 100rem) and (min-height: 60rem)";
const REACH = 3.5;
/** Fraction of the largest effect below which a number has almost no effect. */
const DEAD = 0.01;

const find = id => document.getElementById(id);

export function sliders({ latent, mean, sd, effect }) {
  const order = mean.map((_, place) => place);
  if (effect) {
    order.sort((a, b) => effect[b] - effect[a]);
  }
  const most = effect ? Math.max(...effect) : 0;
  const share = place => (most > 0 ? effect[place] / most : 0);
  const dead = effect ? order.filter(place => share(place) <= DEAD).length : 0;
  const what = noun() === "row" ? "row" : "picture";
  const rest = dead === 0 ? "" : `; ${dead === 1 ? "1 has" : `${dead} have`} almost no effect`;
  find("code-hint").textContent = "One slider for each number, ±3.5 standard deviations"
    + (effect ? `. The first changes the ${what} most: see the bars${rest}.` : ".");

  let shown = [];
  const set = () => shown.forEach(({ place, slider, output }) => {
    const value = current()[place];
    // A code may lie outside the usual range.
    slider.min = Math.min(slider.dataset.min, value);
    slider.max = Math.max(slider.dataset.max, value);
    slider.value = value;
    output.textContent = fixed(value, 2);
  });

  const make = place => {
    const label = document.createElement("label");
    const [name, bar, output] = ["span", "i", "output"].map(tag => document.createElement(tag));
    const slider = document.createElement("input");
    name.textContent = `z${place}`;
    bar.style.width = `${100 * share(place)}%`;
    name.append(bar);
    slider.type = "range";
    slider.setAttribute("aria-label", `Latent dimension z${place}`);
    if (effect && share(place) <= DEAD) {
      label.className = "dead";
      label.title = "Almost no effect";
    }
    // The slider of a constant number still has a small range.
    const spread = sd[place] || 1;
    slider.dataset.min = slider.min = mean[place] - REACH * spread;
    slider.dataset.max = slider.max = mean[place] + REACH * spread;
    slider.step = "any";
    slider.addEventListener("input", () => {
      change(current().with(place, Number(slider.value)), "sliders");
    });
    // With step "any", the size of a step by key depends on the browser, so keys are handled here.
    slider.addEventListener("keydown", event => {
      const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 }[event.key];
      if (steps) {
        event.preventDefault();
        const value = Math.min(Math.max(Number(slider.value) + steps * spread / 10, slider.min), slider.max);
        change(current().with(place, value), "sliders");
      }
    });
    label.append(name, slider, output);
    return { place, label, slider, output };
  };

  listen(set);
  const size = PAGE[noun()] * (matchMedia(LARGE).matches ? 2 : 1);
  pager(find("pages"), latent, size, "numbers of the code", (first, count) => {
    shown = order.slice(first, first + count).map(make);
    // If there are few sliders, their lines can be taller.
    find("sliders").style.setProperty("--row", `${Math.min(1.7 * size / count, 2.4)}rem`);
    find("sliders").replaceChildren(...shown.map(({ label }) => label));
    set();
  });
}
