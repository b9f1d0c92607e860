// What roles come to decide: each story ends with what it set out for.
import { isClosed, isRefused, signsIn, signsOut } from "./doors.mjs";

/** So long whoever waits for what is looked for once a minute. */
const MINUTE_AND_A_HALF_MS = 90_000;
let count = 0;
/** Something that no other story and no other way of the same one has said. */
const fresh = (words) => `${words} ${(count += 1)}`;

/** What a button is called whose second half is for ears alone; a browser may hear a space before it. */
const named = (seen, heard) => new RegExp(`^${seen} ?: ${heard}$`);

const office = {
  "the office changes a ward's plan": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts }) => {
      const reason = fresh("a bay is closed");
      await signsIn(hand, accounts.office, "/office");
      await hand.follows("Plan and quotas");
      await hand.sees("Who is missing");
      await hand.choosesOneOf("Ward");
      await hand.writes("Answers a fortnight, where it is its own", String(20 + count));
      await hand.writes("Why", reason);
      await hand.presses(/^Change the ward/);
      await hand.sees("The plan is changed.");
      await hand.sees(reason);
      await signsOut(hand, "/office/plan");
    },
  },
  "the office approves a language and withdraws it": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts }) => {
      const reason = fresh("the interpreting service has read it");
      await signsIn(hand, accounts.office, "/office");
      await hand.follows("Questionnaires and languages");
      await hand.follows("Your care on this ward");
      await hand.follows("Look at Welsh");
      await hand.sees("What is asked, side by side");
      await hand.writes("Who has checked it, or why it is withdrawn", reason);
      await hand.presses("Approve Welsh");
      await hand.sees("Approved. Kiosks offer it between two patients.");
      await hand.sees(reason);
      await hand.writes("Who has checked it, or why it is withdrawn", "a patient found a mistake");
      await hand.presses("Withdraw Welsh");
      await hand.sees("Withdrawn. Kiosks stop offering it between two patients.");
      await signsOut(hand, "/office/questionnaires");
    },
  },
  "the office publishes what it has looked at": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts }) => {
      await signsIn(hand, accounts.office, "/office");
      await hand.follows(/^Publish$/);
      await hand.presses(named("See what would be published", "For everybody who works in the trust"));
      await hand.sees("What would be published");
      await hand.presses(named("Publish( again)?", "For everybody who works in the trust"));
      await hand.sees("Published just now by office");
      await signsOut(hand, "/office/publish");
    },
  },
  "a refused record is counted once its kiosk is known": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts, need }) => {
      const kiosk = await need("a stranger's record");
      await signsIn(hand, accounts.office, "/office");
      await hand.follows("Quarantine");
      await hand.sees("The kiosk is not registered");
      await hand.pressesIn(kiosk, /^Try again/);
      await hand.sees("Tried 1 again: 0 could be counted now.");
      await need("the stranger is registered");
      await hand.pressesIn(kiosk, /^Try again/);
      await hand.sees("Tried 1 again: 1 could be counted now.");
      if ((await hand.reads()).includes(kiosk)) throw new Error(`${kiosk} is still in quarantine`);
      await signsOut(hand, "/office/quarantine");
    },
  },
};

const ward = {
  "a ward takes an action on until it is done": async (hand, { accounts }) => {
    const [said, did] = [fresh("Bins are loud at night."), fresh("Bins that close softly.")];
    await signsIn(hand, accounts.ward, "/ward/W07");
    await hand.follows("Take on, change or finish actions");
    await hand.writes("You said", said);
    await hand.writes("We did", did);
    await hand.writes("Who sees to it", "ward sister");
    await hand.presses("Take it on");
    await hand.sees("The action is taken on.");
    await hand.pressesIn(said, /^Done/);
    await hand.sees("Done: the kiosks show it from now on");
    await hand.sees(did);
    // Everybody in the corridor sees it.
    if (!(await isOnDisplay(hand, did))) throw new Error(`the display does not say “${did}”`);
    await signsOut(hand, "/ward/W07/actions");
  },
};

/** Whether a ward's display shows something in one of its turns. */
async function isOnDisplay(hand, text) {
  for (let turn = 0; turn < 60; turn += 1) {
    const answer = await hand.page.request.get(`${hand.base}/display/W07?turn=${turn}`);
    if ((await answer.text()).includes(text)) return true;
  }
  return false;
}

const consultant = {
  "a consultant disputes a patient and the office decides": async (hand, { accounts }) => {
    const reason = fresh("on leave in this fortnight");
    await signsIn(hand, accounts.consultant, "/consultant/C07");
    await hand.sees("You see this first.");
    await hand.unfolds("Dispute one of");
    await hand.choosesOneOf("Which");
    await hand.writes("Why", reason);
    await hand.presses("Dispute");
    await hand.sees(reason);
    await isRefused(hand, "/consultant/C12");
    await isRefused(hand, "/office");
    await signsOut(hand, "/consultant/C07");
    await signsIn(hand, accounts.office, "/office");
    await hand.follows("Disputes");
    await hand.sees(reason);
    const note = fresh("the roster says so too");
    await hand.writes("Why, for the consultant to read", note);
    await hand.pressesIn(reason, /^Uphold/);
    await hand.sees("Upheld: no longer counts");
    await signsOut(hand, "/office/disputes");
    await signsIn(hand, accounts.consultant, "/consultant/C07");
    await hand.sees(note);
  },
  "an appraiser reads what the consultant has seen": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts }) => {
      await signsIn(hand, accounts.appraiser, "/consultant/C07");
      await hand.sees("You see this as the appraiser. Every look at this page is written down.");
      if (await hand.buttons("Dispute")) throw new Error("an appraiser can dispute");
      await isRefused(hand, "/consultant/C12");
      await isRefused(hand, "/ward/W07");
      await signsOut(hand, "/consultant/C07");
    },
  },
};

const administrator = {
  "an account is made, locked out and let in again": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts, another }) => {
      const name = fresh("sister").replace(" ", "-");
      await signsIn(hand, accounts.administrator, "/office");
      await hand.follows("Who may sign in");
      await hand.writes("Name", name);
      await hand.writes("Roles, for example ward:W12 or consultant:C07", "ward:W07");
      await hand.presses(/^Add$/);
      const first = await drawn(hand, name);
      const sister = await another();
      await signsIn(sister, { name, password: first }, "/ward/W07");

      await hand.unfolds(`Change ${name}`);
      await hand.presses(named("Sign out everywhere", name));
      await isClosed(sister, "/ward/W07");
      await hand.unfolds(`Change ${name}`);
      await hand.presses(named("Draw a new password", name));
      const second = await drawn(hand, name);
      await sister.writes("Name", name);
      await sister.writes("Password", first);
      await sister.presses("Sign in");
      await sister.sees("This name and password do not belong together. Try again.");
      await signsIn(sister, { name, password: second }, "/ward/W07");

      await hand.unfolds(`Change ${name}`);
      await hand.presses(named("Remove", name));
      await isClosed(sister, "/ward/W07");
      // Who runs the machine sees no comment and no figure.
      await isRefused(hand, "/office/comments");
      await isRefused(hand, "/ward/W07");
      await signsOut(hand, "/office/accounts");
    },
  },
  "whoever runs the kiosks has seen an alert": async (hand, { accounts }) => {
    const [said, wrong] = [/^Seen ?: The clock of kiosk/, "The clock of kiosk sim-past-W"];
    await signsIn(hand, accounts.administrator, "/office");
    await hand.follows("Alerts");
    // Alerts are looked for once a minute.
    for (const ends = Date.now() + MINUTE_AND_A_HALF_MS; (await hand.buttons(said)) === 0; await hand.page.waitForTimeout(500)) {
      if (Date.now() > ends) throw new Error("nobody is told of a clock that is wrong");
      await hand.opens("/alerts");
    }
    const waiting = await hand.buttons(said);
    await hand.pressesIn(wrong, said);
    const left = await hand.buttons(said);
    if (left !== waiting - 1) throw new Error(`${left} of ${waiting} alerts are new after one was seen`);
    const seen = hand.page.locator("section").filter({ has: hand.page.getByRole("heading", { name: "Seen, and still so" }) });
    const row = (await seen.locator("tr").filter({ hasText: wrong }).first().textContent()) ?? "";
    if (!row.includes(accounts.administrator.name)) throw new Error(`who has seen it is not said: “${row}”`);
    await signsOut(hand, "/alerts");
  },
};

/** The password that is shown once. */
async function drawn(hand, name) {
  await hand.sees(`The password of ${name} is`);
  return (await hand.page.locator(".note code").first().textContent()).trim();
}

export const DECISIONS = { office, ward, consultant, administrator };
