// What is held against every page: axe-core, valid HTML, no other host, no error in the console, no sideways scrolling.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { HtmlValidate } from "html-validate/node";

const require = createRequire(import.meta.url);
export const axeSource = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
/** The rules whose finding depends on light, width and what is shown; the others say the same of a page everywhere. */
const VISUAL = ["color-contrast", "link-in-text-block", "target-size", "scrollable-region-focusable", "region", "skip-link", "page-has-heading-one", "landmark-one-main"];

/** Runs axe-core in the page as it stands: every rule, or those that can find something else there than elsewhere. */
export async function axe(page, { every, surface }) {
  const found = await page.evaluate(async ({ tags, visual, every, isPrint }) => {
    // Nobody presses anything on paper.
    const rules = isPrint ? visual.filter((rule) => rule !== "target-size" && rule !== "scrollable-region-focusable") : visual;
    const runOnly = every ? { type: "tag", values: tags } : { type: "rule", values: rules };
    // A page from a share may not read its own style sheet as text.
    const preload = location.protocol !== "file:";
    const result = await window.axe.run(document, { runOnly, preload, resultTypes: ["violations"] });
    return result.violations.map((one) => ({
      rule: one.id,
      help: one.help,
      nodes: one.nodes.slice(0, 3).map((node) => `${node.target.join(" ")} (${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""})`),
      count: one.nodes.length,
    }));
  }, { tags: TAGS, visual: VISUAL, every, isPrint: surface === "print" });
  return found.map((one) => `${one.rule}: ${one.help}, ${one.count} times: ${one.nodes.join(" | ")}`);
}

const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  rules: {
    // What maud writes: void elements without a slash, attributes without spaces that matter, lines as they come.
    "void-style": ["error", { style: "omit" }],
    "no-trailing-whitespace": "off",
    "long-title": "off",
    // What is written is what is meant; the words are checked by people.
    "no-redundant-role": "error",
    "no-inline-style": "error",
    "require-sri": "off",
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "button", "submit", "reset"] }],
    "svg-focusable": "off",
    // A display without JavaScript goes on by itself: nobody sits in front of it.
    "meta-refresh": "off",
    // A place that scrolls is a group with a name; a fieldset is for fields.
    "prefer-native-element": ["error", { exclude: ["group", "region"] }],
  },
});

/** The faults of a page's HTML as it came over the wire. */
export async function html(source) {
  const report = await validator.validateString(source);
  const messages = report.results.flatMap((result) => result.messages);
  return messages.map((one) => `${one.ruleId}: ${one.message} (column ${one.column}: ${source.split("\n")[one.line - 1]?.slice(Math.max(0, one.column - 40), one.column + 60)})`);
}

/** How far the page can be scrolled sideways, and by what. */
export async function overflow(page) {
  return page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const isInScroller = (element) => {
      for (let at = element.parentElement; at && at !== document.documentElement; at = at.parentElement) {
        if (/auto|scroll|hidden|clip/.test(getComputedStyle(at).overflowX)) return true;
      }
      return false;
    };
    const wide = [...document.body.querySelectorAll("*")].filter((one) => one.getBoundingClientRect().right > width + 0.5 && !isInScroller(one));
    const named = wide.slice(-3).map((one) => `${one.tagName.toLowerCase()}.${one.getAttribute("class") ?? ""} “${(one.textContent ?? "").trim().slice(0, 40)}”`);
    return [`scrolls sideways: ${document.documentElement.scrollWidth} px in ${width} px: ${named.join(" | ")}`];
  });
}

/** Watches what a page asks for and what it complains of; faults go to `blame`. */
export function watch(page, base, blame) {
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${base}/`) && !url.startsWith("data:") && !url.startsWith("about:")) blame(`asks another host: ${url}`);
  });
  page.on("console", (message) => {
    // A page that answers 403, 404 or 422 is one of ours, and the browser says so as an error of its own.
    const told = message.text();
    if (["error", "warning"].includes(message.type()) && !/^Failed to load resource: the server responded with a status of 4\d\d/.test(told)) {
      blame(`console ${message.type()}: ${told}`);
    }
  });
  page.on("pageerror", (error) => blame(`script error: ${error.message}`));
  page.on("requestfailed", (request) => {
    if (!/ERR_ABORTED/.test(request.failure()?.errorText ?? "")) blame(`request failed: ${request.url()} ${request.failure()?.errorText}`);
  });
}
