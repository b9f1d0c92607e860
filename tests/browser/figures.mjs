// How long a ward's page takes to be there, as a browser sees it for the first time.

/** Milliseconds from asking to a page that can be used, the median of some first visits. */
export async function ready(browser, base, account, address) {
  const times = [];
  for (let visit = 0; visit < 7; visit += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    if (account) {
      const form = { name: account.name, password: account.password, next: "/" };
      await context.request.post(`${base}/sign-in`, { form, headers: { origin: base }, maxRedirects: 0 });
    }
    const page = await context.newPage();
    await page.goto(`${base}${address}`);
    times.push(await page.evaluate(() => {
      const [navigation] = performance.getEntriesByType("navigation");
      const [painted] = performance.getEntriesByName("first-contentful-paint");
      return { ready: navigation.domContentLoadedEventEnd, painted: painted?.startTime ?? 0, bytes: performance.getEntriesByType("resource").reduce((sum, one) => sum + one.transferSize, navigation.transferSize) };
    }));
    await context.close();
  }
  const median = (of) => times.map(of).sort((one, other) => one - other)[Math.floor(times.length / 2)];
  return { ready_ms: Math.round(median((one) => one.ready)), painted_ms: Math.round(median((one) => one.painted)), bytes: median((one) => one.bytes) };
}
