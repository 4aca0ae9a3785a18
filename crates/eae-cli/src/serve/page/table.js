// Shows rows as a small table with buttons in the first column.

import { format } from "/row.js";

/** Largest number of columns on the page. The saved file has all columns. */
const MOST = 40;

/** Fills an element with a table. A press calls `chosen(place)`. */
export function fillTable(place, columns, rows, name, chosen) {
  const cell = (tag, content) => {
    const cell = document.createElement(tag);
    cell.append(content);
    return cell;
  };
  const line = (section, cells) => section.insertRow().append(...cells);
  const table = document.createElement("table");
  const shown = columns.slice(0, MOST);
  line(table.createTHead(), [cell("th", ""), ...shown.map(column => cell("th", column.name))]);
  const body = table.createTBody();
  rows.forEach((row, number) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: number + 1 });
    button.setAttribute("aria-label", name(number));
    button.addEventListener("click", () => chosen(number));
    line(body, [cell("th", button), ...shown.map((column, i) => cell("td", format(row[i], column)))]);
  });
  place.replaceChildren(table);
  if (columns.length > MOST) {
    const rest = Object.assign(document.createElement("p"), { className: "hint" });
    rest.textContent = `The first ${MOST} of ${columns.length} columns; the saved file has all.`;
    place.append(rest);
  }
}

/** Marks the row that is shown, or none for null. */
export const markRow = (place, chosen) => place.querySelectorAll("tbody button").forEach((button, number) => {
  button.setAttribute("aria-pressed", number === chosen);
});
