// What the server is asked. It answers with pictures as bytes, and with JSON; to what is wrong with {"error": ...}.

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
const bytes = async (path, body) => new Uint8Array(await (await ask(path, body)).arrayBuffer());

export const model = () => json("/model.json");
export const map = () => json("/map.json");
export const images = (first, n) => bytes(`/images?first=${first}&n=${n}`);
export const codes = async (first, n) => (await json(`/codes.json?first=${first}&n=${n}`)).codes;
export const decode = codes => bytes("/decode", JSON.stringify({ codes }));
export const encode = async picture => (await json("/encode", picture)).codes[0];
export const sample = async wanted => (await json("/sample", JSON.stringify(wanted))).codes;

/** Shows what went wrong until something goes right again. */
export function say(problem) {
  const place = document.getElementById("problem");
  place.textContent = problem ? problem.message : "";
  place.hidden = !problem;
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
      await work(...now).then(() => say(null), say);
    }
    busy = false;
  };
}
