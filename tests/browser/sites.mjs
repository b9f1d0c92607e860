// What nobody is led to by a link of a page: the published sites, as files on a share, and everything that a ward's display shows in its turn. Each
// page's HTML, and of each kind of page every light on every surface.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { html } from "./checks.mjs";
import { makings, onEverySurface } from "./matrix.mjs";

/** More turns than a display has. */
const MOST_TURNS = 60;

/** Looks at pages of which somebody has the source; at the whole of those in which there is something that none before has shown. */
async function lookAt(context, { base, pages, label, artefacts, pictures, blame, log }) {
  const known = new Set();
  let whole = 0;
  for (const { address, source } of pages) {
    const told = (fault) => blame(`${label} ${address}: ${fault}`);
    for (const fault of await html(source)) told(`HTML: ${fault}`);
    const fresh = [...makings(source)].filter((kind) => !known.has(kind));
    for (const kind of fresh) known.add(kind);
    if (fresh.length === 0) continue;
    const picture = pictures && whole < 2 ? join(artefacts, `${label}-${whole + 1}`) : null;
    await onEverySurface(context, { base, address, told, picture });
    whole += 1;
  }
  if (whole === 0) blame(`${label}: there is no page to look at`);
  log(`${label}: ${pages.length} pages, ${whole} of them in every light on every surface`);
}

/** The published sites: folders with their names. */
export async function published(browser, { sites, artefacts, pictures, blame, log }) {
  for (const { name, folder } of sites) {
    const context = await browser.newContext({ reducedMotion: "reduce" });
    const files = (await readdir(folder)).filter((file) => file.endsWith(".html")).sort();
    const first = files.includes("index.html") ? ["index.html"] : [];
    const pages = [];
    for (const file of [...first, ...files.filter((one) => one !== "index.html")]) {
      pages.push({ address: `/${file}`, source: await readFile(join(folder, file), "utf8") });
    }
    const base = pathToFileURL(folder).href.replace(/\/$/, "");
    await lookAt(context, { base, pages, label: `published-${name}`, artefacts, pictures, blame, log });
    await context.close();
  }
}

/** Everything that a ward's display shows: figures, changes, comments. */
export async function display(browser, { base, ward, artefacts, pictures, blame, log }) {
  const context = await browser.newContext({ reducedMotion: "reduce" });
  const pages = [];
  for (let turn = 0; turn < MOST_TURNS; turn += 1) {
    const address = `/display/${ward}?turn=${turn}&stay=true`;
    const source = await (await context.request.get(`${base}${address}`)).text();
    // After the last thing comes the first again.
    if (turn > 0 && source === pages[0].source) break;
    pages.push({ address, source });
  }
  if (pages.length < 2) blame(`the display of ${ward} shows only ${pages.length} things`);
  await lookAt(context, { base, pages, label: "display-turns", artefacts, pictures, blame, log });
  await context.close();
}
