// What codes are decoded to: pictures, or rows of a table.

import * as picture from "/picture.js";
import * as row from "/row.js";

let kind = picture;

/** Takes what the server says of the model. */
export function take(known) {
  kind = known.columns ? row : picture;
  kind.take(known);
}

/** Shows one on a canvas: a picture as it is, a row as bars. */
export const show = (canvas, thing) => kind.show(canvas, thing);

/** The squared error, as the training has it. */
export const error = (a, b) => kind.error(a, b);

/** One in words, or nothing where words would not do. */
export const told = thing => kind.told(thing);

/** The word for one of the data. */
export const noun = () => kind.NOUN;
