// Encodes a drawing or an image from a file.

import { encode, newest, say } from "/ask.js";
import { change } from "/code.js";
import { clear, cover, invert, pen, scaled } from "/drawing.js";
import { read } from "/picture.js";

/** Longer side of the paper in pixels, unless the pictures of the model are larger. */
const SIDE = 280;

const find = id => document.getElementById(id);

export function yours({ image: [height, width, channels] }) {
  const paper = find("paper");
  const scale = Math.max(1, SIDE / Math.max(height, width));
  [paper.width, paper.height] = [Math.round(width * scale), Math.round(height * scale)];
  clear(paper);
  const gray = channels === 1;
  find("ink-label").hidden = gray;
  // Only digits are centered by default.
  find("center").checked = gray && height === 28 && width === 28;
  find("center-label").hidden = !gray;

  const look = newest(async name => {
    find("invite").hidden = true;
    const thing = read(scaled(paper, width, height, find("center").checked));
    change(await encode(thing), "yours", { thing, name });
  });

  pen(paper, () => (gray ? "#fff" : find("ink").value), Math.max(paper.width, paper.height) / 13, () => look("your drawing"));
  find("clear").addEventListener("click", () => {
    clear(paper);
    find("invite").hidden = false;
  });
  find("invert").addEventListener("click", () => {
    invert(paper);
    look("your image");
  });
  find("center").addEventListener("change", () => look("your image"));

  const open = async file => {
    if (!file) {
      return;
    }
    try {
      cover(paper, await createImageBitmap(file));
    } catch {
      say(new Error(`${file.name} is not an image that this browser can read.`));
      return;
    }
    look("your image");
  };
  find("file").addEventListener("change", event => {
    open(event.target.files[0]);
    // Selecting the same file again must fire another event.
    event.target.value = "";
  });
  // A file dropped outside the panel must not replace the page.
  addEventListener("dragover", event => event.preventDefault());
  addEventListener("drop", event => event.preventDefault());
  const panel = find("yours");
  panel.addEventListener("dragover", () => panel.classList.add("over"));
  panel.addEventListener("dragleave", () => panel.classList.remove("over"));
  panel.addEventListener("drop", event => {
    panel.classList.remove("over");
    open(event.dataTransfer.files[0]);
  });
}
