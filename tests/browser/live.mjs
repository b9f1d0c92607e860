// An open page against one that is loaded afresh: after every change they are the same, and what somebody opened stays open.
import { watch } from "./checks.mjs";

const DEADLINE_MS = 60_000;

/** Opens a ward's page, lets answers come, and compares. */
export async function live(browser, { base, account, address, need, blame, log }) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const form = { name: account.name, password: account.password, next: "/" };
  await context.request.post(`${base}/sign-in`, { form, headers: { origin: base }, maxRedirects: 0 });
  const page = await context.newPage();
  watch(page, base, (fault) => blame(`live: ${fault}`));
  await page.goto(`${base}${address}`);
  page.setDefaultTimeout(DEADLINE_MS);
  page.setDefaultNavigationTimeout(DEADLINE_MS);
  await page.waitForFunction(() => document.getElementById("live-state").dataset.state === "open");
  await page.evaluate(() => {
    window.neverReloaded = true;
    const details = document.querySelector("#live details");
    details.open = true;
    details.querySelector("summary").focus();
  });
  for (let answer = 0; answer < 4; answer += 1) {
    const before = await page.evaluate(() => document.getElementById("live").dataset.version);
    await need(answer === 2 ? "help" : "answer");
    await page.waitForFunction((version) => document.getElementById("live").dataset.version !== version, before, { timeout: DEADLINE_MS });
    await same(page, context, base, address, blame);
  }
  const stays = await page.evaluate(() => {
    const details = document.querySelector("#live details");
    return window.neverReloaded && details.open && document.activeElement === details.querySelector("summary");
  });
  if (!stays) blame("live: what was opened or had the focus did not stay");
  const said = await page.locator("#live-said").textContent();
  if (!/Updated: overall|for help/.test(said)) blame(`live: a screen reader hears “${said}”`);
  log("an open page stays what a reload would show");
  await context.close();
}

async function same(page, context, base, address, blame) {
  const fresh = await (await context.request.get(`${base}${address}`)).text();
  const found = await page.evaluate((text) => {
    const wanted = new DOMParser().parseFromString(text, "text/html").getElementById("live");
    const shown = document.getElementById("live");
    // A newer page than ours is waited for.
    if (wanted.dataset.version !== shown.dataset.version) return "";
    const plain = shown.cloneNode(true);
    for (const one of plain.querySelectorAll("details[open]")) one.removeAttribute("open");
    for (const one of plain.querySelectorAll(".changed")) {
      one.classList.remove("changed");
      if (one.className === "") one.removeAttribute("class");
    }
    for (const one of wanted.querySelectorAll("details[open]")) one.removeAttribute("open");
    for (let at = 0; at < Math.max(plain.children.length, wanted.children.length); at += 1) {
      const [ours, its] = [plain.children[at], wanted.children[at]];
      if (!ours || !its || !ours.isEqualNode(its)) return `the part ${its?.id ?? ours?.id} is not what a reload shows`;
    }
    return "";
  }, fresh);
  if (found) blame(`live: ${found}`);
}
