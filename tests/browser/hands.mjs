// The ways in which somebody uses a page: with a mouse, and with nothing but a keyboard. Both find things by what they are called.

const PATIENCE_MS = 60_000;
/** More stops than this no page has. */
const MOST_STOPS = 600;

/** Somebody with a mouse. */
export class Mouse {
  constructor(page, base) {
    this.page = page;
    this.base = base;
    page.setDefaultTimeout(PATIENCE_MS);
  }

  async opens(address) {
    return this.page.goto(`${this.base}${address}`);
  }

  async follows(name) {
    await this.leads(() => this.link(name).click());
  }

  async presses(name) {
    await this.leads(() => this.button(name).click());
  }

  /** Presses the button of the form that a field is in. */
  async pressesBeside(label) {
    await this.leads(() => this.beside(label).click());
  }

  /** Presses the button of the item or row that says something. */
  async pressesIn(text, name) {
    await this.leads(() => this.buttonIn(text, name).click());
  }

  async unfolds(name) {
    await this.summary(name).click();
  }

  async writes(label, text) {
    await this.page.getByLabel(label, { exact: true }).first().fill(text);
  }

  async ticks(label) {
    await this.page.getByLabel(label, { exact: true }).first().check();
  }

  /** Chooses the first option that is not empty. */
  async choosesOneOf(label) {
    await this.page.getByLabel(label, { exact: true }).first().selectOption({ index: 1 });
  }

  /** What somebody sees on the page. */
  async reads() {
    return this.page.locator("body").innerText();
  }

  async sees(text) {
    const found = await this.reads();
    if (!found.includes(text)) throw new Error(`“${text}” is not on ${this.page.url()}: ${found.replace(/\s+/g, " ").slice(0, 1500)}`);
  }

  link(name) {
    return this.page.getByRole("link", { name }).first();
  }

  button(name) {
    return this.page.getByRole("button", { name }).first();
  }

  buttonIn(text, name) {
    return this.page.locator("li, tr").filter({ hasText: text }).getByRole("button", { name }).first();
  }

  /** How many buttons have that name. */
  async buttons(name) {
    return this.page.getByRole("button", { name }).count();
  }

  beside(label) {
    return this.page.locator("form").filter({ has: this.page.getByLabel(label, { exact: true }) }).getByRole("button").first();
  }

  summary(name) {
    return this.page.locator("summary").filter({ hasText: name }).first();
  }

  async leads(act) {
    const loaded = this.page.waitForEvent("load");
    // Waited for below; a failed act must not leave it unheard.
    loaded.catch(() => {});
    await act();
    await loaded;
  }
}

/** Somebody with a keyboard and no mouse. Wherever the focus comes, it can be seen. */
export class Keyboard extends Mouse {
  async opens(address) {
    const answer = await super.opens(address);
    // The first stop leads past the bar.
    await this.page.keyboard.press("Tab");
    const first = await this.page.evaluate(() => document.activeElement?.textContent);
    if (!/^Skip to/.test(first ?? "")) throw new Error(`the first stop of ${address} is “${first}” and does not skip to the content`);
    await this.focusIsVisible();
    return answer;
  }

  async follows(name) {
    await this.reaches(this.link(name));
    await this.leads(() => this.page.keyboard.press("Enter"));
  }

  async presses(name) {
    await this.reaches(this.button(name));
    await this.leads(() => this.page.keyboard.press("Enter"));
  }

  async pressesBeside(label) {
    await this.reaches(this.beside(label));
    await this.leads(() => this.page.keyboard.press("Enter"));
  }

  async pressesIn(text, name) {
    await this.reaches(this.buttonIn(text, name));
    await this.leads(() => this.page.keyboard.press("Enter"));
  }

  async unfolds(name) {
    await this.reaches(this.summary(name));
    await this.page.keyboard.press("Enter");
  }

  async writes(label, text) {
    await this.reaches(this.page.getByLabel(label, { exact: true }).first());
    await this.page.keyboard.press("Control+A");
    await this.page.keyboard.type(text);
  }

  async ticks(label) {
    const box = this.page.getByLabel(label, { exact: true }).first();
    if (await box.isChecked()) return;
    await this.reaches(box);
    await this.page.keyboard.press("Space");
    if (!(await box.isChecked())) throw new Error(`“${label}” cannot be ticked with the keyboard`);
  }

  async choosesOneOf(label) {
    await this.reaches(this.page.getByLabel(label, { exact: true }).first());
    await this.page.keyboard.press("ArrowDown");
  }

  /** Goes on from stop to stop until it is there. It is looked for once: on a page with much on it that takes longer than a stop. */
  async reaches(locator) {
    await locator.waitFor();
    const wanted = await locator.elementHandle();
    for (let stop = 0; stop < MOST_STOPS; stop += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) {
        await this.focusIsVisible();
        return;
      }
      await this.page.keyboard.press("Tab");
    }
    throw new Error(`the keyboard does not reach ${locator} on ${this.page.url()}`);
  }

  async focusIsVisible() {
    const hidden = await this.page.evaluate(() => {
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
      const inView = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
      return outlined && inView ? null : `${element.outerHTML.slice(0, 120)}: outline ${style.outlineStyle} ${style.outlineWidth}, at ${box.x},${box.y}`;
    });
    if (hidden) throw new Error(`the focus cannot be seen on ${this.page.url()}: ${hidden}`);
  }
}
