// Codes in addresses: what is behind the # is a code, `#z=0.5,-1.25`.

import { say } from "/ask.js";
import { change } from "/code.js";
import { exact } from "/number.js";

const START = "#z=";

/** A code as a line of text. */
export const written = code => code.map(exact).join(",");

/** The part of an address that says a code. */
export const address = code => START + written(code);

/** Changes to the code that the address says, now and whenever it says another; true if it says one. */
export function linked({ latent }) {
  const read = () => {
    if (!location.hash.startsWith(START)) {
      return false;
    }
    const code = location.hash.slice(START.length).split(",").map(text => (text.trim() === "" ? NaN : Math.fround(Number(text))));
    if (code.length !== latent || !code.every(Number.isFinite)) {
      say(new Error(`The address has a code of ${code.length} numbers, or not of numbers alone; the model takes ${latent}.`));
      return false;
    }
    change(code, "link");
    return true;
  };
  addEventListener("hashchange", read);
  return read();
}
