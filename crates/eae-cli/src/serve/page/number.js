// Formats numbers.

/** Formats a number with `digits` decimal places, or with five significant digits for null. Zero has no sign. */
export function fixed(x, digits) {
  const text = digits === null ? x.toPrecision(5) : x.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** Formats a number with three significant digits, or as an integer from 100 on. */
export const brief = x => (Math.abs(x) >= 100 ? fixed(x, 0) : x === 0 ? "0" : String(Number(x.toPrecision(3))).replace("-", "−"));

/** Formats a 32-bit number with the fewest digits that give the same number again. */
export function exact(x) {
  const wanted = Math.fround(x);
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(x.toPrecision(digits)));
    if (Math.fround(Number(text)) === wanted) {
      return text;
    }
  }
  return String(Number(x.toPrecision(9)));
}
