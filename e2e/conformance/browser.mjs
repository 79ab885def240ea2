// A browser for chromium.go: an order a line on standard input, an answer a line on standard output. It signs in and allows on the
// provider's pages, and stays where nothing is asked.
import { chromium } from 'playwright-core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => { const { value, done } = await lines.next(); return done ? undefined : JSON.parse(value); };
const say = o => process.stdout.write(JSON.stringify(o) + '\n');

const input = await next();
// A profile for every set of cookies. Some distributions' Chromium, and any that is incognito, keeps cookies from frames of other sites:
// this one must not.
const profiles = new Map();
async function profile(name) {
  if (!profiles.has(name)) {
    const dir = mkdtempSync(join(tmpdir(), 'conformance-browser-'));
    mkdirSync(join(dir, 'Default'));
    writeFileSync(join(dir, 'Default', 'Preferences'), JSON.stringify({ profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } }));
    const browser = await chromium.launchPersistentContext(dir, { executablePath: input.chromium, locale: 'en-GB', ignoreHTTPSErrors: true,
      viewport: { width: 900, height: 700 }, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
    profiles.set(name, { dir, browser });
  }
  return profiles.get(name).browser;
}
async function forget({ context }) {
  const known = profiles.get(context);
  profiles.delete(context);
  await known?.browser.close();
  if (known) rmSync(known.dir, { recursive: true, force: true });
  return {};
}
const shot = async page => 'data:image/jpeg;base64,' + (await page.screenshot({ type: 'jpeg', quality: 60 })).toString('base64');

// steps are what a page of the provider may ask for.
const steps = [
  ['#login-submit', async page => {
    await page.fill('#username', input.name);
    await page.fill('#password', input.password);
  }],
  ['#consent-allow', page => page.waitForFunction(() => performance.now() > 700)], // the question must have been seen
  ['#logout-confirm', async () => {}],
];

// settle does what is asked until nothing is asked for a while.
async function settle(page) {
  const end = Date.now() + 20000;
  for (let quiet = 0; quiet < 4 && Date.now() < end;) {
    await page.waitForLoadState('load', { timeout: 5000 }).catch(() => {});
    const at = page.url();
    let pressed = false;
    if (at.startsWith(input.provider + '/')) {
      for (const [button, before] of steps) {
        if (!await page.isVisible(button).catch(() => false)) continue;
        await before(page);
        await page.click(button, { noWaitAfter: true });
        await page.waitForURL(u => u.href !== at, { timeout: 5000 }).catch(() => {});
        pressed = true;
        break;
      }
    }
    await page.waitForTimeout(250);
    quiet = pressed || page.url() !== at ? 0 : quiet + 1;
  }
}

async function visit(order) {
  const page = await (await profile(order.context)).newPage();
  await page.goto(order.url, { waitUntil: 'commit', timeout: 20000 });
  await settle(page);
  return { url: page.url(), title: await page.title(), shot: await shot(page) };
}

async function card({ text }) {
  const page = await (await profile('')).newPage();
  await page.setContent('<p style="font: 18px sans-serif; margin: 2em; overflow-wrap: anywhere"></p>');
  await page.evaluate(t => { document.querySelector('p').textContent = t; }, text);
  const out = { shot: await shot(page) };
  await page.close();
  return out;
}

const orders = { visit, card, forget };
for (let o = await next(); o; o = await next()) {
  try {
    say(await orders[o.do](o));
  } catch (e) {
    say({ error: String(e.message).slice(0, 400) });
  }
}
for (const context of [...profiles.keys()]) await forget({ context });
