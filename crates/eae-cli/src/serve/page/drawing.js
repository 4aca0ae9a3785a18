// Drawing on a canvas.

/** Lets the user draw on a canvas with any pointer. Calls `drawn()` after each stroke. */
export function pen(paper, ink, width, drawn) {
  const context = paper.getContext("2d", { willReadFrequently: true });
  const at = event => {
    const box = paper.getBoundingClientRect();
    return [(event.clientX - box.left) * paper.width / box.width, (event.clientY - box.top) * paper.height / box.height];
  };
  let last = null;
  const stroke = to => {
    Object.assign(context, { strokeStyle: ink(), lineWidth: width, lineCap: "round", lineJoin: "round" });
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...to);
    context.stroke();
    last = to;
    drawn();
  };
  paper.addEventListener("pointerdown", event => {
    if (event.button !== 0) {
      return;
    }
    paper.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(last);
  });
  paper.addEventListener("pointermove", event => {
    if (last) {
      stroke(at(event));
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, () => { last = null; });
  }
}

/** Fills the paper with one color. */
export function clear(paper) {
  const context = paper.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#000";
  context.fillRect(0, 0, paper.width, paper.height);
}

export function invert(paper) {
  const context = paper.getContext("2d");
  context.save();
  context.globalCompositeOperation = "difference";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, paper.width, paper.height);
  context.restore();
}

/** Draws an image on the paper, scaled and cropped to cover it. */
export function cover(paper, image) {
  const context = paper.getContext("2d");
  const scale = Math.max(paper.width / image.width, paper.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  clear(paper);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (paper.width - width) / 2, (paper.height - height) / 2, width, height);
}

/**
 * Returns the paper as a canvas of another size. With `centered`, the drawing is placed like a digit of MNIST: its longer side
 * is 20 / 28 of the picture, and its center of mass is in the middle.
 */
export function scaled(paper, width, height, centered) {
  const small = Object.assign(document.createElement("canvas"), { width, height });
  const context = small.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  const drawn = centered ? extent(paper) : null;
  if (drawn) {
    const scale = 20 / 28 * Math.min(width, height) / drawn.side;
    context.translate(width / 2 - drawn.x * scale, height / 2 - drawn.y * scale);
    context.drawImage(paper, 0, 0, paper.width * scale, paper.height * scale);
  } else {
    context.drawImage(paper, 0, 0, width, height);
  }
  return small;
}

/** Returns the longer side of the bounding box of the drawing, and its center of mass; null for an empty paper. */
function extent(paper) {
  const { width, height } = paper;
  const { data } = paper.getContext("2d").getImageData(0, 0, width, height);
  let [left, right, top, bottom, mass, x, y] = [width, -1, height, -1, 0, 0, 0];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const ink = data[4 * (row * width + column)];
      if (ink > 32) {
        [left, right] = [Math.min(left, column), Math.max(right, column)];
        [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      }
      mass += ink;
      x += ink * (column + 0.5);
      y += ink * (row + 0.5);
    }
  }
  return right < 0 ? null : { side: Math.max(right - left, bottom - top) + 1, x: x / mass, y: y / mass };
}
