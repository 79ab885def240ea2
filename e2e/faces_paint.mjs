// How soon pages show something, and how soon the same words do without stylesheet, typeface and script: medians of loads that take turns, each cold.
import { launch } from './chromium.mjs';
import { ask, check, finish, input } from './lib.mjs';

const loads = 9, shown = ['login', 'consent', 'profile'];
const browser = await launch(input.chromium), rows = [];
const median = list => list.sort((a, b) => a - b)[list.length >> 1];

async function paint(s, bare) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } }), page = await context.newPage();
  if (bare) {
    await page.route(`${input.preview}${s.at}`, async route => {
      const answer = await route.fetch(), text = await answer.text();
      await route.fulfill({ response: answer, body: text.replace(/<link [^>]*>|<script [^>]*><\/script>/g, '') });
    });
  } else await page.route(`${input.preview}${s.at}`, async route => route.fulfill({ response: await route.fetch() })); // the same way round
  await page.goto(`${input.preview}${s.at}`, { waitUntil: 'load' });
  const at = await page.evaluate(() => new Promise(r => new PerformanceObserver(l => r(l.getEntriesByName('first-contentful-paint')[0].startTime - performance.getEntriesByType('navigation')[0].responseEnd)).observe({ type: 'paint', buffered: true })));
  await context.close();
  return at;
}
for (const s of input.samples.filter(s => shown.includes(s.name))) {
  const took = { bare: [], designed: [] };
  for (let i = 0; i < loads; i++) {
    took.bare.push(await paint(s, true));
    took.designed.push(await paint(s, false));
  }
  rows.push({ name: s.name, bare: median(took.bare), designed: median(took.designed) });
}
check('pages were painted', rows.length === shown.length);
await ask({ kind: 'paint', rows });
await browser.close();
finish();
