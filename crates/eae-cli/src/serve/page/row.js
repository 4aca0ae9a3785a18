// Rows of a table, in the units of the table.

import { fixed } from "/number.js";

export const NOUN = "row";

/** Size of the small picture of a row in pixels, and the number of standard deviations to its upper edge. */
const [WIDTH, HEIGHT, REACH] = [96, 64, 3];
/** Largest number of values in the text alternative of a row. */
const TOLD = 8;

let columns = [];

export const take = known => { columns = known.columns; };

/** Returns the distance of a value from the mean of its column, in standard deviations. */
const standard = (value, { mean, sd }) => (sd > 0 ? (value - mean) / sd : 0);

export const error = (a, b) => columns.reduce((sum, column, i) => sum + (standard(a[i], column) - standard(b[i], column)) ** 2, 0);

/** Formats a value with the digits that matter in its column. */
export function format(value, { mean, sd }) {
  if (!Number.isFinite(value)) {
    return "–";
  }
  const scale = sd || Math.abs(mean) || 1;
  const digits = 2 - Math.floor(Math.log10(scale));
  return digits > 8 || digits < -7 ? fixed(value, null) : fixed(value, Math.max(0, digits));
}

export const told = row => (columns.length > TOLD ? ""
  : columns.map((column, i) => `${column.name} ${format(row[i], column)}`).join(", "));

/** Draws a bar for each column, up or down from the mean. */
export function show(canvas, row) {
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext("2d");
  const middle = HEIGHT / 2;
  const wide = WIDTH / columns.length;
  const gap = Math.min(4, wide / 4);
  columns.forEach((column, i) => {
    const tall = Math.min(Math.max(standard(row[i], column) / REACH, -1), 1) * middle;
    context.fillStyle = tall < 0 ? "#e07b39" : "#5b7be0";
    context.fillRect(i * wide + gap / 2, middle - Math.max(tall, 0), wide - gap, Math.abs(tall));
  });
  context.fillStyle = "#8a8f98";
  context.fillRect(0, middle - 0.5, WIDTH, 1);
}

/** Returns rows as CSV, with the names of the columns. */
export function csv(rows) {
  const quoted = name => (/^[\p{L}\p{N}_\-./]+$/u.test(name) ? name : `"${name.replaceAll("\"", "\"\"")}"`);
  const lines = [columns.map(({ name }) => quoted(name)), ...rows];
  return lines.map(line => `${line.join(",")}\n`).join("");
}
