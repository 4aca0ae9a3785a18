// Codes in addresses: what is behind the # is a code, `#z=0.5,-1.25`.

import { exact } from "/number.js";

const START = "#z=";

/** A code as a line of text. */
export const written = code => code.map(exact).join(",");

/** The part of an address that says a code. */
export const address = code => START + written(code);

/** The code that the address says, as { code, problem }: both null where it says none. */
export function linked({ latent }) {
  if (!location.hash.startsWith(START)) {
    return { code: null, problem: null };
  }
  const texts = location.hash.slice(START.length).split(",");
  const code = texts.map(text => (text.trim() === "" ? NaN : Math.fround(Number(text))));
  if (code.length === latent && code.every(Number.isFinite)) {
    return { code, problem: null };
  }
  const what = code.length === latent ? "something in it that is no number" : `${code.length} numbers`;
  return { code: null, problem: new Error(`The address has a code with ${what}; the model takes ${latent} numbers.`) };
}
