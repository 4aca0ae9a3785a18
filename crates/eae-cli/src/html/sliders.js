// Shows a slider for each number of the code, those with the largest effect first.

/** Number of sliders that are visible at first. */
const FIRST = 16;
/** Range of a slider to each side of the mean, in standard deviations. */
const REACH = 3;

/** Creates sliders that call `change` with the new code. Returns a function that moves the sliders to a code. */
function sliders(change) {
  let code = [];
  const shown = [];

  const place = ({ slider, output, at }) => {
    // A code may lie outside the usual range.
    slider.min = Math.min(slider.min, code[at]);
    slider.max = Math.max(slider.max, code[at]);
    slider.value = code[at];
    output.textContent = code[at].toFixed(2).replace("-", "\u2212");
  };

  const add = ({ place: at, mean, sd }) => {
    const label = document.createElement("label");
    const [slider, output] = [document.createElement("input"), document.createElement("output")];
    // The slider of a constant number still has a range.
    const reach = REACH * (sd || 1);
    Object.assign(slider, { type: "range", min: mean - reach, max: mean + reach, step: "any" });
    label.append(cell("span", `z${at}`), slider, output);
    const one = { slider, output, at };
    slider.addEventListener("input", () => {
      code = code.map((z, i) => (i === at ? Number(slider.value) : z));
      output.textContent = code[at].toFixed(2).replace("-", "\u2212");
      change(code);
    });
    // With step "any", some browsers move by steps that are too small to see, so keys are handled here.
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
