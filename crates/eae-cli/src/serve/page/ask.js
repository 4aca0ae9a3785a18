// What the server is asked. It answers with pictures as bytes or with rows of a table, and with JSON; to what is wrong with
// {"error": ...}.

/** Bytes of a picture; null where there are rows. */
let size = null;

async function ask(path, body) {
  let response;
  try {
    response = await fetch(path, body === undefined ? {} : { method: "POST", body });
  } catch {
    throw new Error("The server does not answer any more: is eae serve still running?");
  }
  if (!response.ok) {
    throw new Error((await response.json()).error);
  }
  return response;
}

const json = async (path, body) => (await ask(path, body)).json();

/** Pictures, each with its own bytes, or rows. */
async function things(path, body) {
  const response = await ask(path, body);
  if (size === null) {
    // JSON has no number for what is not finite.
    return (await response.json()).rows.map(row => row.map(value => value ?? NaN));
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  return Array.from({ length: bytes.length / size }, (_, place) => bytes.subarray(place * size, (place + 1) * size));
}

export async function model() {
  const known = await json("/model.json");
  size = known.columns ? null : known.image.reduce((product, side) => product * side);
  return known;
}

export const map = () => json("/map.json");
export const heldOut = (first, n) => things(`/images?first=${first}&n=${n}`);
export const codes = async (first, n) => (await json(`/codes.json?first=${first}&n=${n}`)).codes;
export const decode = codes => things("/decode", JSON.stringify({ codes }));
export const encode = async thing => (await json("/encode", size === null ? JSON.stringify({ row: thing }) : thing)).codes[0];
export const sample = async wanted => (await json("/sample", JSON.stringify(wanted))).codes;

/** Counts what is begun and what is said, to know which came first. */
let clock = 0;
let said = 0;

/** Shows what went wrong, until something that begins later goes right. */
export function say(problem) {
  const place = document.getElementById("problem");
  place.textContent = problem ? problem.message : "";
  place.hidden = !problem;
  said = ++clock;
}

/** `work`, one call at a time and always with the newest arguments: what came in between is out of date. */
export function newest(work) {
  let next = null;
  let busy = false;
  return async (...wanted) => {
    next = wanted;
    if (busy) {
      return;
    }
    busy = true;
    while (next) {
      const now = next;
      next = null;
      const begun = ++clock;
      await work(...now).then(() => {
        if (begun > said) {
          say(null);
        }
      }, say);
    }
    busy = false;
  };
}
