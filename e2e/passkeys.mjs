// Passkeys in Chromium with an authenticator of software: made, used by button and by autofill, as a second step, to prove it again; listed, renamed, removed; and what is said when it fails.
import { allow, launch, press } from './chromium.mjs';
import { axe, look as eye, said, view, watch } from './eye.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, strict, rp, screenshots } = input;
const password = 'four unrelated words';
const browser = await launch(input.chromium);
const path = page => new URL(page.url()).pathname;
const text = async (page, selector) => (await page.textContent(selector)).trim().replace(/\s+/g, ' ');

// visitor is a browser of its own, with an authenticator unless bare. Nobody touches that before touch(true). An authenticator that is touched all the time
// answers whatever is asked first, so what a page asks without anybody's doing (autofill, quiet making) is off but where quiet(true) was called.
async function visitor({ bare = false, transport = 'internal', ...o } = {}) {
  const ctx = await browser.newContext(view(o));
  if (o.bypassCSP) await ctx.addInitScript(axe);
  await ctx.addInitScript(() => {
    window.shift = 0;
    if (!sessionStorage.quiet && window.PublicKeyCredential) {
      PublicKeyCredential.getClientCapabilities = async () => ({});
      PublicKeyCredential.isConditionalMediationAvailable = async () => false;
    }
    new PerformanceObserver(l => { for (const e of l.getEntries()) window.shift += e.value; }).observe({ type: 'layout-shift', buffered: true });
  });
  const page = watch(await ctx.newPage()), cdp = await ctx.newCDPSession(page);
  const v = { ctx, page, cdp };
  await cdp.send('WebAuthn.enable');
  v.add = async (options = {}) => {
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', ctap2Version: 'ctap2_1', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: false, ...options } });
    return (v.authenticatorId = authenticatorId);
  };
  v.quiet = on => page.evaluate(q => { sessionStorage.quiet = q; }, on ? '1' : '');
  v.touch = enabled => cdp.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: v.authenticatorId, enabled });
  v.credentials = async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId: v.authenticatorId })).credentials;
  if (!bare) await v.add();
  return v;
}
async function typePassword(page, login, base = issuer) {
  await page.goto(`${base}/login`);
  await page.fill('[name=username]', login);
  await page.fill('[name=password]', password);
  await press(page, 'form[action$="/login"] button[type=submit]');
}
const byButton = 'form[data-passkey=get] button', make = 'form[data-passkey=create] button';
// touched presses a button, with somebody there who touches the authenticator, and waits for the page that follows.
async function touched(v, selector, where) {
  await v.touch(true);
  await Promise.all([v.page.waitForURL(where, { timeout: 30000 }), v.page.click(selector, { noWaitAfter: true })]);
  await v.touch(false);
}
const signOut = page => press(page, 'form[action$="/account/sign-out"] button');
const status = (page, form) => page.waitForFunction(f => document.querySelector(`form[data-passkey=${f}] [role=status]`).textContent, form, { timeout: 30000 });

// offered: after a password a passkey is offered, once in a while, and made.
async function offered() {
  const v = await visitor();
  const { page } = v;
  await typePassword(page, 'rita');
  check('a passkey is offered after a password', path(page) === '/login/offer', page.url());
  await press(page, 'form.later button');
  check('not now leads on', path(page) === '/account', page.url());
  await signOut(page);
  await typePassword(page, 'rita');
  check('the offer is not made again', path(page) === '/account', page.url());
  await v.ctx.close();

  const w = await visitor();
  await typePassword(w.page, 'rita');
  await touched(w, make, /\/account\/passkeys/);
  check('the passkey is in the list', await w.page.locator('.line-key').count() === 1 && await w.page.isVisible('.notice-ok'), await text(w.page, 'main'));
  check('it is on the authenticator, and can be found there', (await w.credentials()).length === 1 && (await w.credentials())[0].isResidentCredential);
  await ask({ kind: 'mailed', to: 'rita@example.test', subject: 'passkey' });
  await signOut(w.page);
  return w;
}

// signsIn uses it: by the button, by autofill, within a request, to prove it again, by keyboard alone.
async function signsIn(v) {
  const { page } = v;
  await page.goto(`${issuer}/login`);
  check('the name field offers passkeys', (await page.getAttribute('[name=username]', 'autocomplete')).endsWith('webauthn'));
  check('nothing moved', await page.evaluate(() => window.shift) < 0.001, await page.evaluate(() => window.shift));
  await touched(v, byButton, /\/account$/);
  check('the button signs in', await text(page, '.top-name') !== '', page.url());
  await signOut(page);

  await v.quiet(true);
  await v.touch(true);
  await page.goto(`${issuer}/login`, { waitUntil: 'commit' }); // the page may be left before it has loaded
  await page.waitForURL(/\/account$/, { timeout: 30000 });
  await v.touch(false);
  await v.quiet(false);
  check('autofill signs in', path(page) === '/account', page.url());
  await signOut(page);

  await page.goto(`${issuer}/login`);
  await page.locator('#login-submit').focus();
  await page.keyboard.press('Tab');
  check('the button comes after the form, by keyboard', await page.evaluate(s => document.activeElement === document.querySelector(s), byButton));
  await v.touch(true);
  await Promise.all([page.waitForURL(/\/account$/, { timeout: 30000 }), page.keyboard.press('Enter')]);
  await v.touch(false);
  check('Enter signs in', path(page) === '/account', page.url());
  await signOut(page);

  await page.goto(`${rp}/start`);
  await page.check('[name=remember]');
  await touched(v, byButton, /\/consent/);
  const kept = (await v.ctx.cookies(issuer)).find(c => c.name.includes('lk_session'));
  check('"keep me signed in" goes along', kept?.expires > Date.now() / 1000 + 86400, kept);
  await allow(page);
  await page.waitForURL(u => u.href.startsWith(`${rp}/callback`), { timeout: 30000 });
  check('a request is answered', await text(page, 'h1') === 'Hello rita@example.test', await text(page, 'h1'));
  let token = await ask({ kind: 'idToken' });
  check('amr and acr say what was proved', ['pop', 'user', 'mfa'].every(a => token.amr.includes(a)) && !token.amr.includes('pwd') && token.acr === '2', token);
  const before = token.auth_time;
  await page.waitForTimeout(1100);
  await page.goto(`${rp}/start?prompt=login`);
  check('to prove it again, that person is named', await page.isVisible('.person') && await page.isVisible(byButton), await text(page, 'main'));
  await touched(v, byButton, u => u.href.startsWith(`${rp}/callback`));
  token = await ask({ kind: 'idToken' });
  check('a passkey proves it again', token.auth_time > before && token.acr === '2', token);
  await page.goto(`${issuer}/account`);
  await signOut(page);
}

// fails says what is said when it does.
async function fails(v) {
  const { page } = v;
  const empty = await visitor({ transport: 'usb' });
  await empty.page.goto(`${issuer}/login`);
  await empty.touch(true);
  await empty.page.click(byButton, { noWaitAfter: true });
  await status(empty.page, 'get');
  check('no passkey, or cancelled: said beside the button', /Passkey cancelled/.test(await text(empty.page, 'form[data-passkey=get] [role=status]')), await text(empty.page, 'form[data-passkey=get]'));
  check('the button is as before', await text(empty.page, byButton) === 'Sign in with a passkey' && await empty.page.getAttribute(byButton, 'aria-busy') === 'false');
  await empty.ctx.close();

  await page.route('**/passkeys/options', r => r.fulfill({ status: 429, contentType: 'application/json', body: '{"message":"Too many attempts."}' }));
  await page.goto(`${issuer}/login`);
  await page.click(byButton, { noWaitAfter: true });
  await status(page, 'get');
  check('what the server says is shown', await text(page, 'form[data-passkey=get] [role=status]') === 'Too many attempts.');
  await page.unroute('**/passkeys/options');

  const other = await visitor({ bare: true });
  await typePassword(other.page, 'rita');
  await other.page.goto(`${issuer}/account/passkeys`);
  await press(other.page, '.line-key a.btn');
  check('removing asks first', await other.page.isVisible('form[action$="/remove"]') && await other.page.locator('.line-key').count() === 0, await text(other.page, 'main'));
  await press(other.page, 'form[action$="/remove"] button');
  check('it is removed', await other.page.locator('.line-key').count() === 0 && await other.page.isVisible('.notice-ok'), await text(other.page, 'main'));
  await other.ctx.close();

  await page.goto(`${issuer}/login`);
  await touched(v, byButton, /\/login\/passkey/);
  check('a passkey that was removed is said not to be known', /not known here/.test(await text(page, '[role=alert]')) && (await page.title()).startsWith('Error:'), await text(page, 'main'));
  await page.waitForFunction(() => document.querySelector('[data-signals]'));
  for (let i = 0; i < 20 && (await v.credentials()).length; i++) await page.waitForTimeout(100);
  check('the authenticator is told to forget it', (await v.credentials()).length === 0, await v.credentials());
  await page.fill('[name=username]', 'rita');
  await page.fill('[name=password]', password);
  await press(page, 'form[action$="/login"] button[type=submit]');
  check('the password still works', path(page).startsWith('/account') || path(page) === '/login/offer', page.url());
  await v.ctx.close();
}

// keeps is the list: several, renamed, removed, and the same authenticator twice.
async function keeps() {
  const v = await visitor({ bypassCSP: true }), { page } = v;
  await page.goto(`${issuer}/login`);
  await look('login-passkey', page);
  await typePassword(page, 'keys');
  await look('offer', page);
  await page.goto(`${issuer}/account/passkeys`);
  await look('passkeys-none', page);
  await touched(v, make, /notice=passkey_added/);
  await v.touch(true);
  await page.click(make, { noWaitAfter: true });
  await status(page, 'create');
  check('one authenticator keeps one passkey', /already has a passkey/.test(await text(page, 'form[data-passkey=create] [role=status]')), await text(page, 'form[data-passkey=create] [role=status]'));
  await v.touch(false);
  await v.cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: v.authenticatorId });
  await v.add({ transport: 'usb' });
  await page.goto(`${issuer}/account/passkeys`);
  await touched(v, make, /notice=passkey_added/);
  check('both are listed, each with a name of its own', new Set(await page.locator('.line-key h2 bdi').allTextContents()).size === 2, await text(page, 'main'));
  await look('passkeys', page);
  const row = page.locator('.line-key').nth(1);
  await row.locator('summary').click();
  await row.locator('[name=name]').fill('');
  await Promise.all([page.waitForNavigation(), row.locator('form button').click()]);
  check('a name is needed', await page.isVisible('[role=alert]') && await page.getAttribute('#passkey-name', 'aria-invalid') === 'true', await text(page, 'main'));
  await look('passkeys-name', page);
  await page.fill('#passkey-name', 'The key on my ring');
  await Promise.all([page.waitForNavigation(), page.locator('details[open] form button').click()]);
  check('renamed', (await page.locator('.line-key h2 bdi').allTextContents()).includes('The key on my ring'), await text(page, 'main'));
  await page.locator('.line-key a.btn').first().click();
  await page.waitForURL(/remove/);
  await look('passkeys-remove', page);
  await press(page, 'form[action$="/remove"] button');
  check('one is left', await page.locator('.line-key').count() === 1);
  await signOut(page);
  await page.goto(`${issuer}/login`);
  await touched(v, byButton, /\/account$/);
  check('the other key signs in', path(page) === '/account', page.url());
  await v.ctx.close();
}

// without script, and where the browser knows no passkeys, the password is the way.
async function without() {
  const v = await browser.newContext({ javaScriptEnabled: false }), page = await v.newPage();
  await page.goto(`${issuer}/login`);
  check('without script: no button', !await page.isVisible(byButton));
  await page.fill('[name=username]', 'plain');
  await page.fill('[name=password]', password);
  await press(page, 'form[action$="/login"] button[type=submit]');
  check('without script: the password signs in, and nothing is offered', path(page) === '/account', page.url());
  await page.goto(`${issuer}/account/passkeys`);
  check('without script: the list is there, and says what is needed', !await page.isVisible(make) && await page.isVisible('noscript p'), await text(page, 'main'));
  await v.close();
  const old = await visitor({ bare: true });
  await old.ctx.addInitScript(() => { delete window.PublicKeyCredential; });
  await old.page.goto(`${issuer}/login`);
  await old.page.waitForFunction(() => document.querySelector('form[data-passkey]').hidden);
  check('not supported: no button', !await old.page.isVisible(byButton));
  await old.ctx.close();
}

// second is a passkey as the second of two factors, where the rules ask for two.
async function second() {
  const v = await visitor({ transport: 'usb' }), { page } = v;
  await typePassword(page, 'rita', strict);
  check('a second factor has to be set up', path(page) === '/login/enrol', page.url());
  await touched(v, make, u => u.pathname.startsWith('/account'));
  check('a passkey is one', path(page).startsWith('/account'), page.url());
  await page.goto(`${strict}/account`);
  await signOut(page);
  await typePassword(page, 'rita', strict);
  check('it is asked for after the password', path(page) === '/login/otp', page.url());
  await touched(v, byButton, /\/account$/);
  check('and finishes the sign-in', path(page) === '/account', page.url());
  await v.ctx.close();
}

const look = (name, page) => eye(name, page, screenshots);

let made;
await attempt('offer', async () => { made = await offered(); });
await attempt('sign in', () => signsIn(made));
await attempt('failures', () => fails(made));
await attempt('list', keeps);
await attempt('without', without);
await attempt('second', second);
check('the console is silent', said.length === 0, said.join('\n'));
await browser.close();
finish();
