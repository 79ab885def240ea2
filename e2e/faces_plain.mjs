// Every state of every page as people get it, under its real policy: silent, light, at rest, in bounds at every width, zoom and direction, and with what people set
// for their eyes. And what would break the policy is refused.
import { address, crowd, go, listen, misfits, samples } from './faces_kit.mjs';
import { input, check } from './lib.mjs';
import { chromium } from 'playwright-core';

const budget = 50 * 1024;

export async function runPlain() {
  const weights = [];
  await crowd('as it is', samples, { reducedMotion: 'no-preference' }, async (page, s) => {
    const wrong = [], said = listen(page), cdp = await page.context().newCDPSession(page);
    let bytes = 0;
    await cdp.send('Network.enable');
    await cdp.send('Network.clearBrowserCache');
    cdp.on('Network.loadingFinished', e => { bytes += e.encodedDataLength; });
    const answer = await go(page, address(s));
    if (answer.status() !== s.status) wrong.push(`status ${answer.status()}, not ${s.status}`);
    await page.waitForLoadState('networkidle');
    const shift = await page.evaluate(() => new Promise(r => {
      new PerformanceObserver(l => r(l.getEntries().reduce((n, e) => n + e.value, 0))).observe({ type: 'layout-shift', buffered: true });
      setTimeout(r, 50, 0);
    }));
    if (shift > 0) wrong.push(`moves by ${shift} while it loads`);
    weights.push([bytes, s.name]);
    if (bytes < 1000 || bytes > budget) wrong.push(`a cold visit is ${bytes} bytes`);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const moving = await page.evaluate(() => document.getAnimations().length);
    if (moving) wrong.push(`${moving} things move for who wants none of it`);
    await fits(page, cdp, 'en', wrong);
    wrong.push(...await set(page));
    for (const lang of ['ar', 'qps-ploc']) {
      await go(page, address(s, lang));
      await fits(page, cdp, lang, wrong);
    }
    wrong.push(...said().map(t => `the console says ${t}`));
    page.removeAllListeners();
    await cdp.detach();
    return wrong;
  });
  weights.sort((a, b) => b[0] - a[0]);
  check(`the heaviest cold visit is ${weights[0]?.[1]} with ${weights[0]?.[0]} bytes, the lightest ${weights.at(-1)?.[1]} with ${weights.at(-1)?.[0]}`, weights.length === samples.length);
}

// fits looks at a page at three widths, and in a window of 1280 px that is zoomed to 200 %.
async function fits(page, cdp, lang, wrong) {
  for (const [width, deviceScaleFactor] of [[1280, 1], [640, 2], [390, 1], [320, 1]]) {
    await cdp.send('Emulation.setDeviceMetricsOverride', { width, height: 800 / deviceScaleFactor, deviceScaleFactor, mobile: false });
    wrong.push(...(await misfits(page)).map(m => `${lang} at ${width}: ${m}`));
  }
  await cdp.send('Emulation.clearDeviceMetricsOverride');
}

// set looks at what has the focus, and at boxes that are ticked, where the system has its own colours and where people want more contrast.
async function set(page) {
  const wrong = [];
  for (const media of [{ forcedColors: 'active' }, { forcedColors: 'none', contrast: 'more' }]) {
    await page.emulateMedia(media);
    await page.keyboard.press('Shift'); // from here on the focus is one of the keyboard
    const unseen = await page.evaluate(() => [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter(e => e.checkVisibility() && !e.closest('.vh')).filter(e => {
      e.focus();
      const style = getComputedStyle(e);
      return document.activeElement === e && (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2);
    }).map(e => e.outerHTML.slice(0, 100)));
    wrong.push(...unseen.map(e => `${JSON.stringify(media)}: focus is not seen on ${e}`));
    for (const box of await page.locator('input[type=checkbox]:visible, input[type=radio]:visible').all()) {
      if (media.forcedColors !== 'active') break;
      const before = await box.screenshot();
      await box.evaluate(e => { e.checked = !e.checked; });
      if (before.equals(await box.screenshot())) wrong.push(`ticked and empty look the same: ${await box.evaluate(e => e.outerHTML)}`);
    }
  }
  await page.emulateMedia({ contrast: 'no-preference' });
  return wrong;
}

// runText has people's own size of text, twice the usual one.
export async function runText() {
  const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
  const dir = mkdtempSync(`${(await import('node:os')).tmpdir()}/e2e-browser-`);
  mkdirSync(`${dir}/Default`);
  writeFileSync(`${dir}/Default/Preferences`, JSON.stringify({ webkit: { webprefs: { default_font_size: 32 } } }));
  const context = await chromium.launchPersistentContext(dir, { executablePath: input.chromium, args: ['--headless', '--no-sandbox', '--disable-gpu'], viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
  const page = await context.newPage(), wrong = [];
  for (const s of samples) {
    await go(page, address(s));
    wrong.push(...(await misfits(page)).map(m => `${s.name}: ${m}`));
  }
  const size = await page.evaluate(() => getComputedStyle(document.documentElement).fontSize);
  await context.close();
  rmSync(dir, { recursive: true, force: true });
  check('text of twice the size', wrong.length === 0 && size === '32px', size);
  for (const w of wrong) check('text of twice the size', false, w);
}

// runInjected puts a script, a stylesheet, a style and a handler into what the server sends, and leaves its policy as it is.
export async function runInjected() {
  const bad = '<script>window.injected = 1</script><style>main{color:rgb(1,2,3)}</style><p id="styled" style="color:rgb(1,2,3)">x</p><img src="data:," alt="" onerror="window.injected = 2"></body>';
  await crowd('injected', samples, {}, async (page, s) => {
    const said = listen(page);
    await go(page, address(s));
    const got = await page.evaluate(() => {
      let sink = 'taken';
      try { document.body.insertAdjacentHTML('beforeend', '<b></b>'); } catch { sink = 'refused'; }
      return { ran: window.injected ?? 0, main: getComputedStyle(document.querySelector('main')).color, styled: getComputedStyle(document.getElementById('styled')).color, sink };
    });
    const told = said().filter(t => /Content Security Policy|Trusted/i.test(t)).length;
    page.removeAllListeners();
    return got.ran || got.main === 'rgb(1, 2, 3)' || got.styled === 'rgb(1, 2, 3)' || got.sink !== 'refused' || told < 4 ? [`${JSON.stringify(got)}, ${told} refusals`] : [];
  }, context => context.route(u => u.href.includes('/static/') === false, async route => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace('</body>', bad) });
  }));
}
