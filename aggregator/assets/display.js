// Shows the next thing in its turn. What has been seen is remembered: while the server cannot be reached the screen goes on with that, says how old
// it is, and after a day stops showing it, because by then nobody can say whether it still holds. It keeps asking, and goes on by itself once the
// server is there again. Where the browser can (over TLS, or on the server's own machine) what was seen is kept on the screen's disk as well, and
// display-worker.js shows it after a restart without a network.
(() => {
  "use strict";
  const HOLDS_MS = 24 * 60 * 60 * 1000;
  // A clock that is so far behind what was kept was not set: then nobody can say how old that is.
  const SLACK_MS = 5 * 60 * 1000;
  const PATIENCE_MS = 10_000;
  const MOST = 60;
  const KEPT = "wardvoice-display";
  const GOT = "x-wardvoice-got";
  const turn = () => document.getElementById("turn");
  // Each thing by its address: its page, and when it was last got.
  const seen = new Map();
  let away = false;

  // "5 minutes", "3 hours".
  const long = (ms) => {
    const minutes = Math.floor(Math.max(0, ms) / 60_000);
    const [count, unit] = minutes < 60 ? [minutes, "minute"] : [Math.floor(minutes / 60), "hour"];
    return `${count} ${unit}${count === 1 ? "" : "s"}`;
  };
  const holds = (got) => Date.now() - got < HOLDS_MS && Date.now() - got > -SLACK_MS;
  const read = (text) => new DOMParser().parseFromString(text, "text/html");

  // What is kept on the disk. A disk that takes nothing is no reason to show nothing.
  const withStore = async (work) => {
    if (!self.caches) return undefined;
    try {
      return await work(await caches.open(KEPT));
    } catch (error) {
      console.info("nothing is kept for a restart:", error.message);
      return undefined;
    }
  };
  const filesOf = (page) => [...page.querySelectorAll("link[href], script[src], img[src]")].map((one) => one.getAttribute("href") ?? one.getAttribute("src"));
  const keep = (address, { page, text, headers, got }) =>
    withStore(async (store) => {
      // A page is worth nothing without its files, which after an update are others.
      for (const file of filesOf(page)) if (!(await store.match(file, { ignoreVary: true }))) await store.add(file);
      const plain = new Headers(headers);
      // The text is unpacked by now; the rest of what the server said holds for it as it did, its security policy above all.
      for (const name of ["content-encoding", "content-length"]) plain.delete(name);
      plain.set(GOT, String(got));
      await store.put(address, new Response(text, { headers: plain }));
    });
  const forget = () => self.caches && caches.delete(KEPT);

  const get = async (address) => {
    const answer = await fetch(address, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE_MS) });
    // The screen has been turned out: nothing of what it had is shown on.
    if (answer.status === 401) {
      seen.clear();
      await forget();
      location.reload();
    }
    if (!answer.ok) throw new Error(String(answer.status));
    const text = await answer.text();
    const page = read(text);
    if (!page.getElementById("turn")) throw new Error("no display");
    const got = Date.now();
    seen.delete(address);
    seen.set(address, { page, got });
    if (seen.size > MOST) seen.delete(seen.keys().next().value);
    await keep(address, { page, text, headers: answer.headers, got });
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
      if (!holds(newest)) tooOld();
      else {
        if (known && holds(known.got)) put(known.page);
        age(known && holds(known.got) ? known.got : newest);
      }
    }
    setTimeout(step, wait());
  };

  // Everything once at the beginning, so that a network that goes away in the first minute takes nothing with it.
  const look = async (first) => {
    const got = new Set();
    for (let address = first; address && got.size < MOST && !away && !got.has(address); ) {
      got.add(address);
      try {
        address = (await get(address)).getElementById("turn").dataset.next;
      } catch {
        return;
      }
    }
    await tidy(got);
  };

  // Keeps what a restart needs and nothing else: this ward's things as they are now, and their files.
  const tidy = (pages) =>
    withStore(async (store) => {
      // Letters are named by the style sheet alone; what was got of them is known to the browser.
      await document.fonts.ready;
      const letters = performance.getEntriesByType("resource").map((one) => one.name).filter((name) => name.endsWith(".woff2"));
      for (const file of letters) if (!(await store.match(file, { ignoreVary: true }))) await store.add(file);
      const files = [...letters, ...[...seen.values()].flatMap((one) => filesOf(one.page))];
      const wanted = new Set([...files, ...pages].map((address) => new URL(address, location.href).href));
      for (const request of await store.keys()) if (!wanted.has(request.url)) await store.delete(request);
    });

  // After a restart without a network: what was kept is what was seen.
  const recall = () =>
    withStore(async (store) => {
      for (const request of await store.keys()) {
        const { pathname, search } = new URL(request.url);
        if (pathname !== location.pathname) continue;
        const kept = await store.match(request, { ignoreVary: true });
        const got = Number(kept.headers.get(GOT));
        if (got) seen.set(pathname + search, { page: read(await kept.text()), got });
      }
    });

  const begin = async () => {
    const own = location.pathname + location.search;
    const got = Number(turn().dataset.got);
    seen.set(own, { page: document.cloneNode(true), got: got || Date.now() });
    if (got) {
      away = true;
      if (holds(got)) age(got);
      await recall();
    } else {
      look(own);
    }
    setTimeout(step, wait());
  };

  if (!turn()?.dataset.next) return;
  navigator.serviceWorker?.register("/display/worker.js", { scope: "/display/" }).catch((error) => console.info("no restart without a network:", error.message));
  begin();
})();
