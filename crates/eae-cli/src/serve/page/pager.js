// Divides a long list into pages.

/** Calls `lay(first, count)` for the first page, and again when the user turns the page. One page needs no buttons. */
export function pager(place, total, size, what, lay) {
  const button = (text, name, by) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => turn(by));
    return button;
  };
  const back = button("←", `Previous ${what}`, -size);
  const on = button("→", `Next ${what}`, size);
  const where = document.createElement("span");
  place.replaceChildren(back, where, on);
  place.hidden = total <= size;
  let first = 0;
  const turn = by => {
    first += by;
    const count = Math.min(size, total - first);
    where.textContent = `${first + 1} to ${first + count} of ${total}`;
    back.disabled = first === 0;
    on.disabled = first + size >= total;
    lay(first, count);
  };
  turn(0);
}
