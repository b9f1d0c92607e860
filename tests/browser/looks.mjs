// What roles come to look at.
import { isRefused, signsIn, signsOut } from "./doors.mjs";

export const LOOKS = {
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
  "a department goes from its page to a ward's and back": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts }) => {
      await signsIn(hand, accounts.department, "/department/medicine");
      await hand.sees("10 wards");
      await hand.unfolds("The same as numbers");
      await hand.leads(() => hand.page.locator("main a[href^='/ward/W01']").first().click());
      if (!/\/ward\/W01(\?|$)/.test(hand.page.url())) throw new Error(`the first ward leads to ${hand.page.url()}`);
      await hand.follows("Take on, change or finish actions");
      await hand.sees("You said, we did");
      // A ward of another department, and what is the trust's.
      await isRefused(hand, "/ward/W26");
      await isRefused(hand, "/board");
      await isRefused(hand, "/consultant/C07");
      await signsOut(hand, "/department/medicine");
    },
  },
  "a screen in the corridor stays with one thing and goes on": {
    ways: ["mouse", "plain"],
    tell: async (hand, { accounts }) => {
      await signsIn(hand, accounts.display, "/display/W07");
      await hand.sees("Figures of 5 or fewer people are not shown.");
      await hand.follows("Stay here");
      const stays = await hand.page.locator("#turn").textContent();
      await hand.follows("Go on");
      const next = new URL(hand.page.url()).searchParams.get("turn");
      const same = await hand.page.locator("#turn").textContent();
      if (next === null || same !== stays) throw new Error(`“${stays}” did not stay: “${same}”`);
      await isRefused(hand, "/ward/W07");
      await isRefused(hand, "/office");
    },
  },
};
