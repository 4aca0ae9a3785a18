// The current code. Every panel can change it and is notified of each change.

let code = [];
let shown = null;
const listeners = [];

export const current = () => code;

/** Image or row that was encoded to the code, as { thing, name }, or null. */
export const original = () => shown;

/** Calls `listener(code, by)` after each change. */
export const listen = listener => listeners.push(listener);

/** Changes the code. `by` is the panel that changes it, `of` the image or row that was encoded. */
export function change(next, by, of = null) {
  code = next;
  shown = of;
  for (const listener of listeners) {
    listener(code, by);
  }
}
