// Pictures as the server sends them: bytes, row by row, each pixel's channels together.

let shape = [1, 1, 1];

/** Height, width and channels of all pictures. */
export const setShape = image => { shape = image; };
export const getShape = () => shape;
export const size = () => shape[0] * shape[1] * shape[2];

/** Puts the picture at a place among `bytes` on a canvas. */
export function show(canvas, bytes, place = 0) {
  const [height, width, channels] = shape;
  const picture = new ImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const from = place * size() + pixel * channels;
    for (let channel = 0; channel < 3; channel++) {
      picture.data[4 * pixel + channel] = bytes[from + (channels === 3 ? channel : 0)];
    }
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** The bytes of a canvas of the pictures' size; grey as the eye has it. */
export function read(canvas) {
  const [height, width, channels] = shape;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const bytes = new Uint8Array(size());
  for (let pixel = 0; pixel < height * width; pixel++) {
    const [red, green, blue] = data.subarray(4 * pixel, 4 * pixel + 3);
    if (channels === 3) {
      bytes.set([red, green, blue], 3 * pixel);
    } else {
      bytes[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    }
  }
  return bytes;
}

/** As many buttons with a picture each as a strip should have; `chosen(place)` hears of presses. */
export function buttons(strip, count, chosen) {
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

/** Fills such a strip. */
export function fill(strip, bytes, name, chosen) {
  buttons(strip, bytes.length / size(), chosen).forEach((button, place) => {
    show(button.firstChild, bytes, place);
    button.setAttribute("aria-label", name(place));
  });
}
