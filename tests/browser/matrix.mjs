// A page in every light and on every surface: {light, dark} x {phone, desktop, wall, print}.
import { join } from "node:path";
import { axe, axeSource, html, overflow, watch } from "./checks.mjs";
import { find, unreached } from "./pages.mjs";

const SCHEMES = ["light", "dark"];
const SURFACES = [
  { surface: "phone", width: 320, height: 640 },
  { surface: "desktop", width: 1280, height: 900 },
  { surface: "wall", width: 3840, height: 2160 },
  // A4 at 96 pixels an inch, without its margins.
  { surface: "print", width: 718, height: 1000, media: "print" },
];
/** What is kept as a picture of the first page of a route, to be looked at by people. */
const PICTURES = ["light desktop", "dark desktop", "dark phone", "light wall", "light print"];
/** A wall is read from three metres: 1.2 m wide, so that 8 mm is 26 pixels. */
const SMALLEST_ON_A_WALL = 26;

/** So many pages are looked at side by side. */
const AT_ONCE = 2;

/** What a page is made of: its kinds of element, with their classes, roles and states, without its words and numbers. */
export function makings(source) {
  const kinds = new Set();
  for (const [tag, name] of source.matchAll(/<([a-z][a-z0-9]*)\b[^>]*>/g)) {
    const told = [...tag.matchAll(/ (class|role|open|hidden|aria-current|type|data-state|dir|lang)(?:="([^"]*)")?/g)].map(([, key, value]) => `${key}=${value ?? ""}`);
    kinds.add([name, ...told].join(" "));
  }
  return kinds;
}

/** Looks at every page that somebody can open, in every light on every surface; of a page on which there is nothing that its route has not
 * shown before, the HTML alone. */
export async function look(browser, { base, routes, roles, artefacts, blame, log, pictures }) {
  const known = new Map();
  const seenPages = new Set();
  const seenRoutes = new Set();
  let whole = 0;
  for (const role of roles) {
    const began = Date.now();
    const context = await browser.newContext({ reducedMotion: "reduce" });
    if (role.password) await signIn(context, base, role);
    const { pages, seen } = await find(context, base, routes);
    for (const route of seen) seenRoutes.add(route);
    const waiting = pages.filter(({ html: source }) => !seenPages.has(source) && seenPages.add(source));
    const worker = async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        const { address, route, status, html: source } = one;
        const told = (fault) => blame(`${role.name ?? "nobody"} at ${address} (${status}): ${fault}`);
        for (const fault of await html(source)) told(`HTML: ${fault}`);
        const key = `${route} ${status}`;
        const isFirst = !known.has(key);
        const kinds = known.get(key) ?? new Set();
        known.set(key, kinds);
        const fresh = [...makings(source)].filter((kind) => !kinds.has(kind));
        for (const kind of fresh) kinds.add(kind);
        if (fresh.length === 0) continue;
        const label = `${route.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "wards"}-${status}`;
        await onEverySurface(context, { base, address, told, picture: pictures && isFirst ? join(artefacts, label) : null });
        whole += 1;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await context.close();
    log(`${role.name ?? "nobody"}: ${pages.length} pages, ${Date.now() - began} ms`);
  }
  log(`${seenPages.size} pages looked at, ${whole} of them in every light on every surface`);
  return seenRoutes;
}

/** What no role was led to. */
export function neverSeen(routes, seenRoutes) {
  return unreached(routes, seenRoutes);
}

async function signIn(context, base, { name, password }) {
  const answer = await context.request.post(`${base}/sign-in`, { form: { name, password, next: "/" }, headers: { origin: base }, maxRedirects: 0 });
  if (answer.status() !== 303) throw new Error(`${name} cannot sign in: ${answer.status()}`);
}

export async function onEverySurface(context, { base, address, told, picture }) {
  const page = await context.newPage();
  watch(page, base, told);
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.goto(`${base}${address}`);
  await page.evaluate(axeSource);
  for (const { surface, width, height, media } of SURFACES) {
    for (const scheme of SCHEMES) {
      const isPlain = surface === "desktop" && scheme === "light";
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, media: media ?? "screen" });
      const where = (fault) => told(`${scheme} ${surface}: ${fault}`);
      (await axe(page, { every: isPlain, surface })).forEach(where);
      if (scheme === "light") (await overflow(page)).forEach(where);
      if (surface === "wall" && scheme === "light") (await tooSmall(page)).forEach(where);
      if (picture && PICTURES.includes(`${scheme} ${surface}`)) {
        await page.evaluate(layOutEverything);
        await page.screenshot({ path: `${picture}-${scheme}-${surface}.png`, fullPage: surface === "phone" || surface === "print" });
        await page.evaluate(() => { document.adoptedStyleSheets = []; });
      }
    }
  }
  await page.close();
}

/** A picture of a whole page holds what nobody has scrolled to yet. */
function layOutEverything() {
  const all = new CSSStyleSheet();
  all.replaceSync("#live > *, .domain { content-visibility: visible !important; }");
  document.adoptedStyleSheets = [all];
}

/** Text on a wall that cannot be read from where people stand; drawings scale with their room and are looked at by people. */
async function tooSmall(page) {
  return page.evaluate((smallest) => {
    const sizes = new Map();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      const parent = walker.currentNode.parentElement;
      if (!text || parent.closest("svg, .hidden, script, option")) continue;
      const size = parseFloat(getComputedStyle(parent).fontSize);
      if (size < smallest && parent.getClientRects().length > 0) sizes.set(`${size}px`, `“${text.slice(0, 40)}”`);
    }
    return Array.from(sizes, ([size, text]) => `${size} is too small for a wall: ${text}`);
  }, SMALLEST_ON_A_WALL);
}
