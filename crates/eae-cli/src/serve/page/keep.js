// Saves the picture, and copies the code or a link to it.

import { say } from "/ask.js";
import { current, listen } from "/code.js";
import { address, written } from "/link.js";
import { csv } from "/row.js";
import { shown } from "/view.js";

const find = id => document.getElementById(id);

/** Saves a file with the browser. */
export function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser keeps the content once the download has started.
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Saves a canvas without scaling. */
export const savePicture = (name, canvas) => canvas.toBlob(blob => save(name, blob), "image/png");

export const saveRows = (name, rows) => save(name, new Blob([csv(rows)], { type: "text/csv" }));

/** Copies a text. Browsers have navigator.clipboard only on localhost and over https. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = Object.assign(document.createElement("textarea"), { value: text, className: "aside" });
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) {
    throw new Error(`The browser cannot copy. Please copy the text by hand: ${text}`);
  }
}

export function keep({ columns }) {
  const done = text => { find("done").textContent = text; };
  const copied = (text, message) => copy(text).then(() => {
    say(null);
    done(message);
  }, say);
  if (columns) {
    find("save").textContent = "Save CSV";
  }
  find("save").addEventListener("click", () => {
    if (columns) {
      saveRows("row.csv", [shown()]);
    } else {
      savePicture("picture.png", find("decoded"));
    }
  });
  find("copy").addEventListener("click", () => copied(written(current()), "Code copied."));
  find("link").addEventListener("click", () => {
    history.replaceState(null, "", address(current()));
    copied(location.href, "Link copied.");
  });
  listen(() => done(""));
}
