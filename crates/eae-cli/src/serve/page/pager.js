// A long list, a page at a time.

/** Calls `lay(first, count)` for the first page now, and for others as they are turned to; of one page there is nothing to turn. */
export function pager(place, total, size, what, lay) {
  const button = (text, name, by) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => turn(by));
    return button;
  };
  const back = button("←", `Earlier ${what}`, -size);
  const on = button("→", `Later ${what}`, size);
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
