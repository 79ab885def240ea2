// Every page in Chromium: whole walks with and without script, axe in light and dark at three widths, the policy's silence, bytes, screenshots.
import { allow, launch, press, seen } from './chromium.mjs';
import { at, axe, look as eye, said, view, watch } from './eye.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, dev, rp, screenshots } = input;
const browser = await launch(input.chromium);
const context = o => browser.newContext(view(o));
const mail = async (to, path, n = 1) => (await ask({ kind: 'mail', to, path, n })).link;

const submit = (page, action, more = '') => press(page, `form[action$="${action}"] button[type=submit]${more}`);
async function signIn(page, base, login, password) {
  await page.goto(`${base}/login`);
  await page.fill('[name=username]', login);
  await page.fill('[name=password]', password);
  await submit(page, '/login');
}
// arrive waits until the browser is at the relying party, and says what stands there.
async function arrive(page, path) {
  await page.waitForURL(u => u.href.startsWith(`${rp}${path}`), { timeout: 15000 });
  return page.textContent('h1');
}

async function walk() {
  const ctx = await context(), page = watch(await ctx.newPage());
  const cdp = await ctx.newCDPSession(page);
  await cdp.send('Network.enable');
  let bytes = 0;
  cdp.on('Network.loadingFinished', e => { bytes += e.encodedDataLength; });
  await page.goto(`${issuer}/signup`, { waitUntil: 'networkidle' });
  check('a cold visit is less than 50 KB', bytes > 1000 && bytes < 50 * 1024, `${bytes} bytes`);

  const state = name => page.waitForFunction(([n]) => document.querySelector(`[name=${n}]`).getAttribute('aria-invalid') === 'true', [name], { timeout: 5000 });
  await page.fill('[name=email]', 'not an address');
  await page.locator('[name=email]').blur();
  await state('email');
  await page.fill('[name=email]', 'rita@example.test');
  await page.waitForFunction(() => !document.querySelector('[name=email]').hasAttribute('aria-invalid'));
  await page.locator('[name=username]').pressSequentially('taken_name');
  await page.locator('[name=username]').blur();
  await state('username');
  check('a taken username is told while typing', (await page.textContent('#username-msg')).length > 3);
  await page.fill('[name=username]', 'rita');
  await page.fill('[name=full_name]', 'Rita Müller');
  await page.fill('[name=password]', 'short');
  await page.locator('[name=password]').blur();
  await state('password');
  await page.fill('[name=password]', 'four unrelated words');
  await submit(page, '/signup');
  check('sign-up leads to the inbox page', at(page, '/signup/sent'), page.url());
  await ctx.clearCookies({ name: /lk_sent$/ }); // as in another browser, where nobody is signed in by confirming
  await page.goto(await mail('rita@example.test', '/verify'));
  await submit(page, '/verify');
  check('the mailed link confirms', at(page, '/login') && await page.inputValue('[name=username]') === 'rita@example.test', page.url());
  await signIn(page, issuer, 'rita', 'wrong password');
  check('a wrong password stays', at(page, '/login') && await page.isVisible('[role=alert]'));
  await page.fill('[name=password]', 'four unrelated words');
  await submit(page, '/login');
  check('sign-in leads to the account', at(page, '/account'), page.url());

  await account(page);
  await applications(ctx, page);
  await resets(page);
  await ctx.close();
}

async function account(page) {
  await page.click('.menu-wide a[href$="/account/profile"]');
  await page.fill('[name=full_name]', 'Rita M. Müller');
  await page.fill('[name=phone]', '+49 (30) 1234-5678');
  await page.fill('[name=experience_years]', '7');
  await page.fill('[name=skills]', 'go\nsql');
  await page.locator('form[action$="/account/profile"] button[type=submit]').click();
  await page.waitForURL(/notice=saved/);
  check('the profile is saved', await page.inputValue('[name=phone]') === '+493012345678' && await page.inputValue('[name=skills]') === 'go\nsql', await page.inputValue('[name=phone]'));
  await page.setInputFiles('#picture', { name: 'me.png', mimeType: 'image/png', buffer: await page.screenshot({ clip: { x: 0, y: 0, width: 60, height: 40 } }) });
  await submit(page, '/account/picture');
  check('the picture is shown', await page.evaluate(() => { const i = document.querySelector('img.avatar'); return i?.complete && i.naturalWidth > 0; }), await page.textContent('main'));
  await page.setInputFiles('#resume', { name: 'cv.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n') });
  await submit(page, '/account/resume');
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[href$="/account/resume"]')]);
  check('the résumé comes back', download.suggestedFilename() === 'cv.pdf', download.suggestedFilename());
  await submit(page, '/account/picture/delete');
  check('the picture is gone', !await page.isVisible('img.avatar'));

  const other = await context(), second = watch(await other.newPage());
  await signIn(second, issuer, 'rita@example.test', 'four unrelated words');
  await page.goto(`${issuer}/account/sessions`);
  check('both sessions are listed', await page.locator('form[action$="/sessions/end"]').count() === 2, await page.textContent('main'));
  await submit(page, '/account/sessions/end-others');
  check('the other session is ended', await page.locator('form[action$="/sessions/end"]').count() === 1);
  await second.goto(`${issuer}/account`);
  check('the other browser is signed out', at(second, '/login'), second.url());
  await page.goto(`${issuer}/account/password`);
  await page.fill('[name=current]', 'four unrelated words');
  await page.fill('[name=password]', 'five other unrelated words');
  await page.locator('form[action$="/account/password"] button[type=submit]').click();
  await page.waitForURL(/notice=/);
  check('the password is changed', await page.isVisible('[role=status]'));
  await signIn(second, issuer, 'rita', 'four unrelated words');
  check('the old password is refused', at(second, '/login'));
  await other.close();
}

async function applications(ctx, page) {
  await page.goto(`${rp}/start`);
  await allow(page);
  check('consent leaves for the application', await arrive(page, '/callback') === 'Hello rita@example.test', page.url());
  await page.goto(`${rp}/start`);
  check('consent is remembered', await arrive(page, '/callback') === 'Hello rita@example.test', page.url());
  await page.goto(`${rp}/start?response_mode=form_post`);
  check('form_post', await arrive(page, '/callback') === 'Hello rita@example.test', page.url());
  await page.goto(`${rp}/start?prompt=login`);
  await page.fill('[name=password]', 'five other unrelated words');
  await page.click('form[action$="/login"] button[type=submit]', { noWaitAfter: true });
  check('signing in again leaves for the application', await arrive(page, '/callback') === 'Hello rita@example.test', page.url());
  await page.addInitScript(() => {
    window.waited = [];
    new MutationObserver(l => l.forEach(m => window.waited.push(`${m.target.value} ${m.target.ariaDisabled}`))).observe(document, { subtree: true, attributeFilter: ['aria-disabled'] });
    addEventListener('submit', e => window.waited.push(e.defaultPrevented ? 'kept back' : 'sent'));
    document.addEventListener('DOMContentLoaded', () => document.querySelector('button[value=allow]')?.click());   // modules have run by now
  });
  await page.goto(`${rp}/start?prompt=consent`);
  await seen(page);
  const waited = await page.evaluate(() => [...new Set(window.waited)].sort().join());
  check('an answer before the question was seen does not count, and the buttons say so', waited === 'allow null,allow true,deny null,deny true,kept back', waited);
  await page.click('button[value=deny]', { noWaitAfter: true });
  check('a denial arrives', await arrive(page, '/callback') === 'Failed: access_denied', page.url());
  await page.goto(`${issuer}/account/applications`);
  await press(page, 'a[href*="/applications/remove?client_id=bookshop"]');
  await submit(page, '/account/applications/remove');
  await page.goto(`${rp}/start`);
  await page.waitForURL(/\/consent/);
  await allow(page);
  check('what was taken back is asked for again', await arrive(page, '/callback') === 'Hello rita@example.test', page.url());
  await page.goto(`${rp}/sign-out`);
  check('the application signs out', await arrive(page, '/signed-out') === 'Bye', page.url());
  await page.goto(`${issuer}/account`);
  check('the session is over', at(page, '/login'), page.url());
  const fresh = await context(), person = watch(await fresh.newPage());
  await person.goto(`${rp}/start`);
  await person.fill('[name=username]', 'rita');
  await person.fill('[name=password]', 'five other unrelated words');
  await person.click('form[action$="/login"] button[type=submit]', { noWaitAfter: true });
  check('a fresh browser signs in and arrives', await arrive(person, '/callback') === 'Hello rita@example.test', person.url());
  await person.goto(`${issuer}/logout`);
  await submit(person, '/logout');
  await person.goto(`${issuer}/account`);
  check('sign-out after the question', at(person, '/login'), person.url());
  await fresh.close();
}

async function resets(page) {
  await page.goto(`${issuer}/forgot`);
  await page.fill('[name=email]', 'rita@example.test');
  await submit(page, '/forgot');
  check('forgot says that a mail may be under way', at(page, '/forgot/sent'), page.url());
  await page.goto(await mail('rita@example.test', '/reset'));
  check('the token leaves the address', page.url() === `${issuer}/reset`, page.url());
  await page.fill('[name=password]', 'six further unrelated words');
  await submit(page, '/reset');
  check('reset leads to sign-in', at(page, '/login'), page.url());
  await signIn(page, issuer, 'rita', 'six further unrelated words');
  check('the new password signs in', at(page, '/account'), page.url());
  await submit(page, '/account/sign-out');
  check('sign-out', at(page, '/login'), page.url());
}

// withoutScript is the way of a new person to an application, in Chromium with script off.
async function withoutScript() {
  const ctx = await context({ javaScriptEnabled: false }), page = watch(await ctx.newPage());
  await page.goto(`${rp}/start`);
  await press(page, 'a[href*="/signup"]');
  await page.fill('[name=email]', 'nojs@');
  await submit(page, '/signup');
  check('no script: errors are listed', await page.locator('[role=alert] li').count() >= 1);
  await page.fill('[name=email]', 'nojs@example.test');
  await page.fill('[name=password]', 'four unrelated words');
  await submit(page, '/signup');
  await page.goto(await mail('nojs@example.test', '/verify'));
  await submit(page, '/verify');
  check('no script: confirming signs in, and the flow goes on to consent', at(page, '/consent'), page.url());
  await page.click('button[value=allow]', { noWaitAfter: true });
  check('no script: arrives at the application', await arrive(page, '/callback') === 'Hello nojs@example.test', page.url());
  await ctx.close();
}

// demo: the sample application and the mailbox of development mode.
async function demo() {
  const ctx = await context(), page = watch(await ctx.newPage());
  await page.goto(`${dev}/signup`);
  await page.fill('[name=email]', 'dev@example.test');
  await page.fill('[name=password]', 'four unrelated words');
  await submit(page, '/signup');
  await page.goto(`${dev}/dev/mail`);
  for (let i = 0; i < 100 && !await page.isVisible('main a[href*="m="]'); i++) {
    await page.waitForTimeout(50);
    await page.reload();
  }
  await press(page, 'main a[href*="m="]');
  await ctx.clearCookies({ name: /lk_sent$/ });
  await press(page, 'main a[href*="/verify"]');
  await submit(page, '/verify');
  await page.goto(`${dev}/demo`);
  await page.check('#demo-offline');
  await page.click('#demo-signin');
  await page.waitForURL(/\/login/);
  await page.fill('[name=username]', 'dev@example.test');
  await page.fill('[name=password]', 'four unrelated words');
  await page.click('form[action$="/login"] button[type=submit]', { noWaitAfter: true });
  await allow(page);
  await page.waitForSelector('#demo-access .badge-ok', { timeout: 15000 });
  check('demo: the code is out of the address', page.url() === `${dev}/demo`, page.url());
  for (const id of ['id', 'access']) {
    check(`demo: ${id} token is good`, await page.isVisible(`#demo-${id} .badge-ok`) && await page.locator(`#demo-${id} .check-bad`).count() === 0, await page.textContent(`#demo-${id}`));
  }
  await page.waitForFunction(() => document.getElementById('demo-userinfo').textContent.includes('dev@example.test'));
  const before = await page.textContent('#demo-access [data-raw]');
  await page.click('#demo-refresh');
  await page.waitForFunction(old => document.querySelector('#demo-access [data-raw]').textContent !== old, before);
  check('demo: refresh', await page.isVisible('#demo-access .badge-ok') && !await page.isVisible('#demo-error'), await page.textContent('#demo-error'));
  await look('demo', page, true);
  await page.click('#demo-signout', { noWaitAfter: true });
  await page.waitForURL(`${dev}/demo`);
  check('demo: signed out', await page.waitForSelector('#demo-start:not([hidden])'));
  await ctx.close();
}

// look counts what was looked at by axe.
let looked = 0;
async function look(name, page, only = false) {
  looked += await eye(name, page, screenshots, { only });
}

async function everyPage() {
  const ctx = await context({ bypassCSP: true });
  await ctx.addInitScript(axe);
  // The page that leads away at once is held: shown without its Refresh header.
  await ctx.route('**/consent', async route => {
    if (route.request().method() !== 'POST') return route.continue();
    const res = await route.fetch({ maxRedirects: 1, headers: { ...await route.request().allHeaders(), 'sec-fetch-site': 'same-origin' } }), headers = res.headers();
    check('the hand-off page leads away by itself', headers.refresh?.startsWith('0; url='), headers);
    delete headers.refresh;
    await route.fulfill({ status: res.status(), headers, body: await res.body() });
  });
  await ctx.route(`${rp}/callback**`, route => route.abort());
  const page = await ctx.newPage();
  await page.goto(`${rp}/start`);
  await look('login-for-application', page);
  await page.goto(`${issuer}/login`);
  await look('login', page);
  await submitAnyway(page, '/login');
  await look('login-errors', page);
  await page.goto(`${issuer}/signup`);
  await look('signup', page);
  await submitAnyway(page, '/signup');
  await look('signup-errors', page);
  await page.fill('[name=email]', 'looker@example.test');
  await page.fill('[name=username]', 'looker');
  await page.fill('[name=password]', 'four unrelated words');
  await submit(page, '/signup');
  await look('signup-sent', page);
  await page.goto(await mail('looker@example.test', '/verify'));
  await look('verify', page);
  await page.goto(`${issuer}/verify?token=dead`);
  await look('verify-dead', page);
  await page.goto(`${issuer}/forgot`);
  await look('forgot', page);
  await page.fill('[name=email]', 'looker@example.test');
  await submit(page, '/forgot');
  await look('forgot-sent', page);
  await page.goto(await mail('looker@example.test', '/reset'));
  await look('reset', page);
  await page.goto(`${issuer}/reset?token=dead`);
  await look('reset-dead', page);
  await page.goto(`${issuer}/not-me?token=dead`);
  await look('not-me', page);
  await page.goto(`${issuer}/nothing/here`);
  await look('not-found', page);
  await page.goto(`${issuer}/authorize?client_id=nobody`);
  await look('problem', page);
  await signIn(page, issuer, 'looker', 'four unrelated words');
  await look('account', page);
  await page.goto(`${issuer}/account/password`);
  await look('password', page);
  await page.goto(`${issuer}/account/sessions`);
  await look('sessions', page);
  const { code } = await ask({ kind: 'device' });
  await page.goto(`${issuer}/device`);
  await look('device', page);
  await page.fill('[name=user_code]', 'BBBB-BBBB');
  await submit(page, '/device');
  await look('device-unknown', page);
  await page.fill('[name=user_code]', code);
  await submit(page, '/device');
  await look('device-confirm', page);
  await seen(page);
  await press(page, 'button[value=allow]');
  await look('device-done', page);
  await page.goto(`${rp}/start`);
  await page.waitForURL(/\/consent/);
  await look('consent', page);
  await page.goto(`${rp}/start?prompt=login`);
  await look('sign-in-again', page);
  await page.goto(`${rp}/start?prompt=select_account`);
  await look('choose-account', page);
  await page.goto(`${rp}/start`);
  await allow(page);
  await page.waitForSelector(`a[href^="${rp}"]`);
  await look('hand-off', page);
  await ctx.route('**/authorize?**', async route => { // held: without the line of script that sends the form at once
    const res = await route.fetch({ maxRedirects: 0 }), body = await res.text(), still = body.replace(/<script>.*?<\/script>/s, '');
    check('the form sends itself where there is script', still !== body, body);
    await route.fulfill({ response: res, body: still });
  });
  await page.goto((await ctx.request.get(`${rp}/start?response_mode=form_post`, { maxRedirects: 0 })).headers().location);
  check('and waits for a press where there is none', at(page, '/authorize') && await page.isVisible('form button[type=submit]'), page.url());
  await look('form-post', page);
  await ctx.unroute('**/authorize?**');
  await page.goto(`${issuer}/account/applications`);
  await look('applications', page);
  await page.goto(`${issuer}/logout`);
  await look('sign-out', page);
  await submit(page, '/logout');
  await look('signed-out', page);
  await page.goto(`${dev}/demo`);
  await look('demo-start', page);
  await page.goto(`${dev}/dev/mail`);
  await look('mailbox', page);
  check('axe looked at every page', looked >= 31 * 6, `${looked}`);
}
// submitAnyway sends a form past its own checks.
const submitAnyway = (page, action) => Promise.all([page.waitForNavigation(), page.evaluate(a => document.querySelector(`form[action$="${a}"]`).submit(), action)]);

await attempt('walk', walk);
await attempt('without script', withoutScript);
await attempt('demo', demo);
await attempt('every page', everyPage);
check('the console is silent', said.length === 0, said.join('\n'));
await browser.close();
finish();
