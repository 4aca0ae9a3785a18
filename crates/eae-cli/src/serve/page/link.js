// Reads and writes codes in the address of the page, as `#z=0.5,-1.25`.

import { exact } from "/number.js";

const START = "#z=";

/** Returns a code as a line of text. */
export const written = code => code.map(exact).join(",");

/** Returns the part of the address with a code. */
export const address = code => START + written(code);

/** Returns the code in the address as { code, problem }. Both are null if there is none. */
export function linked({ latent }) {
  if (!location.hash.startsWith(START)) {
    return { code: null, problem: null };
  }
  const texts = location.hash.slice(START.length).split(",");
  const code = texts.map(text => (text.trim() === "" ? NaN : Math.fround(Number(text))));
  if (code.length === latent && code.every(Number.isFinite)) {
    return { code, problem: null };
  }
  const what = code.length === latent ? "an invalid number" : `${code.length} numbers`;
  return { code: null, problem: new Error(`The code in the address has ${what}; the model takes ${latent} numbers.`) };
}
