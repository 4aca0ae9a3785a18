// Requests to the server. It sends pictures as bytes, and rows of a table and everything else as JSON. The answer to an
// invalid request is {"error": ...}.

/** Number of bytes of a picture, or null for a model of rows. */
let size = null;

async function ask(path, body) {
  let response;
  try {
    response = await fetch(path, body === undefined ? {} : { method: "POST", body });
  } catch {
    throw new Error("The server does not answer. Check that eae serve is still running.");
  }
  if (!response.ok) {
    throw new Error((await response.json()).error);
  }
  return response;
}

const json = async (path, body) => (await ask(path, body)).json();

/** Returns pictures, each as its bytes, or rows. */
async function things(path, body) {
  const response = await ask(path, body);
  if (size === null) {
    // JSON has null instead of numbers that are not finite.
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

/** Counts actions and messages, to know which came first. */
let clock = 0;
let said = 0;

/** Shows an error until an action that starts later succeeds. */
export function say(problem) {
  const place = document.getElementById("problem");
  place.textContent = problem ? problem.message : "";
  place.hidden = !problem;
  said = ++clock;
}

/** Returns a function that runs `work` one call at a time, with the newest arguments. Outdated calls are skipped. */
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
