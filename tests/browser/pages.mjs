// Every page that somebody of a role can open: found by following links from the routes the program serves, so that a new
// page is covered as soon as there is a route and a link to it.

/** Routes that are no pages of ours to look at. */
const NO_PAGES = [
  "/assets/{version}/{name}",
  "/branding/{version}/{name}",
  "/metrics",
  "/healthz",
  "/readyz",
  "/display/{id}/enter/{code}",
  "/office/previews/{key}/{file}",
  "/office/month/{month}/{file}",
  "/sign-in/openid",
  "/sign-in/openid/return",
];
/** So many addresses of a route are looked at in each role. */
const OF_ONE_ROUTE = 2;
/** What no link leads to, and what a page looks like when something is wrong. */
const BESIDES = ["/display/W07", "/display/W07/enter/nothing", "/ward/W07?period=2026-H2", "/ward/W99", "/nothing", "/ward/W07?period=soon", "/sign-in?next=/office"];

/** The route that an address belongs to. */
export function routeOf(routes, address) {
  const path = address.split(/[?#]/)[0];
  const fits = (route) => {
    const wanted = route.split("/");
    const given = path.split("/");
    return wanted.length === given.length && wanted.every((part, at) => part === given[at] || (/^\{.*\}$/.test(part) && given[at] !== ""));
  };
  return routes.find((route) => route === path) ?? routes.find(fits);
}

/** Asks for an address as a context's session; a stream is not waited for. */
export async function ask(context, base, address) {
  if (/\/stream(\?|$)/.test(address)) return { status: 0, kind: "text/event-stream", text: "" };
  const answer = await context.request.get(`${base}${address}`, { maxRedirects: 0, failOnStatusCode: false });
  const kind = answer.headers()["content-type"] ?? "";
  return { status: answer.status(), kind, text: kind.startsWith("text/html") ? await answer.text() : "", to: answer.headers().location };
}

function links(html) {
  const found = [...html.matchAll(/<a\b[^>]*?\shref="([^"]+)"/g)].map((match) => match[1].replaceAll("&amp;", "&"));
  return found.filter((address) => address.startsWith("/"));
}

/** What a role can open, and which of the routes were seen: `{ pages: [{ address, route, status, html }], seen }`. */
export async function find(context, base, routes) {
  const pages = [];
  const seen = new Set();
  const asked = new Set();
  const count = new Map();
  const waiting = [...routes.filter((route) => !route.includes("{") && !NO_PAGES.includes(route)), ...BESIDES];
  while (waiting.length > 0) {
    const address = waiting.shift().split("#")[0];
    const route = routeOf(routes, address);
    const isBeside = BESIDES.includes(address);
    const full = (count.get(route) ?? 0) >= OF_ONE_ROUTE;
    if (asked.has(address) || (!isBeside && (!route || full || NO_PAGES.includes(route)))) continue;
    asked.add(address);
    const answer = await ask(context, base, address);
    if (answer.status >= 500) throw new Error(`${address} answers ${answer.status}`);
    if (answer.status === 200 || answer.status === 0) seen.add(route);
    if (answer.status === 200 && !isBeside) count.set(route, (count.get(route) ?? 0) + 1);
    if (!answer.kind.startsWith("text/html")) continue;
    pages.push({ address, route: route ?? "nowhere", status: answer.status, html: answer.text });
    waiting.push(...links(answer.text));
  }
  return { pages, seen };
}

/** Routes that are pages of a kind that has to be reached by a link. */
export function unreached(routes, seen) {
  return routes.filter((route) => !seen.has(route) && !NO_PAGES.includes(route) && !route.startsWith("/api/") && !route.endsWith("/stream"));
}
