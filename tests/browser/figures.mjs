// How long a ward's page takes to be there, as a browser sees it for the first time.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** So many first visits of each page; the figures are their medians. */
const VISITS = 9;
/** A ward's page may take so many times as long as the page to sign in, which has a form and nothing else. */
const MOST_TIMES = 6;

const median = (of) => [...of].sort((one, other) => one - other)[Math.floor(of.length / 2)];

/** What the browser says of its own work, by the names of its protocol: how much there is, and milliseconds in what it took. */
const WORK = { nodes: "Nodes", layouts: "LayoutCount", style_ms: "RecalcStyleDuration", layout_ms: "LayoutDuration", script_ms: "ScriptDuration", busy_ms: "TaskDuration" };

async function work(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const values = new Map(metrics.map(({ name, value }) => [name, value]));
  const told = ([what, name]) => [what, (values.get(name) ?? 0) * (what.endsWith("_ms") ? 1000 : 1)];
  return Object.fromEntries(Object.entries(WORK).map(told));
}

/** One first visit: milliseconds from asking until everything is painted and can be used, the bytes that came, and the browser's own work. */
async function visit(browser, { base, account, address }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  if (account) {
    const form = { name: account.name, password: account.password, next: "/" };
    await context.request.post(`${base}/sign-in`, { form, headers: { origin: base }, maxRedirects: 0 });
  }
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  await page.goto(`${base}${address}`);
  // A page is painted some time after it has come.
  await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
  const seen = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType("navigation");
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    const bytes = performance.getEntriesByType("resource").reduce((sum, one) => sum + one.transferSize, navigation.transferSize);
    return { served: navigation.responseEnd, ready: navigation.domContentLoadedEventEnd, painted: painted.startTime, bytes };
  });
  const worked = await work(session);
  await context.close();
  return { ...seen, ...worked, usable: Math.max(seen.ready, seen.painted) };
}

/** First visits of a ward's page and of the page to sign in, in turn, so that both meet the same machine. The figures go to a file; that a ward's page
 * takes too many times as long as the other is a fault. */
export async function usable(browser, { base, account, address, artefacts, blame }) {
  const [ward, plain] = [[], []];
  // The first of all warms the browser up and is not counted.
  await visit(browser, { base, address: "/sign-in" });
  for (let count = 0; count < VISITS; count += 1) {
    ward.push(await visit(browser, { base, account, address }));
    plain.push(await visit(browser, { base, address: "/sign-in" }));
  }
  const of = (visits, what) => Math.round(median(visits.map((one) => one[what])));
  const inside = (visits) => Object.fromEntries(Object.keys(WORK).map((what) => [what, of(visits, what)]));
  const times = of(ward, "usable") / Math.max(1, of(plain, "usable"));
  const found = {
    figure: "a ward's page, first visit",
    visits: VISITS,
    usable_ms: of(ward, "usable"),
    served_ms: of(ward, "served"),
    ready_ms: of(ward, "ready"),
    painted_ms: of(ward, "painted"),
    bytes: of(ward, "bytes"),
    sign_in_usable_ms: of(plain, "usable"),
    sign_in_painted_ms: of(plain, "painted"),
    work: inside(ward),
    sign_in_work: inside(plain),
    times_the_sign_in: Math.round(times * 100) / 100,
    each_usable_ms: ward.map((one) => Math.round(one.usable)),
    browser: browser.version(),
  };
  await writeFile(join(artefacts, "ward-page.json"), `${JSON.stringify(found, null, 2)}\n`);
  if (times > MOST_TIMES) blame(`a ward's page takes ${found.usable_ms} ms until it can be used, ${found.times_the_sign_in} times as long as the page to sign in`);
  return found;
}
