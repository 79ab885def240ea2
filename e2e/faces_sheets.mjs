// Contact sheets: every state of every page on a few big pictures, for a person's eye.
import { writeFileSync } from 'node:fs';
import { check, input } from './lib.mjs';
import { address, crowd, go, mails, samples } from './faces_kit.mjs';
import { launch } from './chromium.mjs';

// What each sheet shows: language, colours, width of the window in px, and how much smaller the picture is.
const sheets = [['en', 'light', 1280, .45], ['en', 'dark', 1280, .45], ['ar', 'light', 1280, .45], ['ar', 'dark', 1280, .45], ['en', 'light', 390, .6]];
const least = { 1280: 720, 390: 700 }, most = { 1280: 1700, 390: 2200 }, columns = { 1280: 2, 390: 5 }, rows = { 1280: 3, 390: 1 };

export async function runSheets() {
  const pictures = new Map(), all = [...samples, ...mails];
  await crowd('contact sheets', all, { reducedMotion: 'reduce' }, async (page, s) => {
    const cdp = await page.context().newCDPSession(page);
    for (const lang of new Set(sheets.map(x => x[0]))) {
      await page.setViewportSize({ width: 1280, height: 720 });
      await go(page, address(s, lang));
      for (const [, colorScheme, width, scale] of sheets.filter(x => x[0] === lang)) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: least[width] });
        const height = Math.min(most[width], Math.max(least[width], await page.evaluate(() => document.documentElement.scrollHeight)));
        await page.setViewportSize({ width, height });
        const { data } = await cdp.send('Page.captureScreenshot', { format: 'jpeg', quality: 85, clip: { x: 0, y: 0, width, height, scale } });
        pictures.set(`${lang} ${colorScheme} ${width} ${s.name}`, data);
      }
    }
    await cdp.detach();
  });
  const browser = await launch(input.chromium), page = await browser.newPage();
  let made = 0;
  for (const [lang, theme, width] of sheets) {
    const each = columns[width] * rows[width];
    for (let from = 0; from < all.length; from += each) {
      const cells = all.slice(from, from + each).map(s => `<figure><figcaption>${s.name}</figcaption><img src="data:image/jpeg;base64,${pictures.get(`${lang} ${theme} ${width} ${s.name}`)}"></figure>`);
      await page.setViewportSize({ width: 1200, height: 400 });
      await page.setContent(`<!doctype html><style>body{margin:8px;display:grid;grid-template-columns:repeat(${columns[width]},auto);gap:8px;justify-content:start;align-items:start;background:#777;font:bold 14px sans-serif}
        figure{margin:0}figcaption{padding:2px 4px;background:#222;color:#fff}img{display:block}</style>${cells.join('')}`);
      writeFileSync(`${input.folder}/sheet-${lang}-${theme}-${width}-${String(++made).padStart(3, '0')}.png`, await page.screenshot({ fullPage: true }));
    }
  }
  await browser.close();
  check(`${made} contact sheets are in the folder "faces" of the artefacts`, made >= sheets.length && pictures.size === all.length * sheets.length);
}

// The pictures of docs/pages.md: light, half the size.
const main = ['login', 'login-dark', 'signup', 'consent', 'offer', 'otp', 'enrol-app', 'lost', 'device-ask', 'signedout', 'home', 'profile', 'email', 'password', 'passkeys', 'two-step-on', 'sessions', 'applications',
  'activity', 'data', 'delete', 'dev', 'dev-validate', 'dev-playground', 'dev-token-decoded', 'problem-redirect_uri', 'mail reset'];

export async function runPictures() {
  const rows = main.map(name => ({ ...[...samples, ...mails].find(s => s.name === name.replace(/-dark$/, '')), picture: name.replace(' ', '-') }));
  await crowd('pictures', rows, { reducedMotion: 'reduce' }, async (page, s) => {
    const cdp = await page.context().newCDPSession(page);
    await page.emulateMedia({ colorScheme: s.picture.endsWith('-dark') ? 'dark' : 'light' });
    await page.setViewportSize({ width: 1280, height: 720 });
    await go(page, address(s));
    const height = Math.min(1000, Math.max(720, await page.evaluate(() => document.documentElement.scrollHeight)));
    await page.setViewportSize({ width: 1280, height });
    const { data } = await cdp.send('Page.captureScreenshot', { format: 'png', clip: { x: 0, y: 0, width: 1280, height, scale: .5 } });
    writeFileSync(`${input.folder}/${s.picture}.png`, Buffer.from(data, 'base64'));
    await cdp.detach();
  });
}
