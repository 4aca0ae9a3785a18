// A slider for each number of the code, those that change most first.

/** As many sliders as are there at once. */
const FIRST = 16;
/** Standard deviations to either side of the mean. */
const REACH = 3;

/** Sliders that call `change` with a code when they are moved; what comes back puts them at a code. */
function sliders(change) {
  let code = [];
  const shown = [];

  const place = ({ slider, output, at }) => {
    // A code may lie beyond what is usual.
    slider.min = Math.min(slider.min, code[at]);
    slider.max = Math.max(slider.max, code[at]);
    slider.value = code[at];
    output.textContent = code[at].toFixed(2).replace("-", "\u2212");
  };

  const add = ({ place: at, mean, sd }) => {
    const label = document.createElement("label");
    const [slider, output] = [document.createElement("input"), document.createElement("output")];
    // A number that is the same in all codes can be moved, too.
    const reach = REACH * (sd || 1);
    Object.assign(slider, { type: "range", min: mean - reach, max: mean + reach, step: "any" });
    label.append(cell("span", `z${at + 1}`), slider, output);
    const one = { slider, output, at };
    slider.addEventListener("input", () => {
      code = code.map((z, i) => (i === at ? Number(slider.value) : z));
      output.textContent = code[at].toFixed(2).replace("-", "\u2212");
      change(code);
    });
    // What the step of "any" is by key is for the browser to say, and some take steps too small to see.
    slider.addEventListener("keydown", event => {
      const side = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (side) {
        event.preventDefault();
        slider.value = Number(slider.value) + (side * reach) / 20;
        slider.dispatchEvent(new Event("input"));
      }
    });
    find("sliders").append(label);
    shown.push(one);
    if (code.length) {
      place(one);
    }
  };

  const more = () => {
    described.sliders.slice(shown.length, shown.length + FIRST).forEach(add);
    const left = described.sliders.length - shown.length;
    find("more").hidden = left === 0;
    find("more").textContent = `${left} more`;
  };
  find("more").addEventListener("click", more);
  more();

  return at => {
    code = at;
    shown.forEach(place);
  };
}
