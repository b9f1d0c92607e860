// Shows the next thing in its turn. What has been seen is remembered: while the server cannot be reached the screen goes on with that, says how old
// it is, and after a day stops showing it, because by then nobody can say whether it still holds. It keeps asking, and goes on by itself once the
// server is there again.
(() => {
  "use strict";
  const HOLDS_MS = 24 * 60 * 60 * 1000;
  const PATIENCE_MS = 10_000;
  const MOST = 60;
  const turn = () => document.getElementById("turn");
  // Each thing by its address: its page, and when it was last got.
  const seen = new Map();
  let away = false;

  // "5 minutes", "3 hours".
  const long = (ms) => {
    const minutes = Math.floor(ms / 60_000);
    const [count, unit] = minutes < 60 ? [minutes, "minute"] : [Math.floor(minutes / 60), "hour"];
    return `${count} ${unit}${count === 1 ? "" : "s"}`;
  };

  const get = async (address) => {
    const answer = await fetch(address, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!page.getElementById("turn")) throw new Error("no display");
    seen.delete(address);
    seen.set(address, { page, got: Date.now() });
    if (seen.size > MOST) seen.delete(seen.keys().next().value);
    return page;
  };

  const put = (page) => {
    for (const name of ["header", "footer"]) {
      const [old, fresh] = [document.querySelector(name), page.querySelector(name)];
      if (!old || !fresh || old.contains(document.activeElement)) continue;
      const copy = fresh.cloneNode(true);
      if (name === "footer") copy.querySelector("#age")?.replaceChildren(document.getElementById("age")?.textContent ?? "");
      if (!old.isEqualNode(copy)) old.replaceWith(copy);
    }
    turn().replaceWith(page.getElementById("turn").cloneNode(true));
  };

  // Says how old what is on the screen is; nothing while the server is there.
  const age = (got) => {
    const place = document.getElementById("age");
    if (!place) return;
    const said = got === undefined ? "" : `The hospital's network cannot be reached. This is from ${long(Date.now() - got)} ago.`;
    if (place.textContent !== said) place.textContent = said;
  };

  const tooOld = () => {
    const [heading, said] = [document.createElement("h2"), document.createElement("p")];
    heading.textContent = "This screen is out of date";
    said.className = "small";
    said.textContent = "It has not reached the hospital's network for more than a day. It goes on by itself when it does.";
    turn().replaceChildren(heading, said);
    age(undefined);
  };

  const wait = () => 1000 * (Number(turn()?.dataset.seconds) || 20);

  const step = async () => {
    const address = turn()?.dataset.next;
    if (!address) return;
    try {
      put(await get(address));
      away = false;
      age(undefined);
    } catch {
      away = true;
      const known = seen.get(address);
      const newest = Math.max(...[...seen.values()].map((one) => one.got));
      if (Date.now() - newest >= HOLDS_MS) tooOld();
      else {
        if (known && Date.now() - known.got < HOLDS_MS) put(known.page);
        age(known && Date.now() - known.got < HOLDS_MS ? known.got : newest);
      }
    }
    setTimeout(step, wait());
  };

  // Everything once at the beginning, so that a network that goes away in the first minute takes nothing with it.
  const look = async (address) => {
    for (let count = 0; address && count < MOST && !away && !seen.has(address); count += 1) {
      try {
        address = (await get(address)).getElementById("turn").dataset.next;
      } catch {
        return;
      }
    }
  };

  if (!turn()?.dataset.next) return;
  seen.set(location.pathname + location.search, { page: document.cloneNode(true), got: Date.now() });
  look(turn().dataset.next);
  setTimeout(step, wait());
})();
