const dialog = document.querySelector("dialog");
const all = [...document.querySelectorAll(".enlarge")];
let place = 0;

function show(next) {
  place = (next + all.length) % all.length;
  const figure = all[place].closest("figure");
  dialog.querySelector(".shown").replaceChildren(all[place].firstElementChild.cloneNode(true));
  const caption = figure && figure.querySelector("figcaption");
  const legend = figure && figure.querySelector(".legend");
  dialog.querySelector(".caption").replaceChildren(
    ...(caption ? [...caption.cloneNode(true).childNodes] : []),
    ...(legend ? [legend.cloneNode(true)] : []),
  );
}

all.forEach((button, i) => button.addEventListener("click", () => {
  show(i);
  dialog.showModal();
}));
dialog.querySelector(".previous").addEventListener("click", () => show(place - 1));
dialog.querySelector(".next").addEventListener("click", () => show(place + 1));
dialog.querySelector(".shown").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") show(place - 1);
  if (event.key === "ArrowRight") show(place + 1);
});
