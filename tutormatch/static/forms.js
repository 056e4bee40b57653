// Forms: the server says what is wrong, in the reader's locale; the first fault gets the focus; nothing is sent twice.
"use strict";

const RESEND_AFTER_MS = 8000; // an answer may be a file, which leaves the page and its form standing

for (const form of document.forms) {
  form.noValidate = true;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (form.dataset.isSent) {
      event.preventDefault();
      return;
    }
    form.dataset.isSent = "yes";
    setTimeout(() => delete form.dataset.isSent, RESEND_AFTER_MS);
  });
}

// A page that comes back from the browser's history may be sent again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) delete form.dataset.isSent;
});

// The first field with an error has the autofocus attribute; inside of repeated parts of a form it has not.
const summary = document.querySelector("[data-error-summary]");
if (summary && !document.querySelector("main [autofocus]")) {
  (document.querySelector("main [aria-invalid=true]") || summary).focus();
}
