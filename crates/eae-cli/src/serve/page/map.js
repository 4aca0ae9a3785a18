// The codes of the held-out images along their first two principal components, and where the current code is among them.

import { codes, heldOut, map as ask, newest } from "/ask.js";
import { change, current, listen } from "/code.js";
import { noun } from "/thing.js";

/** Told apart by most eyes, on white and on black; labels beyond them begin anew. */
const COLOURS = ["#4e79a7", "#f28e2b", "#e15759", "#48a9a6", "#59a14f", "#d4a82a", "#b07aa1", "#ff7f9f", "#9c755f", "#8a8f98"];
const MARGIN = 14;
/** Pixels from a point within which a press is for it. */
const NEAR = 24;

const find = id => document.getElementById(id);

export async function map({ held_out }) {
  const without = why => {
    find("map-hint").textContent = why;
    find("codes").classList.add("without");
  };
  if (held_out === 0) {
    without(`There are no held-out ${noun()}s: say with --data what the model was trained on.`);
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
  find("map-hint").textContent = `Held-out ${noun()}s by two principal components of their codes (${percent} % of the variance). `
    + "Choose one; the ring is the code.";
  const kinds = labels ? [...new Set(labels)].sort((a, b) => a - b) : [];
  const colour = place => COLOURS[(labels ? kinds.indexOf(labels[place]) : 0) % COLOURS.length];
  find("legend").replaceChildren(...kinds.slice(0, 20).map((kind, place) => {
    const entry = document.createElement("li");
    const dot = document.createElement("i");
    dot.style.background = COLOURS[place % COLOURS.length];
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
      context.fillStyle = colour(i);
      circle(place(point), 2.6);
      context.fill();
    });
    context.globalAlpha = 1;
    context.strokeStyle = getComputedStyle(canvas).color;
    context.lineWidth = 2;
    const here = axes.reduce(([x, y], [dx, dy], i) => [x + current()[i] * dx, y + current()[i] * dy], origin);
    // A code beyond the map is at its edge.
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
  /** The point with the least of something, if it is finite for any. */
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
    // The nearest one that is further that way than aside.
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
