// In at the door, out again, and where there is none.

export async function signsIn(hand, account, home) {
  await hand.opens("/sign-in");
  await hand.writes("Name", account.name);
  await hand.writes("Password", account.password);
  await hand.presses("Sign in");
  const path = new URL(hand.page.url()).pathname;
  if (path !== home) throw new Error(`${account.name} begins on ${path}, not on ${home}`);
}

export async function signsOut(hand, closed) {
  // From wherever somebody was, refused or not, there is a way back to what they may see.
  if (!(await hand.button("Sign out").count())) await hand.follows("Back to your pages");
  await hand.presses("Sign out");
  await isClosed(hand, closed);
}

/** Whoever is not signed in is asked to. */
export async function isClosed(hand, address) {
  await hand.opens(address);
  if (new URL(hand.page.url()).pathname !== "/sign-in") throw new Error(`${address} is open after signing out`);
}

export async function isRefused(hand, address) {
  const answer = await hand.opens(address);
  if (answer.status() !== 403) throw new Error(`${address} answers ${answer.status()}`);
  await hand.sees("This is not for your account");
}
