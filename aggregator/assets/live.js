// Keeps an open page true: the server sends the page's changing part, or what makes the next one of it, and this shows the difference.
// Nothing here computes anything, and without it a reload shows the same numbers.
(() => {
  "use strict";
  const body = document.getElementById("live");
  const state = document.getElementById("live-state");
  const said = document.getElementById("live-said");
  if (!body || !state || !said || !("EventSource" in window)) return;

  const words = {
    open: "Live: what is new appears here by itself",
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

  // What the server has sent, as it sent it: nobody opens anything in it and no extension writes into it. Nothing until the page is painted.
  let known = null;

  const nodesOf = (root) => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    return nodes;
  };
  const splice = (text, start, end, middle) => text.slice(0, start) + middle + text.slice(text.length - end);

  // Takes one step from what is known; false when that does not lead where it should.
  const step = ({ from, changes, size: wanted }) => {
    if (from !== body.dataset.version) return false;
    const nodes = nodesOf(known);
    let number = 0;
    for (const [on, ...what] of changes) {
      number += on;
      const node = nodes[number];
      if (!node) return false;
      if (what.length === 4) {
        node.setAttribute(what[0], splice(node.getAttribute(what[0]) || "", what[1], what[2], what[3]));
      } else if (what.length === 3) {
        node.data = splice(node.data, ...what);
      } else {
        // Read where it will stand, so that parts of tables and drawings are what they should be.
        const [count, html] = what.length === 1 ? [0, what[0]] : what;
        const place = what.length === 1 ? node.nextSibling : node;
        const parent = node.parentNode;
        const box = parent.cloneNode(false);
        box.innerHTML = html;
        for (const one of Array.from(box.childNodes)) parent.insertBefore(one, place);
        for (let left = count, gone = node; left > 0 && gone; left -= 1) {
          const next = gone.nextSibling;
          gone.remove();
          gone = next;
        }
      }
    }
    return nodesOf(known).length === wanted;
  };

  const isLike = (one, other) => one.nodeName === other.nodeName && (one.id || "") === (other.id || "");

  // Makes the page what is known. Nodes that stay keep their focus and their place, and what somebody opened stays open.
  const settle = (shown, wanted) => {
    if (shown.nodeType !== Node.ELEMENT_NODE) {
      if (shown.data !== wanted.data) shown.data = wanted.data;
      return;
    }
    for (const { name, value } of Array.from(wanted.attributes)) {
      if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
    }
    for (const { name } of Array.from(shown.attributes)) {
      if (!wanted.hasAttribute(name) && !(name === "open" && shown.nodeName === "DETAILS")) shown.removeAttribute(name);
    }
    children(shown, wanted);
  };
  const children = (shown, wanted) => {
    let at = shown.firstChild;
    for (const one of Array.from(wanted.childNodes)) {
      let stays = at;
      while (stays && !isLike(stays, one)) stays = one.id ? stays.nextSibling : null;
      if (!stays) {
        shown.insertBefore(one.cloneNode(true), at);
        continue;
      }
      while (at !== stays) {
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      at = at.nextSibling;
      settle(stays, one);
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  const swap = () => {
    const before = new Map(Array.from(body.children, (part) => [part.id, part.textContent]));
    const top = window.scrollY;
    children(body, known);
    for (const part of body.children) {
      const changed = before.has(part.id) && before.get(part.id) !== part.textContent;
      // Off and on again, so that the browser shows each change anew.
      part.classList.remove("changed");
      if (changed) requestAnimationFrame(() => part.classList.add("changed"));
    }
    if (window.scrollY !== top) window.scrollTo({ top, behavior: "instant" });
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
    const taken = ({ version, said: text }) => {
      body.dataset.version = version;
      swap();
      announce(text);
    };
    source.addEventListener("page", (event) => {
      const message = JSON.parse(event.data);
      known = body.cloneNode(false);
      known.innerHTML = message.html;
      taken(message);
    });
    source.addEventListener("step", (event) => {
      const message = JSON.parse(event.data);
      if (step(message)) {
        taken(message);
        return;
      }
      // What is known is not what the server thinks it is: the whole again.
      body.dataset.version = "";
      close();
      open();
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
  // The page is painted first: copying it, and having the server draw it once more for the stream, would only keep it from being there.
  const begin = () => {
    if (known) return;
    known = body.cloneNode(true);
    open();
  };
  window.addEventListener("pagehide", close);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && known) open();
  });
  window.addEventListener("online", () => {
    if (known && !source) open();
  });
  requestAnimationFrame(() => setTimeout(begin));
  // A page that nobody sees yet is not painted.
  setTimeout(begin, 1000);
})();
