// Shows the decoded row column by column, and takes values that the user types.

import { encode, newest } from "/ask.js";
import { change } from "/code.js";
import { pager } from "/pager.js";
import { format } from "/row.js";
import { onShown, shown } from "/view.js";

/** Number of columns on a page of the list. */
const PAGE = 40;
/** Height of all lines together, and smallest and largest height of one line, in lines of text. */
const [ALL, LEAST, MOST] = [24, 0.9, 8];

const find = id => document.getElementById(id);

/** Returns the numbers of a text, or null. Between tabs or semicolons, a comma is a decimal comma. */
function several(text) {
  const parts = /[\t;]/.test(text) ? text.trim().split(/[\t;]/).map(part => part.replace(",", ".")) : text.trim().split(/\s*,\s*|\s+/);
  const numbers = parts.map(part => (part.trim() === "" ? NaN : Number(part)));
  return numbers.length > 1 && numbers.every(Number.isFinite) ? numbers : null;
}

/** Draws the histogram of a column. */
function histogram(counts) {
  const [svg, path] = ["svg", "path"].map(tag => document.createElementNS("http://www.w3.org/2000/svg", tag));
  const tallest = Math.max(1, ...counts);
  svg.setAttribute("viewBox", `0 0 ${counts.length || 1} 1`);
  svg.setAttribute("preserveAspectRatio", "none");
  path.setAttribute("d", counts.map((count, i) => `M${i} 1v${-count / tallest}h1v${count / tallest}z`).join(""));
  svg.append(path);
  return svg;
}

export function columns({ columns }) {
  find("pictures").hidden = true;
  find("yours").hidden = true;
  find("columns").hidden = false;
  const tall = Math.min(Math.max(ALL / columns.length - 0.3, LEAST), MOST);
  find("columns-list").style.setProperty("--tall", `${tall}rem`);
  // A table of samples is taller than pictures.
  find("walk").before(find("codes"));

  let lines = [];
  let given = null;
  /** Values of the fields: the row that was encoded, or else the decoded row. */
  let values = [];
  const look = newest(async row => change(await encode(row), "yours", { thing: row, name: "your row" }));
  const type = (first, numbers) => {
    values = values.map((value, place) => numbers[place - first] ?? value);
    look(values);
  };

  const set = () => lines.forEach(({ place, column, is, was, output, field }) => {
    const { least, most } = column;
    const across = value => `${most > least ? 100 * Math.min(Math.max((value - least) / (most - least), 0), 1) : 50}%`;
    is.style.left = across(shown()[place]);
    was.hidden = !given;
    was.style.left = given ? across(given.thing[place]) : "";
    output.textContent = format(shown()[place], column);
    if (field !== document.activeElement) {
      field.value = Number(format(values[place], column).replace("−", "-"));
    }
  });

  const make = place => {
    const column = columns[place];
    const line = document.createElement("div");
    const [name, output] = ["span", "output"].map(tag => document.createElement(tag));
    const track = Object.assign(document.createElement("div"), { className: "track" });
    const [band, is, was] = ["band", "is", "was"].map(name => Object.assign(document.createElement("i"), { className: name }));
    const { least, low, high, most } = column;
    const percent = value => `${most > least ? 100 * (value - least) / (most - least) : 0}%`;
    band.style.left = percent(low);
    band.style.width = most > least ? percent(least + high - low) : "100%";
    track.append(band, histogram(column.counts), is, was);
    track.title = `From ${format(least, column)} to ${format(most, column)}, middle 90 % from ${format(low, column)} to ${format(high, column)}`;
    name.textContent = name.title = column.name;
    const field = Object.assign(document.createElement("input"), { type: "number", step: "any" });
    field.setAttribute("aria-label", `Your value of ${column.name}`);
    field.addEventListener("input", () => {
      if (field.value !== "") {
        type(place, [Number(field.value)]);
      }
    });
    field.addEventListener("paste", event => {
      const numbers = several(event.clipboardData.getData("text"));
      if (numbers) {
        event.preventDefault();
        field.blur();
        type(place, numbers);
      }
    });
    line.append(name, track, output, field);
    return { place, column, line, is, was, output, field };
  };

  onShown((thing, of, by) => {
    given = of;
    // Do not overwrite what the user is typing.
    if (by !== "yours") {
      values = of ? of.thing : thing;
    }
    set();
  });
  values = shown() ?? columns.map(({ mean }) => mean);
  pager(find("columns-pages"), columns.length, PAGE, "columns", (first, count) => {
    lines = Array.from({ length: count }, (_, i) => make(first + i));
    find("columns-list").replaceChildren(...lines.map(({ line }) => line));
    if (shown()) {
      set();
    }
  });
}
