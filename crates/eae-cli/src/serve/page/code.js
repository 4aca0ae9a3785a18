// The code that the page shows. Every panel can change it and hears of each change.

let code = [];
let shown = null;
const listeners = [];

export const current = () => code;

/** The image or the row that the code is of, as { thing, name }, if it is of one. */
export const original = () => shown;

/** Calls `listener(code, by)` after each change. */
export const listen = listener => listeners.push(listener);

/** `by` is the panel that changes it; `of` the image or the row that the code is of. */
export function change(next, by, of = null) {
  code = next;
  shown = of;
  for (const listener of listeners) {
    listener(code, by);
  }
}
