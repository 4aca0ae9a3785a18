// Map of the codes of held-out images along their first two principal components, with the position of the current code.

import { codes, heldOut, map as ask, newest } from "/ask.js";
import { change, current, listen } from "/code.js";
import { noun } from "/thing.js";

/** Colors that most people can distinguish on white and on black. They repeat if there are more labels. */
const COLORS = ["#4e79a7", "#f28e2b", "#e15759", "#48a9a6", "#59a14f", "#d4a82a", "#b07aa1", "#ff7f9f", "#9c755f", "#8a8f98"];
const MARGIN = 14;
/** Largest distance in pixels at which a press selects a point. */
const NEAR = 24;

const find = id => document.getElementById(id);

export async function map({ held_out }) {
  const without = why => {
    find("map-hint").textContent = why;
    find("codes").classList.add("without");
  };
  if (held_out === 0) {
    without(`No held-out ${noun()}s. Start eae serve with --data and the data of the training.`);
    return;
  }
  const canvas = find("map");
  let known;
  try {
    known = await ask();
  } catch (problem) {
    without(problem.message);
    return;
  }
  const { points, labels, classes, explained, origin, axes } = known;
  const called = label => classes?.[label] ?? String(label);
  const percent = Math.round(100 * explained);
  find("map-hint").textContent = `Codes of held-out ${noun()}s by two principal components (${percent} % of the variance). `
    + "Select a point; the ring is the current code.";
  const kinds = labels ? [...new Set(labels)].sort((a, b) => a - b) : [];
  const color = place => COLORS[(labels ? kinds.indexOf(labels[place]) : 0) % COLORS.length];
  find("legend").replaceChildren(...kinds.slice(0, 20).map((kind, place) => {
    const entry = document.createElement("li");
    const dot = document.createElement("i");
    dot.style.background = COLORS[place % COLORS.length];
    entry.append(dot, called(kind));
    return entry;
  }));

  const range = axis => {
    const values = points.map(point => point[axis]);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return high > low ? [low, high] : [low - 1, high + 1];
  };
  const [rangeX, rangeY] = [range(0), range(1)];
  const along = (value, [low, high], length) => MARGIN + (value - low) / (high - low) * (length - 2 * MARGIN);
  const place = ([x, y]) => [along(x, rangeX, canvas.clientWidth), canvas.clientHeight - along(y, rangeY, canvas.clientHeight)];

  let chosen = null;
  const draw = () => {
    const ratio = devicePixelRatio;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    const circle = (at, radius) => {
      context.beginPath();
      context.arc(...at, radius, 0, 2 * Math.PI);
    };
    context.globalAlpha = 0.7;
    points.forEach((point, i) => {
      context.fillStyle = color(i);
      circle(place(point), 2.6);
      context.fill();
    });
    context.globalAlpha = 1;
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = 2;
    const here = axes.reduce(([x, y], [dx, dy], i) => [x + current()[i] * dx, y + current()[i] * dy], origin);
    // A code outside the map is drawn at its edge.
    const inside = (value, length) => Math.min(Math.max(value, 7), length - 7);
    const [x, y] = place(here);
    circle([inside(x, width), inside(y, height)], 6);
    context.stroke();
  };
  let asked = false;
  const soon = () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        draw();
      });
    }
  };

  const take = newest(async i => {
    const [[code], [thing]] = await Promise.all([codes(i, 1), heldOut(i, 1)]);
    const name = `held-out ${noun()} ${i + 1}${labels ? `, labeled ${called(labels[i])}` : ""}`;
    change(code, "map", { thing, name });
    find("map-said").textContent = name[0].toUpperCase() + name.slice(1);
  });
  /** Returns the point with the smallest finite value of `of`, or null. */
  const least = of => {
    let [best, value] = [null, Infinity];
    points.forEach((_, i) => {
      const mine = of(i);
      if (mine < value) {
        [best, value] = [i, mine];
      }
    });
    return best;
  };
  const choose = i => {
    if (i !== null) {
      chosen = i;
      take(i);
    }
  };

  canvas.addEventListener("click", event => {
    const distance = i => {
      const [x, y] = place(points[i]);
      return Math.hypot(x - event.offsetX, y - event.offsetY);
    };
    choose(least(i => (distance(i) <= NEAR ? distance(i) : Infinity)));
  });
  canvas.addEventListener("keydown", event => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!direction) {
      return;
    }
    event.preventDefault();
    if (chosen === null) {
      choose(0);
      return;
    }
    const [x, y] = place(points[chosen]);
    // Selects the nearest point within 45 degrees of the direction.
    choose(least(i => {
      const [dx, dy] = place(points[i]).map((value, axis) => value - [x, y][axis]);
      const forwards = dx * direction[0] + dy * direction[1];
      const aside = Math.abs(dx * direction[1]) + Math.abs(dy * direction[0]);
      return forwards > 0 && forwards >= aside ? Math.hypot(dx, dy) : Infinity;
    }));
  });
  listen(soon);
  new ResizeObserver(soon).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", soon);
}
