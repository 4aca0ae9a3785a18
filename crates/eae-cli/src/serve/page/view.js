// Shows the decoded picture or row beside the encoded one.

import { decode, newest } from "/ask.js";
import { listen, original } from "/code.js";
import { brief } from "/number.js";
import { error, show } from "/thing.js";

const find = id => document.getElementById(id);
const listeners = [];
let decoded = null;

/** Returns the decoded picture or row that is shown. */
export const shown = () => decoded;

/** Calls `listener(thing, of, by)` whenever the view changes. `of` is as in `original`. */
export const onShown = listener => listeners.push(listener);

export function view() {
  const draw = newest(async (code, of, by) => {
    const start = performance.now();
    [decoded] = await decode([code]);
    find("decoded").dataset.milliseconds = (performance.now() - start).toFixed(1);
    show(find("decoded"), decoded);
    find("beside").style.visibility = of ? "visible" : "hidden";
    find("error").textContent = of ? `Squared error ${brief(error(decoded, of.thing))}` : "";
    if (of) {
      show(find("original"), of.thing);
      find("caption").textContent = of.name;
    }
    listeners.forEach(listener => listener(decoded, of, by));
  });
  listen((code, by) => draw(code, original(), by));
}
