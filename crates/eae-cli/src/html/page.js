// Connects the controls of the page with the model.

const view = (columns ? rows : pictures)(choose);
const slideTo = sliders(show);
let [samples, code, chosen, waiting] = [[], [], 0, false];

/** Returns the selected sampler: that of a class, or one of all codes. */
function source() {
  const of = find("class").value;
  return of === "" ? sources[find("sampler").selectedIndex] : classes[Number(of)];
}

/** Decodes and shows a code. If sliders move while a code is decoded, only the last request counts. */
function show(of) {
  code = of;
  if (!waiting) {
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      view.one(decode(code));
    });
  }
}

/** Shows a code and moves the sliders to it. */
function go(to) {
  slideTo(to);
  show(to);
}

function choose(place) {
  chosen = place;
  view.mark(place);
  go(samples[place]);
}

/** Draws new samples. The page stays responsive while a large decoder runs. */
async function again() {
  const own = Array.from({ length: view.count }, () => drawn(source()));
  samples = own;
  choose(0);
  let since = performance.now();
  for (let place = 0; place < own.length && samples === own; place++) {
    view.at(place, decode(own[place]));
    if (performance.now() - since > 50) {
      await new Promise(resolve => setTimeout(resolve));
      since = performance.now();
    }
  }
}

find("sampler").append(...sources.map(({ words }) => cell("option", words)));
find("from").hidden = sources.length < 2;
find("class").append(...[["any", ""], ...classes.map(({ name }, i) => [name, i])].map(([text, value]) =>
  Object.assign(cell("option", text), { value })));
find("of").hidden = classes.length === 0;
const first = classes.findIndex(({ name }) => name === described.label);
find("class").value = first < 0 ? "" : first;

/** Disables the choice of a sampler for a class, which has its own. */
function changed() {
  find("sampler").disabled = find("class").value !== "";
  again();
}
find("sampler").addEventListener("change", changed);
find("class").addEventListener("change", changed);
find("again").addEventListener("click", again);
find("back").addEventListener("click", () => go(samples[chosen]));
find("mean").addEventListener("click", () => {
  const mean = [];
  described.sliders.forEach(of => (mean[of.place] = of.mean));
  go(mean);
});
find("png")?.addEventListener("click", () => savePicture(find("picture")));
find("csv")?.addEventListener("click", () => {
  const count = Math.round(Number(find("count").value));
  const fits = count >= 1 && count <= 100000;
  find("problem").textContent = "The number of rows must be from 1 to 100 000.";
  find("problem").hidden = fits;
  if (fits) {
    saveRows(source(), count);
  }
});

changed();
// For the console and for tests: eae.decode([0, 0, …]) returns the numbers of a picture.
globalThis.eae = { described, sources, classes, codeOf, decode, drawn, code: () => code, csvOf };
document.body.dataset.ready = "";
