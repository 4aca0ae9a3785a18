// A drawing, or an image from a file: what the model makes of it.

import { encode, newest, say } from "/ask.js";
import { change } from "/code.js";
import { clear, cover, invert, pen, scaled } from "/drawing.js";
import { read } from "/picture.js";

/** The longer side of the paper, in pixels; more only if the model's pictures have more. */
const SIDE = 280;

const find = id => document.getElementById(id);

export function yours({ image: [height, width, channels] }) {
  const paper = find("paper");
  const scale = Math.max(1, SIDE / Math.max(height, width));
  [paper.width, paper.height] = [Math.round(width * scale), Math.round(height * scale)];
  clear(paper);
  const grey = channels === 1;
  find("ink-label").hidden = grey;
  // Only digits are wanted that way.
  find("centre").checked = grey && height === 28 && width === 28;
  find("centre-label").hidden = !grey;

  const look = newest(async name => {
    find("invite").hidden = true;
    const thing = read(scaled(paper, width, height, find("centre").checked));
    change(await encode(thing), "yours", { thing, name });
  });

  pen(paper, () => (grey ? "#fff" : find("ink").value), Math.max(paper.width, paper.height) / 13, () => look("your drawing"));
  find("clear").addEventListener("click", () => {
    clear(paper);
    find("invite").hidden = false;
  });
  find("invert").addEventListener("click", () => {
    invert(paper);
    look("your image");
  });
  find("centre").addEventListener("change", () => look("your image"));

  const open = async file => {
    if (!file) {
      return;
    }
    try {
      cover(paper, await createImageBitmap(file));
    } catch {
      say(new Error(`${file.name} is no image that this browser can read.`));
      return;
    }
    look("your image");
  };
  find("file").addEventListener("change", event => {
    open(event.target.files[0]);
    // The same file again is news, too.
    event.target.value = "";
  });
  // A file that misses the panel should not take the page's place.
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
