// The weekly grid: drag to choose a block of hours, heads that toggle a day or an hour, arrow keys, and a live count.
"use strict";

// On touch, a swipe scrolls the page; holding a cell for this long, or moving sideways, chooses.
const HOLD_MS = 180;
const SIDEWAYS_PX = 8;

for (const grid of document.querySelectorAll("[data-weekly-grid]")) enhance(grid);

function enhance(grid) {
  const table = grid.querySelector("table");
  const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]);
  const boxes = rows.flat();
  const place = new Map();
  rows.forEach((row, y) => row.forEach((box, x) => place.set(box, { x, y })));

  const count = grid.querySelector("[data-count]");
  const showCount = () => {
    count.textContent = boxes.filter((box) => box.checked).length;
  };
  const announce = () => {
    showCount();
    grid.dispatchEvent(new Event("change", { bubbles: true }));
  };
  boxes.forEach((box) => box.addEventListener("change", showCount));
  showCount();

  // Heads become buttons: all on, or all off when all were on.
  const makeButton = (head, group, suffix) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "grid-head-button";
    button.setAttribute("aria-label", `${head.getAttribute("aria-label") || head.textContent.trim()}: ${suffix}`);
    button.append(...head.childNodes);
    button.addEventListener("click", () => {
      const checked = !group.every((box) => box.checked);
      group.forEach((box) => { box.checked = checked; });
      announce();
    });
    head.append(button);
  };
  table.querySelectorAll("[data-weekday]").forEach((head, x) => {
    makeButton(head, rows.map((row) => row[x]), grid.dataset.wholeDay);
  });
  table.querySelectorAll("[data-hour]").forEach((head, y) => {
    makeButton(head, rows[y], grid.dataset.wholeWeek);
  });

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  table.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const from = place.get(event.target);
    if (!step || !from) return;
    const next = (rows[from.y + step[1]] || [])[from.x + step[0]];
    if (next) next.focus();
    event.preventDefault();
  });

  // One drag chooses or clears the block between its first and its present cell.
  let drag = null;
  let hasPainted = false;

  const boxAt = (event) => {
    const element = document.elementFromPoint(event.clientX, event.clientY);
    const cell = element && element.closest(".grid-cell");
    const box = cell && cell.querySelector("input");
    return place.has(box) ? box : null;
  };
  const paint = (box) => {
    const [from, to] = [place.get(drag.box), place.get(box)];
    const lies = (value, one, other) => value >= Math.min(one, other) && value <= Math.max(one, other);
    boxes.forEach((each, index) => {
      const { x, y } = place.get(each);
      each.checked = lies(x, from.x, to.x) && lies(y, from.y, to.y) ? drag.value : drag.before[index];
    });
    hasPainted = true;
  };
  const begin = () => {
    if (!drag) return;
    drag.isPainting = true;
    paint(drag.box);
  };
  const end = (event) => {
    if (!drag) return;
    clearTimeout(drag.hold);
    if (event.type === "pointercancel") boxes.forEach((box, index) => { box.checked = drag.before[index]; });
    if (drag.isPainting) announce();
    drag = null;
  };

  table.addEventListener("pointerdown", (event) => {
    hasPainted = false;
    const box = boxAt(event);
    if (!box || !event.isPrimary || event.button !== 0) return;
    if (event.target.hasPointerCapture(event.pointerId)) event.target.releasePointerCapture(event.pointerId);
    drag = {
      box,
      value: !box.checked,
      before: boxes.map((each) => each.checked),
      x: event.clientX,
      isTouch: event.pointerType === "touch",
      isPainting: false,
    };
    if (drag.isTouch) drag.hold = setTimeout(begin, HOLD_MS);
  });
  document.addEventListener("pointermove", (event) => {
    if (!drag || !event.isPrimary) return;
    const box = boxAt(event);
    if (!drag.isPainting) {
      const isMeant = drag.isTouch ? Math.abs(event.clientX - drag.x) > SIDEWAYS_PX : box && box !== drag.box;
      if (!isMeant) return;
      clearTimeout(drag.hold);
      begin();
    }
    if (box) paint(box);
  });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
  // Once a block is being chosen, the finger no longer scrolls.
  table.addEventListener("touchmove", (event) => {
    if (drag && drag.isPainting) event.preventDefault();
  }, { passive: false });
  table.addEventListener("contextmenu", (event) => {
    if (drag && drag.isTouch) event.preventDefault();
  });
  // The click that ends a drag must not toggle its last cell; a key's click has no detail.
  table.addEventListener("click", (event) => {
    if (!hasPainted || event.detail === 0 || event.target.closest("button")) return;
    hasPainted = false;
    event.preventDefault();
  }, true);
}
