// What each role comes for, from signing in to signing out: with a mouse, without JavaScript, and with the keyboard alone.
import { Keyboard, Mouse } from "./hands.mjs";
import { watch } from "./checks.mjs";

const WAYS = [
  { way: "with a mouse", Hand: Mouse, script: true },
  { way: "without JavaScript", Hand: Mouse, script: false },
  { way: "with the keyboard alone", Hand: Keyboard, script: true },
];

async function signsIn(hand, account, home) {
  await hand.opens("/sign-in");
  await hand.writes("Name", account.name);
  await hand.writes("Password", account.password);
  await hand.presses("Sign in");
  const path = new URL(hand.page.url()).pathname;
  if (path !== home) throw new Error(`${account.name} begins on ${path}, not on ${home}`);
}

async function signsOut(hand, closed) {
  // From wherever somebody was, refused or not, there is a way back to what they may see.
  if (!(await hand.button("Sign out").count())) await hand.follows("Back to your pages");
  await hand.presses("Sign out");
  await hand.opens(closed);
  if (new URL(hand.page.url()).pathname !== "/sign-in") throw new Error(`${closed} is open after signing out`);
}

async function isRefused(hand, address) {
  const answer = await hand.opens(address);
  if (answer.status() !== 403) throw new Error(`${address} answers ${answer.status()}`);
  await hand.sees("This is not for your account");
}

const STORIES = {
  "a wrong password": async (hand, { accounts }) => {
    await hand.opens("/ward/W07");
    await hand.sees("Sign in");
    await hand.writes("Name", accounts.ward.name);
    await hand.writes("Password", "not the password");
    await hand.presses("Sign in");
    await hand.sees("This name and password do not belong together. Try again.");
    await hand.writes("Password", accounts.ward.password);
    await hand.presses("Sign in");
    // Where they wanted to go in the first place.
    if (!hand.page.url().endsWith("/ward/W07")) throw new Error(`signing in leads to ${hand.page.url()}`);
  },
  "a ward answers a request for help": async (hand, { accounts, need }) => {
    await need("help");
    await signsIn(hand, accounts.ward, "/ward/W07");
    await hand.sees("Somebody asks for help");
    const waiting = await hand.buttons(/^Seen/);
    await hand.presses(/^Seen/);
    const left = await hand.buttons(/^Seen/);
    if (left !== waiting - 1) throw new Error(`${left} of ${waiting} requests are open after one was seen`);
    await isRefused(hand, "/office");
    await isRefused(hand, "/ward/W08");
    await signsOut(hand, "/ward/W07");
  },
  "the office redacts a comment and releases it": async (hand, { accounts }) => {
    await signsIn(hand, accounts.office, "/office");
    await hand.follows("Read comments");
    await hand.follows(/^Decide/);
    const words = hand.page.locator("fieldset.words label");
    const struck = (await words.last().textContent()).trim();
    const unfolded = await hand.page.locator("details:has(fieldset.words)").getAttribute("open");
    if (unfolded === null) await hand.unfolds("Strike out words");
    await hand.ticks(struck);
    await hand.writes("The role that takes their place; empty to leave only a mark", "");
    await hand.presses("Strike out");
    await hand.sees("As it would be shown");
    await hand.presses("Release as criticism");
    await hand.sees("Released.");
    const answer = await hand.opens("/nothing");
    if (answer.status() !== 404) throw new Error("there is a page called nothing");
    await signsOut(hand, "/office");
  },
  "a consultant disputes a patient": async (hand, { accounts }) => {
    await signsIn(hand, accounts.consultant, "/consultant/C07");
    await hand.unfolds("Dispute one of");
    await hand.choosesOneOf("Which");
    await hand.writes("Why", "on leave in this fortnight");
    await hand.presses("Dispute");
    await hand.sees("on leave in this fortnight");
    await isRefused(hand, "/consultant/C12");
    await isRefused(hand, "/office");
    await signsOut(hand, "/consultant/C07");
  },
  "the board opens a funnel": async (hand, { accounts }) => {
    await signsIn(hand, accounts.board, "/board");
    await hand.sees("Signal or chance, ward by ward");
    await hand.choosesOneOf("What to compare wards by");
    await hand.pressesBeside("What to compare wards by");
    await hand.sees("Wards beside each other");
    if ((await hand.page.locator("#funnel svg[role=img]").count()) === 0) throw new Error("there is no funnel");
    await hand.unfolds("The same as numbers");
    await isRefused(hand, "/office/comments");
    await signsOut(hand, "/board");
  },
};

/** Everything in each way; what went wrong goes to `blame`. */
export async function tell(browser, { base, accounts, need, wardName, blame, log }) {
  for (const { way, Hand, script } of WAYS) {
    for (const [name, story] of Object.entries(STORIES)) {
      const began = Date.now();
      const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width: 1280, height: 900 } });
      const page = await context.newPage();
      watch(page, base, (fault) => blame(`${name}, ${way}: ${fault}`));
      const hand = new Hand(page, base);
      hand.wardName = wardName;
      try {
        await story(hand, { accounts, need });
        log(`${name}, ${way}: ${Date.now() - began} ms`);
      } catch (error) {
        blame(`${name}, ${way}: ${error.message}`);
      }
      await context.close();
    }
  }
  await lockout(browser, { base, accounts, blame, log });
}

/** Last of all: wrong passwords make everybody at this address wait. */
async function lockout(browser, { base, accounts, blame, log }) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const hand = new Mouse(await context.newPage(), base);
  try {
    // The wrong passwords of the stories before count too; on a slow machine a wait may be over before the next try, and each is twice as long.
    for (let tries = 0; tries < 20; tries += 1) {
      await hand.opens("/sign-in");
      await hand.writes("Name", accounts.ward.name);
      await hand.writes("Password", "not the password");
      await hand.presses("Sign in");
      if (!(await hand.reads()).includes("do not belong together")) break;
    }
    await hand.sees("There were too many wrong passwords.");
    log("too many wrong passwords are slowed down in words");
  } catch (error) {
    blame(`too many wrong passwords: ${error.message}`);
  }
  await context.close();
}
