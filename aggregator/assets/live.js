// Keeps an open page true: the server sends the changed page body, this swaps the parts that differ.
// Nothing here computes anything, and without it a reload shows the same numbers.
(() => {
  "use strict";
  const body = document.getElementById("live");
  const state = document.getElementById("live-state");
  const said = document.getElementById("live-said");
  if (!body || !state || !said || !("EventSource" in window)) return;

  const words = {
    open: "Live: new answers appear here by themselves",
    waiting: "Not connected: trying again. These numbers may be old",
    ended: "Not live any more. Reload the page to go on",
    gone: "You are signed out. Reload the page to sign in again",
  };
  const show = (name) => {
    if (state.dataset.state === name) return;
    state.dataset.state = name;
    state.textContent = words[name];
  };

  // A screen reader hears at most one sentence in ten seconds, always the newest.
  let pending = null;
  let timer = 0;
  const announce = (text) => {
    pending = text;
    if (timer) return;
    said.textContent = pending;
    pending = null;
    timer = setTimeout(() => {
      timer = 0;
      if (pending !== null) announce(pending);
    }, 10000);
  };

  // Each direct child with an id is one part. Parts that are the same stay, with their focus, selection and open details.
  const swap = (html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    const focused = document.activeElement && body.contains(document.activeElement) ? document.activeElement.id : "";
    const opened = new Set(Array.from(body.querySelectorAll("details[open][id]"), (one) => one.id));
    for (const one of fresh.querySelectorAll("details[id]")) one.open = opened.has(one.id);
    const old = new Map(Array.from(body.children, (part) => [part.id, part]));
    let place = null;
    for (const part of Array.from(fresh.children)) {
      const before = old.get(part.id);
      old.delete(part.id);
      if (before) before.classList.remove("changed");
      let stays = before;
      if (!before || !before.isEqualNode(part)) {
        stays = document.adoptNode(part);
        if (before) {
          stays.classList.add("changed");
          before.replaceWith(stays);
        }
      }
      const next = place ? place.nextSibling : body.firstChild;
      if (next !== stays) body.insertBefore(stays, next);
      place = stays;
    }
    for (const gone of old.values()) gone.remove();
    if (focused && (!document.activeElement || document.activeElement === document.body)) {
      const again = document.getElementById(focused);
      if (again) again.focus({ preventScroll: true });
    }
  };

  let source = null;
  let retry = 0;
  let wait = 1000;
  const open = () => {
    clearTimeout(retry);
    const address = new URL(body.dataset.stream, window.location.href);
    address.searchParams.set("have", body.dataset.version);
    source = new EventSource(address);
    source.onopen = () => {
      wait = 1000;
      show("open");
    };
    source.addEventListener("page", (event) => {
      const message = JSON.parse(event.data);
      if (message.version === body.dataset.version) return;
      body.dataset.version = message.version;
      const top = window.scrollY;
      swap(message.html);
      if (window.scrollY !== top) window.scrollTo({ top, behavior: "instant" });
      announce(message.said);
    });
    source.addEventListener("end", () => {
      close();
      later();
    });
    source.addEventListener("gone", () => {
      close();
      show("gone");
    });
    source.onerror = () => {
      close();
      later();
    };
  };
  const close = () => {
    if (source) source.close();
    source = null;
  };
  const later = () => {
    show("waiting");
    clearTimeout(retry);
    retry = setTimeout(open, wait * (0.5 + Math.random()));
    wait = Math.min(wait * 2, 30000);
  };
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
  window.addEventListener("online", () => {
    if (!source) open();
  });
  open();
})();
