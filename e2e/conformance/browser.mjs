// A browser for chromium.go: an order a line on standard input, an answer a line on standard output. It signs in and allows on the
// provider's pages, and stays where nothing is asked.
import { chromium } from 'playwright-core';
import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => { const { value, done } = await lines.next(); return done ? undefined : JSON.parse(value); };
const say = o => process.stdout.write(JSON.stringify(o) + '\n');

const input = await next();
const browser = await chromium.launch({ executablePath: input.chromium, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP localhost.emobix.co.uk 127.0.0.1'] });
const contexts = new Map();

async function pageOf(name) {
  if (!contexts.has(name)) contexts.set(name, await browser.newContext({ locale: 'en-GB', ignoreHTTPSErrors: true, viewport: { width: 900, height: 700 } }));
  return contexts.get(name).newPage();
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
  const page = await pageOf(order.context);
  await page.goto(order.url, { waitUntil: 'commit', timeout: 20000 });
  await settle(page);
  return { url: page.url(), title: await page.title(), shot: await shot(page) };
}

async function card({ text }) {
  const page = await browser.newPage({ viewport: { width: 900, height: 200 } });
  await page.setContent('<p style="font: 18px sans-serif; margin: 2em; overflow-wrap: anywhere"></p>');
  await page.evaluate(t => { document.querySelector('p').textContent = t; }, text);
  const out = { shot: await shot(page) };
  await page.close();
  return out;
}

async function forget({ context }) {
  await contexts.get(context)?.close();
  contexts.delete(context);
  return {};
}

const orders = { visit, card, forget };
for (let o = await next(); o; o = await next()) {
  try {
    say(await orders[o.do](o));
  } catch (e) {
    say({ error: String(e.message).slice(0, 400) });
  }
}
await browser.close();
