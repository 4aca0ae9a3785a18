// The page: what is drawn, what of it is chosen, and what the controls do to it.

const view = (columns ? rows : pictures)(choose);
const slideTo = sliders(show);
let [samples, code, chosen, waiting] = [[], [], 0, false];

/** What codes are drawn from: a class's distribution, or one of those of all codes. */
function source() {
  const of = find("class").value;
  return of === "" ? sources[find("sampler").selectedIndex] : classes[Number(of)];
}

/** Shows what a code becomes; while one is decoded, sliders may ask for several, of which the last counts. */
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

/** Shows a code, and where its sliders are. */
function go(to) {
  slideTo(to);
  show(to);
}

function choose(place) {
  chosen = place;
  view.mark(place);
  go(samples[place]);
}

/** Draws new samples. A large decoder takes its time, in which the page still answers. */
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

/** A class has a distribution of its own. */
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
  find("problem").textContent = "A file has from 1 to 100 000 rows.";
  find("problem").hidden = fits;
  if (fits) {
    saveRows(source(), count);
  }
});

changed();
// For the console, and for tests: eae.decode([0, 0, …]) gives the numbers of a picture.
globalThis.eae = { described, sources, classes, codeOf, decode, drawn, code: () => code, csvOf };
document.body.dataset.ready = "";
