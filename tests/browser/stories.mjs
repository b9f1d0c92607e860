// What each role comes for, from signing in to signing out: with a mouse, without JavaScript, and with the keyboard alone.
import { Keyboard, Mouse } from "./hands.mjs";
import { watch } from "./checks.mjs";
import { DECISIONS } from "./decisions.mjs";
import { isRefused, signsIn, signsOut } from "./doors.mjs";
import { LOOKS } from "./looks.mjs";

const MOUSE = { way: "with a mouse", Hand: Mouse, script: true };
const PLAIN = { way: "without JavaScript", Hand: Mouse, script: false };
const KEYS = { way: "with the keyboard alone", Hand: Keyboard, script: true };
const WAYS = { mouse: MOUSE, plain: PLAIN, keys: KEYS };

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
    // Other hands have requests on this ward at the same time, so it is this one that must go and not their number.
    const asked = hand.page.locator('form[action$="/help/seen"] input[name="record"]');
    const record = await asked.first().inputValue();
    await hand.presses(/^Seen/);
    await asked.and(hand.page.locator(`[value="${record}"]`)).waitFor({ state: "detached" });
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
};

/** Each with the ways in which it is told. Where a keyboard meets nothing that it has not met in another story, two ways are enough. */
const EACH_WAY = ["mouse", "plain", "keys"];
const told = (stories, ways) => Object.entries(stories).map(([name, story]) => ({ name, story, ways: story.ways ?? ways, tell: story.tell ?? story }));

/** Two lines of stories, told side by side. Those of one line are told one after the other, because they change the same things. */
const LINES = [
  [...told(STORIES, EACH_WAY), ...told(DECISIONS.office, EACH_WAY), ...told(DECISIONS.administrator, EACH_WAY)],
  [...told(LOOKS, EACH_WAY), ...told(DECISIONS.ward, EACH_WAY), ...told(DECISIONS.consultant, EACH_WAY)],
];

/** Everything in its ways, or only what has some words in its name; what went wrong goes to `blame`. */
export async function tell(browser, { base, accounts, need, wardName, only, blame, log }) {
  // What is looked for once a minute is there by the time somebody comes for it.
  await need("wrong clocks");
  const line = async (stories) => {
    for (const { name, ways, tell: story } of stories) {
      for (const key of ways) {
        const { way, Hand, script } = WAYS[key];
        const began = Date.now();
        const contexts = [];
        /** Somebody else, with a browser of their own. */
        const another = async () => {
          const context = await browser.newContext({ javaScriptEnabled: script, viewport: { width: 1280, height: 900 } });
          contexts.push(context);
          const page = await context.newPage();
          watch(page, base, (fault) => blame(`${name}, ${way}: ${fault}`));
          const hand = new Hand(page, base);
          hand.wardName = wardName;
          return hand;
        };
        try {
          await story(await another(), { accounts, need, another });
          log(`${name}, ${way}: ${Date.now() - began} ms`);
        } catch (error) {
          blame(`${name}, ${way}: ${error.message}`);
        }
        for (const context of contexts) await context.close();
      }
    }
  };
  const wanted = ({ name }) => !only || name.includes(only);
  await Promise.all(LINES.map((stories) => line(stories.filter(wanted))));
  if (only) return;
  await lockout(browser, { base, accounts, blame, log });
}

/** Last of all: wrong passwords make everybody at this address wait, and not for ever. */
async function lockout(browser, { base, accounts, blame, log }) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const hand = new Mouse(await context.newPage(), base);
  const tries = async (password) => {
    await hand.opens("/sign-in");
    await hand.writes("Name", accounts.ward.name);
    await hand.writes("Password", password);
    await hand.presses("Sign in");
  };
  try {
    // The wrong passwords of the stories before count too; on a slow machine a wait may be over before the next try, and each is twice as long.
    for (let count = 0; count < 20; count += 1) {
      await tries("not the password");
      if (!(await hand.reads()).includes("do not belong together")) break;
    }
    await hand.sees("There were too many wrong passwords.");
    log("too many wrong passwords are slowed down in words");
    // Nobody has to unlock anything: what was waited for is over after a minute at the most.
    for (const ends = Date.now() + 90_000; Date.now() < ends && !hand.page.url().endsWith("/ward/W07"); await hand.page.waitForTimeout(250)) await tries(accounts.ward.password);
    if (!hand.page.url().endsWith("/ward/W07")) throw new Error("the right password does not open after the wait");
    log("and the right one opens again");
  } catch (error) {
    blame(`too many wrong passwords: ${error.message}`);
  }
  await context.close();
}
