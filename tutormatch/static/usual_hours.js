// Free time of a pupil: as long as nobody has touched the grid, it follows the shift and the place.
"use strict";

for (const part of document.querySelectorAll("[data-usual-hours]")) {
  const usual = JSON.parse(part.dataset.usualHours);
  const grid = part.querySelector("[data-weekly-grid]");
  const boxes = [...grid.querySelectorAll("input[type=checkbox]")];
  const answer = (name) => part.querySelector(`input[name=${name}]:checked`)?.value;
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value).sort().join(" ");
  const sorted = (hours) => hours.split(" ").filter(Boolean).sort().join(" ");

  let filled = chosen();
  const isUntouched = () => filled === chosen()
    && ["", ...Object.values(usual).map(sorted)].includes(filled);

  for (const radio of part.querySelectorAll("input[name=shift], input[name=place]")) {
    radio.addEventListener("change", () => {
      if (!isUntouched()) return;
      const hours = answer("place") === "school" ? [] : (usual[answer("shift")] || "").split(" ");
      boxes.forEach((box) => { box.checked = hours.includes(box.value); });
      filled = chosen();
      boxes[0].dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
}
