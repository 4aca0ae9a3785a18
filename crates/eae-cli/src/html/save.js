// Saves files.

/** Saves a file with the browser. */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Returns the title as part of a file name. */
const stem = described.title.replace(/[^\p{L}\p{N}.-]+/gu, "-");

/** Saves a canvas as a PNG file. Small pictures are enlarged by a whole factor. */
function savePicture(canvas) {
  const zoom = Math.max(1, Math.floor(512 / Math.max(canvas.width, canvas.height)));
  const large = Object.assign(document.createElement("canvas"), { width: zoom * canvas.width, height: zoom * canvas.height });
  const context = large.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, large.width, large.height);
  large.toBlob(blob => save(blob, `${stem}.png`), "image/png");
}

/** Quotes a text for CSV if necessary. */
const quoted = text => (/^[\p{L}\p{N}_./-]*$/u.test(text) ? text : `"${text.replaceAll('"', '""')}"`);

/** Returns new rows as CSV, with a header if the table has one. */
function csvOf(source, count) {
  const lines = columns.named ? [columns.names.map(quoted).join(",")] : [];
  for (let i = 0; i < count; i++) {
    lines.push(decode(drawn(source)).join(","));
  }
  return lines.join("\n") + "\n";
}

function saveRows(source, count) {
  save(new Blob([csvOf(source, count)], { type: "text/csv" }), `${stem}.csv`);
}
