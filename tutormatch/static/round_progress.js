// Shows how far a round is without reloading the page; without this script the page reloads itself.
(() => {
  const watched = document.querySelector("[data-progress-url]");
  if (!watched) return;
  const bar = watched.querySelector("[data-progress]");
  const label = watched.querySelector("[data-progress-label]");
  const percent = watched.querySelector("[data-progress-percent]");
  let pause = 700;

  async function ask() {
    try {
      const answer = await fetch(watched.dataset.progressUrl, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const round = await answer.json();
      if (!round.is_under_way) return location.reload();
      bar.value = round.progress;
      percent.textContent = `${Math.floor(round.progress / 10)} %`;
      if (label.textContent !== round.label) {
        label.textContent = round.label;
        bar.setAttribute("aria-label", round.label);
      }
      pause = 700;
    } catch {
      pause = Math.min(2 * pause, 15000);
    }
    setTimeout(ask, pause);
  }

  setTimeout(ask, pause);
})();
