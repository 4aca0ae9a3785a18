// Pictures in the format of the server: bytes in row-major order, channels last.

export const NOUN = "image";

let shape = [1, 1, 1];

/** Height, width and channels of all pictures. */
export const take = ({ image }) => { shape = image; };

/** Returns the sum of squared errors over pixels, with values from 0 to 1. */
export const error = (a, b) => a.reduce((sum, x, i) => sum + ((x - b[i]) / 255) ** 2, 0);

export const told = () => "";

/** Draws a picture on a canvas. */
export function show(canvas, bytes) {
  const [height, width, channels] = shape;
  const picture = new ImageData(width, height);
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      picture.data[4 * pixel + channel] = bytes[pixel * channels + (channels === 3 ? channel : 0)];
    }
    picture.data[4 * pixel + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

/** Returns the bytes of a canvas of the size of the pictures. Gray values are the perceived brightness. */
export function read(canvas) {
  const [height, width, channels] = shape;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  const bytes = new Uint8Array(height * width * channels);
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

/** Returns one canvas with all pictures, `across` in each row. */
export function sheet(canvases, across) {
  const [height, width] = shape;
  const sheet = document.createElement("canvas");
  [sheet.width, sheet.height] = [across * width, Math.ceil(canvases.length / across) * height];
  const context = sheet.getContext("2d");
  canvases.forEach((canvas, place) => {
    context.drawImage(canvas, (place % across) * width, Math.floor(place / across) * height);
  });
  return sheet;
}
