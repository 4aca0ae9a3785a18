// Interpolates between the codes of two images.

import { codes, decode, heldOut, newest, sample } from "/ask.js";
import { change, current, listen } from "/code.js";
import { fill } from "/strip.js";
import { noun, show } from "/thing.js";

const STRIP = 12;
const STEPS = 9;
/** Duration from one end to the other, in milliseconds. */
const THERE = 4000;

const find = id => document.getElementById(id);
const dot = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

/**
 * Returns the code at `t` from 0 to 1 between `a` and `b`. The linear path is the straight line. The spherical path turns at a
 * constant rate while the radius changes linearly. If the directions are equal, opposite or undefined, it is the line, too.
 */
export function between(a, b, t, way) {
  const [radiusA, radiusB] = [Math.sqrt(dot(a, a)), Math.sqrt(dot(b, b))];
  const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b) / (radiusA * radiusB))));
  let [ofA, ofB] = [1 - t, t];
  if (way === "spherical" && Math.sin(angle) > 1e-6) {
    const radius = (1 - t) * radiusA + t * radiusB;
    ofA = Math.sin((1 - t) * angle) / Math.sin(angle) * radius / radiusA;
    ofB = Math.sin(t * angle) / Math.sin(angle) * radius / radiusB;
  }
  return a.map((x, i) => ofA * x + ofB * b[i]);
}

export async function walk({ held_out, most_codes, samplers, columns }) {
  if (columns) {
    find("walk-title").textContent = "Interpolation between two rows";
    find("take").textContent = "Use the current row";
  }
  const at = find("at");
  const ends = [null, null];
  const chosenEnd = () => Number(document.querySelector("input[name=end]:checked").value);

  const go = () => {
    find("at-is").textContent = `${Math.round(100 * at.value)} %`;
    change(between(...ends, Number(at.value), find("way").value), "walk");
  };
  const film = newest(async () => {
    const count = Math.min(STEPS, most_codes);
    const share = step => step / Math.max(1, count - 1);
    const steps = Array.from({ length: count }, (_, step) => between(...ends, share(step), find("way").value));
    fill(find("film"), await decode(steps), step => `Step ${step + 1} of ${count}`, step => {
      at.value = share(step);
      stop();
      go();
    });
  });
  const setEnd = (end, code, thing) => {
    ends[end] = code;
    show(find(end ? "to" : "from"), thing);
    if (ends[0] && ends[1]) {
      film();
    }
  };

  let since = null;
  const stop = () => {
    since = null;
    find("play").textContent = "Play";
    find("play").setAttribute("aria-pressed", "false");
  };
  const frame = now => {
    if (since === null) {
      return;
    }
    // Plays forwards, then backwards.
    const phase = ((now - since) / THERE) % 2;
    at.value = phase <= 1 ? phase : 2 - phase;
    go();
    requestAnimationFrame(frame);
  };
  find("play").addEventListener("click", () => {
    if (since !== null) {
      stop();
      return;
    }
    since = performance.now() - at.value * THERE;
    find("play").textContent = "Pause";
    find("play").setAttribute("aria-pressed", "true");
    requestAnimationFrame(frame);
  });
  at.addEventListener("input", () => {
    stop();
    go();
  });
  find("way").addEventListener("change", () => {
    film();
    go();
  });
  // Playing stops when another panel changes the code.
  listen((_, by) => {
    if (by !== "walk") {
      stop();
    }
  });
  /** Selects the other end for the next choice. */
  const other = end => { document.querySelector(`input[name=end][value="${1 - end}"]`).checked = true; };
  const take = newest(async () => {
    const code = current();
    const end = chosenEnd();
    setEnd(end, code, (await decode([code]))[0]);
    other(end);
  });
  find("take").addEventListener("click", take);

  const count = Math.min(STRIP, held_out, most_codes);
  const strip = newest(async first => {
    const [things, of] = await Promise.all([heldOut(first, count), codes(first, count)]);
    find("strip-back").onclick = () => strip(Math.max(0, first - count));
    find("strip-on").onclick = () => strip(Math.min(held_out - count, first + count));
    find("strip-back").disabled = first === 0;
    find("strip-on").disabled = first + count >= held_out;
    find("strip").replaceChildren();
    fill(find("strip"), things, place => `Held-out ${noun()} ${first + place + 1}`, place => {
      const end = chosenEnd();
      setEnd(end, of[place], things[place]);
      at.value = end;
      find("at-is").textContent = `${100 * end} %`;
      stop();
      change(of[place], "walk", { thing: things[place], name: `held-out ${noun()} ${first + place + 1}` });
      other(end);
    });
    if (!ends[0]) {
      setEnd(0, of[0], things[0]);
      setEnd(1, of[count - 1], things[count - 1]);
    }
  });
  if (count > 0) {
    await strip(0);
  } else {
    find("held-out").hidden = true;
    const two = await sample({ sampler: samplers[0], n: 2 });
    const things = await decode(two);
    two.forEach((code, end) => setEnd(end, code, things[end]));
  }
}
