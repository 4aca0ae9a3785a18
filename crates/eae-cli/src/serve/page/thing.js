// Functions for decoded data, which are pictures or rows of a table.

import * as picture from "/picture.js";
import * as row from "/row.js";

let kind = picture;

/** Takes the description of the model from the server. */
export function take(known) {
  kind = known.columns ? row : picture;
  kind.take(known);
}

/** Draws a picture, or a row as bars, on a canvas. */
export const show = (canvas, thing) => kind.show(canvas, thing);

/** Returns the squared error, as in training. */
export const error = (a, b) => kind.error(a, b);

/** Returns a description of a row in words, or an empty text for a picture or a long row. */
export const told = thing => kind.told(thing);

/** Returns the word for one sample of the data. */
export const noun = () => kind.NOUN;
