// The developer's pages in Chromium: a walk through the playground with the mouse, with and without script, and every page looked at by axe.
import { allow, launch, press, sign } from './chromium.mjs';
import { axe, look as eye, said, view, watch } from './eye.mjs';
import { attempt, check, finish, input } from './lib.mjs';

const { issuer, screenshots, login, password, tokens } = input;
const browser = await launch(input.chromium);
const context = o => browser.newContext(view(o));
const submit = (page, action) => press(page, `main form[action$="${action}"] button[type=submit]`);


// walk goes through the playground from the first page to the tokens; at looks at each step.
async function walk(page, at = async () => {}) {
  await page.goto(`${issuer}/dev`);
  await press(page, '.menu-wide a[href$="/dev/playground"]');
  await page.check('input[name=scope][value=phone]');
  await page.selectOption('[name=prompt]', 'login');
  await at('playground');
  await submit(page, '/dev/playground');
  check('the request is shown before it is sent', page.url() === `${issuer}/dev/request` && (await page.textContent('main')).includes('code_challenge'), page.url());
  await at('request');
  await page.click('main a.btn-primary', { noWaitAfter: true });
  await page.waitForURL(/\/login/);
  await sign(page, login, password);
  await page.waitForURL(u => /\/consent|\/dev\/callback/.test(u.pathname));
  if (page.url().includes('/consent')) await allow(page);
  await page.waitForURL(/\/dev\/callback/);
  await page.waitForSelector('main .members');
  check('the answer is what was waited for', await page.locator('.check-ok').count() === 2 && await page.locator('.check-bad').count() === 0, await page.textContent('main'));
  await at('answer');
  await submit(page, '/dev/callback');
  const text = await page.textContent('main');
  check('the person is signed in', text.includes('this person is signed in') && await page.locator('#dev-id .check-bad, #dev-access .check-bad').count() === 0 && await page.locator('#dev-id .check-ok').count() >= 8, text);
  await at('tokens');
}

await attempt('the walk', async () => {
  const ctx = await context(), page = watch(await ctx.newPage());
  await walk(page);
  await page.reload().catch(() => {});
  await ctx.close();
});

await attempt('the walk without script', async () => {
  const ctx = await context({ javaScriptEnabled: false }), page = watch(await ctx.newPage());
  await page.goto(`${issuer}/dev/validate`);
  check('no script: the first tab is open', await page.isVisible('#validate-go') && !await page.isVisible('#validate-node'));
  await page.click('summary:has-text("Node")');
  check('no script: a tab closes the others', await page.isVisible('#validate-node') && !await page.isVisible('#validate-go'));
  await page.goto(`${issuer}/dev/playground`);
  await submit(page, '/dev/playground');
  await page.click('main a.btn-primary', { noWaitAfter: true });
  await page.waitForURL(/\/login/);
  await sign(page, login, password);
  await page.waitForURL(u => /\/consent|\/dev\/callback/.test(u.pathname));
  if (page.url().includes('/consent')) await page.click('button[value=allow]', { noWaitAfter: true });
  await page.waitForURL(/\/dev\/callback/);
  await page.waitForSelector('input[name=code]', { state: 'attached' });
  await submit(page, '/dev/callback');
  check('no script: signed in', (await page.textContent('main')).includes('this person is signed in'));
  await ctx.close();
});

await attempt('bytes', async () => {
  for (const path of ['/dev', '/dev/validate', '/dev/playground', '/dev/token']) {
    const ctx = await context(), page = watch(await ctx.newPage()), cdp = await ctx.newCDPSession(page);
    await cdp.send('Network.enable');
    let bytes = 0;
    cdp.on('Network.loadingFinished', e => { bytes += e.encodedDataLength; });
    await page.goto(issuer + path, { waitUntil: 'networkidle' });
    check(`a cold visit to ${path} is less than 50 KB`, bytes > 1000 && bytes < 50 * 1024, `${bytes} bytes`);
    await ctx.close();
  }
});

await attempt('every page', async () => {
  const ctx = await context({ bypassCSP: true });
  await ctx.addInitScript(axe);
  const page = await ctx.newPage();
  const look = async name => {
    await eye(`dev-${name}`, page, screenshots);
    await page.emulateMedia({ colorScheme: 'light' });
  };
  await page.goto(`${issuer}/dev`);
  await look('discovery');
  await page.goto(`${issuer}/dev/validate`);
  await look('validate');
  await walk(page, look);
  await page.goto(`${issuer}/dev/callback?code=x`);
  await look('lost');
  await page.goto(`${issuer}/dev/token`);
  await look('debugger');
  for (const [name, token] of Object.entries(tokens)) {
    await page.fill('[name=token]', token);
    await submit(page, '/dev/token');
    await look(`token-${name}`);
  }
  await page.fill('[name=token]', '');
  await submit(page, '/dev/token');
  await look('debugger-errors');
  await press(page, '.langs button[value=de]');
  await page.goto(`${issuer}/dev/validate`);
  await look('validate-de');
  await ctx.close();
});

check('the console is silent', said.length === 0, said.join('\n'));
await browser.close();
finish();
