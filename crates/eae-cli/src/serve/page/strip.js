// Rows of small pictures, each a button.

import { show, told } from "/thing.js";

/** Gives a strip `count` buttons. A press calls `chosen(place)`. */
function buttons(strip, count, chosen) {
  while (strip.children.length > count) {
    strip.lastChild.remove();
  }
  while (strip.children.length < count) {
    const place = strip.children.length;
    const button = document.createElement("button");
    button.type = "button";
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => chosen(place));
    strip.append(button);
  }
  return [...strip.children];
}

/** Fills a strip. */
export function fill(strip, things, name, chosen) {
  buttons(strip, things.length, chosen).forEach((button, place) => {
    show(button.firstChild, things[place]);
    const more = told(things[place]);
    button.title = more;
    button.setAttribute("aria-label", more ? `${name(place)}: ${more}` : name(place));
  });
}

/** Marks the button of what is shown, or none for null. */
export const mark = (strip, chosen) => [...strip.children].forEach((button, place) => {
  button.setAttribute("aria-pressed", place === chosen);
});
