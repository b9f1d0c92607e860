// Shows the next thing in its turn. What is on the screen stays while the server cannot be reached, for as long as that takes.
(() => {
  "use strict";
  const wait = (turn) => 1000 * (Number(turn.dataset.seconds) || 20);
  const step = async () => {
    const turn = document.getElementById("turn");
    if (!turn || !turn.dataset.next) return;
    try {
      const answer = await fetch(turn.dataset.next, { cache: "no-store", redirect: "error" });
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const next = page.getElementById("turn");
        if (next) {
          for (const name of ["header", "footer"]) {
            const [old, fresh] = [document.querySelector(name), page.querySelector(name)];
            if (old && fresh && !old.isEqualNode(fresh) && !old.contains(document.activeElement)) old.replaceWith(fresh);
          }
          turn.replaceWith(next);
        }
      }
    } catch {
      // Not reached: the same again next time.
    }
    setTimeout(step, wait(document.getElementById("turn")));
  };
  const turn = document.getElementById("turn");
  if (turn) setTimeout(step, wait(turn));
})();
