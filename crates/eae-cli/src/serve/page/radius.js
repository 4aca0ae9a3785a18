// Shows the radius of the code and its usual range.

import { listen } from "/code.js";
import { fixed } from "/number.js";

const find = id => document.getElementById(id);

export function radius({ radius: [low, high] }) {
  const most = 1.5 * high;
  const percent = value => `${100 * Math.min(value / most, 1)}%`;
  find("usual").style.left = percent(low);
  find("usual").style.width = percent(high - low);
  listen(code => {
    const is = Math.hypot(...code);
    find("radius").textContent = `Radius ${fixed(is, 2)}, usual: ${fixed(low, 2)} to ${fixed(high, 2)}`;
    find("here").style.left = percent(is);
  });
}
