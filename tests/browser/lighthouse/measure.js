// Measures pages with Lighthouse. Reads JSON from standard input: {chromium, flags, pages: [{name, url,
// cookie}]}; writes {name: {category: {score, lost: [audit]}}}, scores from 0 to 100, `lost` the audits that cost some.
import { readFileSync } from "node:fs";
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const CATEGORIES = ["performance", "accessibility", "best-practices"];
const asked = JSON.parse(readFileSync(0, "utf8"));
const measured = {};
for (const page of asked.pages) {
  // A Chromium for each: what one page leaves behind, a cookie for example, is nothing to the next.
  const chromium = await launch({ chromePath: asked.chromium, chromeFlags: ["--headless=new", ...asked.flags] });
  try {
    measured[page.name] = await look(page, chromium.port);
  } finally {
    chromium.kill();
  }
}
console.log(JSON.stringify(measured));

async function look(page, port) {
  const { lhr } = await lighthouse(page.url, {
    port,
    logLevel: "error",
    onlyCategories: CATEGORIES,
    disableFullPageScreenshot: true,
    extraHeaders: page.cookie ? { Cookie: page.cookie } : undefined,
  });
  // Chromium now and then leaves the begin of the navigation out of what it records, and nothing can be said of the page.
  if (lhr.runtimeError?.code === "NO_NAVSTART") return notRecorded(lhr.runtimeError.code);
  if (lhr.runtimeError) throw new Error(`${page.name}: ${lhr.runtimeError.message}`);
  if (lhr.finalDisplayedUrl !== page.url) throw new Error(`${page.name} leads to ${lhr.finalDisplayedUrl}`);
  return Object.fromEntries(CATEGORIES.map((category) => {
    const { score, auditRefs } = lhr.categories[category];
    const costly = auditRefs.filter(({ id, weight }) => weight && lhr.audits[id].score !== null && lhr.audits[id].score < 1);
    return [category, { score: Math.round(score * 100), lost: costly.map(({ id }) => id) }];
  }));
}

// The least there is, so that it is measured again as what falls short is, and never passes for good.
function notRecorded(why) {
  return Object.fromEntries(CATEGORIES.map((category) => [category, { score: 0, lost: [why] }]));
}
