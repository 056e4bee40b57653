// Adds to the proposals table: the exact count on the buttons, "tick all on this page", and the keys j k x a.

const form = document.querySelector("[data-proposals]");
const ticks = [...form?.querySelectorAll("input[name=match_ids]") ?? []];

if (ticks.length) {
  const plural = new Intl.PluralRules(document.documentElement.lang);
  const approve = form.querySelector("[data-approve]");
  const reject = form.querySelector("[data-reject]");
  const all = form.querySelector("[data-tick-all]");
  const tickAll = all.querySelector("input");

  // The server gives the text for a few numbers, which between them show every plural form.
  const textFor = (button, count) => {
    const sample = [0, 1, 2, 5].find((number) => number === count)
      ?? [1, 2, 5].find((number) => plural.select(number) === plural.select(count)) ?? 5;
    return button.getAttribute(`data-text-${sample}`).replace(String(sample), String(count));
  };

  const refresh = () => {
    const count = ticks.filter((tick) => tick.checked).length;
    for (const button of [approve, reject]) {
      button.textContent = textFor(button, count);
      button.disabled = count === 0;
    }
    tickAll.checked = count === ticks.length;
    tickAll.indeterminate = count > 0 && count < ticks.length;
  };

  const move = (step) => {
    const here = ticks.indexOf(document.activeElement);
    const next = here < 0 ? 0 : Math.min(Math.max(here + step, 0), ticks.length - 1);
    ticks[next].focus();
    ticks[next].closest("tr").scrollIntoView({ block: "nearest" });
  };

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    x: () => document.activeElement.name === "match_ids" && document.activeElement.click(),
    a: () => approve.disabled || form.requestSubmit(approve),
  };

  all.hidden = false;
  form.querySelector("[data-keys]").hidden = false;
  form.addEventListener("change", refresh);
  tickAll.addEventListener("change", () => {
    for (const tick of ticks) tick.checked = tickAll.checked;
    refresh();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("select, textarea, input:not([type=checkbox])");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.repeat && event.key === "a") return;
    keys[event.key]?.();
  });
  // A page that the browser brings back keeps its ticks.
  window.addEventListener("pageshow", refresh);
}
