// Stands between a ward's display and the network, so that a screen that is switched off and on again without one still shows the last good
// state. It asks the server first, always; only when that cannot be reached does it give what display.js has kept, with the time it was got,
// and after a day nothing but a word that the screen is out of date. It keeps nothing itself and sees no page but displays.
"use strict";

const KEPT = "wardvoice-display";
const GOT = "x-wardvoice-got";
const HOLDS_MS = 24 * 60 * 60 * 1000;
const PATIENCE_MS = 10_000;
/** A clock that is so far behind what was kept was not set: then nobody can say how old that is. */
const SLACK_MS = 5 * 60 * 1000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (/^\/(assets|branding)\//.test(new URL(request.url).pathname)) event.respondWith(asset(request));
});

const patience = () => new Promise((_, tooLate) => setTimeout(() => tooLate(new Error("no answer")), PATIENCE_MS));

async function page(request) {
  let answer;
  try {
    answer = await Promise.race([fetch(request), patience()]);
    // A proxy in front says so when the server is not there.
    if (answer.status < 500) return answer;
  } catch (error) {
    const kept = await last(request);
    if (kept) return kept;
    throw error;
  }
  return (await last(request)) ?? answer;
}

/** The page as it was kept; of the same ward in another turn, where this turn was not kept. */
async function last(request) {
  const store = await caches.open(KEPT);
  const kept = (await store.match(request, { ignoreVary: true })) ?? (await store.match(request, { ignoreVary: true, ignoreSearch: true }));
  const got = Number(kept?.headers.get(GOT));
  if (!got) return undefined;
  const age = Date.now() - got;
  const holds = age < HOLDS_MS && age > -SLACK_MS;
  const text = (await kept.text()).replace(/<main\b/, `<main data-got="${got}"`);
  return new Response(holds ? text : emptied(text), { headers: kept.headers });
}

/** The page without what it showed. */
function emptied(text) {
  const said = "It has not reached the hospital's network for more than a day. It goes on by itself when it does.";
  return text.replace(/(<main\b[^>]*>)[\s\S]*<\/main>/, `$1<h2>This screen is out of date</h2><p class="small">${said}</p></main>`);
}

/** Names of assets carry their version, so what was kept under one is it. */
async function asset(request) {
  const kept = await (await caches.open(KEPT)).match(request, { ignoreVary: true });
  return kept ?? fetch(request);
}
