// Shows decoded pictures on canvases and rows in tables.

/** Largest number of columns that are shown. A saved file has all columns. */
const SHOWN = 40;

/** Draws a picture (channels first, values from 0 to 1) on a canvas of its size. */
function draw(canvas, numbers) {
  const { width, height, channels } = image;
  const pixels = new ImageData(width, height);
  const count = width * height;
  for (let pixel = 0; pixel < count; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels.data[4 * pixel + channel] = Math.round(255 * numbers[pixel + (channels === 3 ? channel * count : 0)]);
    }
    pixels.data[4 * pixel + 3] = 255;
  }
  Object.assign(canvas, { width, height });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** Formats a number. */
function short(x) {
  const text = x !== 0 && (Math.abs(x) >= 1e6 || Math.abs(x) < 1e-3) ? x.toExponential(3) : String(Number(x.toPrecision(5)));
  return text.replaceAll("-", "\u2212");
}

function cell(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/** Shows samples as buttons with pictures. A press calls `choose` with the index. */
function pictures(choose) {
  const buttons = Array.from({ length: 24 }, (_, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", `Sample ${place + 1}`);
    button.append(document.createElement("canvas"));
    button.addEventListener("click", () => choose(place));
    return button;
  });
  find("grid").append(...buttons);
  return {
    count: buttons.length,
    at: (place, numbers) => draw(buttons[place].firstChild, numbers),
    one: numbers => draw(find("picture"), numbers),
    mark: chosen => buttons.forEach((button, place) => button.setAttribute("aria-pressed", place === chosen)),
  };
}

/** Shows samples as rows of a table, and the selected row with a line for each column. A press calls `choose` with the index. */
function rows(choose) {
  const names = columns.names.slice(0, SHOWN);
  if (names.length < columns.names.length) {
    find("left-out").textContent = `The first ${SHOWN} of ${columns.names.length} columns; the saved file has all.`;
    find("left-out").hidden = false;
  }
  const [head, body] = find("rows").children;
  const header = document.createElement("tr");
  header.append(cell("th", ""), ...names.map(name => cell("th", name)));
  head.append(header);
  const lines = Array.from({ length: 12 }, (_, place) => {
    const [line, button] = [document.createElement("tr"), cell("button", place + 1)];
    button.type = "button";
    button.setAttribute("aria-label", `Row ${place + 1}`);
    line.append(document.createElement("th"), ...names.map(() => cell("td", "")));
    line.firstChild.append(button);
    line.addEventListener("click", () => choose(place));
    body.append(line);
    return line;
  });
  const values = names.map(name => {
    const line = document.createElement("tr");
    line.append(cell("th", name), cell("td", ""));
    find("values").append(line);
    return line.lastChild;
  });
  return {
    count: lines.length,
    at: (place, row) => names.forEach((_, column) => (lines[place].children[column + 1].textContent = short(row[column]))),
    one: row => values.forEach((value, column) => (value.textContent = short(row[column]))),
    mark: chosen => lines.forEach((line, place) => {
      line.classList.toggle("chosen", place === chosen);
      line.firstChild.firstChild.setAttribute("aria-pressed", place === chosen);
    }),
  };
}
