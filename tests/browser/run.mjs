// Every page of every role in a real Chromium. Started by tests/tests/browser.rs, which talks to it in lines of JSON: first what there
// is to look at, then an answer to each thing that is needed. Faults are lines that begin with `fault`.
import { createInterface } from "node:readline";
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";
import { usable } from "./figures.mjs";
import { live } from "./live.mjs";
import { look, neverSeen } from "./matrix.mjs";
import { display, published } from "./sites.mjs";
import { tell } from "./stories.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => {
  const { value, done } = await lines.next();
  if (done) throw new Error("nobody talks to this any more");
  return JSON.parse(value);
};
const say = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const blame = (fault) => say({ fault });
const log = (said) => say({ said });
/** Lets the other side do something, and waits until it is done; what it says of it. What is asked for side by side is answered in turn. */
const need = async (what) => {
  say({ need: what });
  return (await next()).said;
};

const asked = await next();
const { base, routes, roles, accounts, artefacts, parts, pictures, wardName, ward } = asked;
await mkdir(artefacts, { recursive: true });
const browser = await chromium.launch({
  executablePath: asked.chromium,
  // Chromium refuses its sandbox as root and in most containers; it only sees pages of ours.
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
});
try {
  if (parts.includes("pages")) {
    const seen = await look(browser, { base, routes, roles, artefacts, blame, log, pictures });
    if (asked.everything) for (const route of neverSeen(routes, seen)) blame(`no role is led to ${route} by a link: link to it, or add it to BESIDES in pages.mjs`);
  }
  if (parts.includes("sites")) {
    await published(browser, { sites: asked.sites, artefacts, pictures, blame, log });
    await display(browser, { base, ward: ward.split("/").pop(), artefacts, pictures, blame, log });
  }
  if (parts.includes("figures")) say(await usable(browser, { base, account: accounts?.ward, address: ward, artefacts, blame }));
  if (parts.includes("live")) await live(browser, { base, account: accounts.ward, address: ward, need, blame, log });
  if (parts.includes("stories")) await tell(browser, { base, accounts, need, wardName, only: asked.only, blame, log });
} catch (error) {
  blame(`the run ended early: ${error.stack}`);
}
await browser.close();
say({ ended: true });
process.exit(0);
