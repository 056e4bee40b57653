// A table that is wider than its frame scrolls there; the frame then takes the focus, so that arrow keys can move it.
"use strict";

const frames = [...document.querySelectorAll(".table-scroll")];

function reachByKeyboard() {
  for (const frame of frames) {
    if (frame.scrollWidth <= frame.clientWidth || frame.hasAttribute("tabindex")) continue;
    const name = frame.querySelector("caption") || document.querySelector("h1");
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", name.textContent.trim());
  }
}

reachByKeyboard();
window.addEventListener("resize", reachByKeyboard);
// What was closed had no width yet.
document.addEventListener("toggle", reachByKeyboard, true);
