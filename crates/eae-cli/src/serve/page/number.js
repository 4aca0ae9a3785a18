// Numbers as text.

/** A number to look at: with so many digits behind the point, or five in all for null. Zero has no sign. */
export function fixed(x, digits) {
  const text = digits === null ? x.toPrecision(5) : x.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** A number to look at, with three digits or all before the point. */
export const brief = x => (Math.abs(x) >= 100 ? fixed(x, 0) : x === 0 ? "0" : String(Number(x.toPrecision(3))).replace("-", "−"));

/** The fewest digits that give a number of 32 bits again. */
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
