// Second factors in Chromium: set up with the mouse, signed in with by keyboard alone, recovery codes, a browser that is trusted, off; each page looked at.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { launch, press } from './chromium.mjs';
import { axe, look as eye, said, tabTo, view, watch } from './eye.mjs';
import { attempt, check, finish, input } from './lib.mjs';

const { issuer, strict, screenshots } = input;
const password = 'four unrelated words';
const browser = await launch(input.chromium);
const path = page => new URL(page.url()).pathname;
const text = async (page, selector = 'main') => (await page.textContent(selector)).trim().replace(/\s+/g, ' ');

// app is an authenticator app: it gives each code once (RFC 6238), of the half minute before, of now, and of the one to come.
function app(key) {
  const bits = [...key.replace(/ /g, '')].map(c => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map(b => parseInt(b, 2)));
  let last = 0;
  return async () => {
    for (;;) {
      const now = Math.floor(Date.now() / 30000), step = Math.max(last + 1, now - 1);
      if (step <= now + 1) {
        last = step;
        const counter = Buffer.alloc(8);
        counter.writeBigUInt64BE(BigInt(step));
        const sum = createHmac('sha1', secret).update(counter).digest();
        return String((sum.readUInt32BE(sum[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0');
      }
      await new Promise(done => setTimeout(done, 500));
    }
  };
}

async function visitor(o = {}) {
  const ctx = await browser.newContext(view(o));
  if (o.bypassCSP) await ctx.addInitScript(axe);
  return { ctx, page: watch(await ctx.newPage()) };
}
async function signIn(page, login, base = issuer) {
  await page.goto(`${base}/login`);
  await page.fill('[name=username]', login);
  await page.fill('[name=password]', password);
  await press(page, 'form[action$="/login"] button[type=submit]');
}
// types a code digit by digit: one that came at once would be sent by the page.
const types = async (page, value) => {
  await page.fill('[name=code]', '');
  await page.locator('[name=code]').pressSequentially(value);
};
const send = (page, action) => press(page, `form[action$="${action}"] button[type=submit]`);
// tabTo moves the focus by Tab alone until it is where the selector says.
const enter = page => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press('Enter')]);

const look = (name, page) => eye(`second-${name}`, page, screenshots);

let code, codes;

async function setsUp() {
  const { ctx, page } = await visitor({ bypassCSP: true });
  await signIn(page, 'mia');
  await page.goto(`${issuer}/account/two-step`);
  await look('off', page);
  await press(page, 'main a[href$="/account/two-step/app"]');
  await look('set-up', page);
  check('the QR code is a picture with a name', await page.getAttribute('svg.qr', 'aria-label') !== null && (await page.getAttribute('svg.qr path', 'd')).length > 1000);
  code = app(await page.textContent('.secret-key'));
  const key = await page.textContent('.secret-key');
  await types(page, '000000');
  await send(page, '/two-step/app');
  check('a wrong code keeps the key, and the summary has the focus', await page.textContent('.secret-key') === key && await page.evaluate(() => document.activeElement.getAttribute('role')) === 'alert');
  await types(page, await code());
  await send(page, '/two-step/app');
  check('recovery codes are shown', path(page) === '/account/two-step/codes', page.url());
  await look('codes', page);
  codes = (await page.locator('.codes code').allTextContents());
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('main a[download]')]);
  const saved = readFileSync(await file.path(), 'utf8');
  check('and downloaded', codes.length === 10 && codes.every(c => saved.includes(c)) && file.suggestedFilename() === 'recovery-codes.txt', saved);
  await page.reload();
  check('a reload shows them still', (await page.locator('.codes code').count()) === 10);
  await send(page, '/two-step/codes');
  check('saved', path(page) === '/account/two-step' && /10 recovery codes left/.test(await text(page)), await text(page));
  await look('on', page);
  await page.goto(`${issuer}/account/two-step/codes`);
  check('they are shown once', path(page) === '/account/two-step', page.url());
  await ctx.close();
}

async function byKeyboard() {
  const { ctx, page } = await visitor();
  await page.goto(`${issuer}/login`);
  await tabTo(page, '[name=username]');
  await page.keyboard.type('mia');
  await tabTo(page, '[name=password]');
  await page.keyboard.type(password);
  await enter(page);
  check('keyboard: the code is asked for, and has the focus', path(page) === '/login/otp' && await page.evaluate(() => document.activeElement.name) === 'code', page.url());
  await page.keyboard.type('12');
  await page.keyboard.press('Enter');
  check('keyboard: what is no code is said at once', await page.evaluate(() => document.activeElement.getAttribute('aria-invalid')) === 'true' && path(page) === '/login/otp');
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.type(await code());
  await tabTo(page, '[name=trust]');
  await page.keyboard.press('Space');
  await tabTo(page, 'form[action$="/login/otp"] button');
  await enter(page);
  check('keyboard: signed in', path(page) === '/account', page.url());
  await press(page, 'form[action$="/account/sign-out"] button');
  await signIn(page, 'mia');
  check('the browser is trusted', path(page) === '/account', page.url());
  await page.goto(`${issuer}/account/two-step/off`);
  check('but proves nothing before what is dangerous', path(page) === '/login/otp', page.url());
  await tabTo(page, 'a[href*="/login/recovery"]');
  await enter(page);
  await tabTo(page, '[name=code]');
  await page.keyboard.type(codes[0].toLowerCase());
  await enter(page);
  check('keyboard: a recovery code will do', path(page) === '/account/two-step/off', page.url());
  await tabTo(page, 'main a[href$="/account/two-step"]');
  await enter(page);
  await ctx.close();
}

async function looksAtSteps() {
  const { ctx, page } = await visitor({ bypassCSP: true });
  await signIn(page, 'mia');
  await look('otp', page);
  await types(page, '000000');
  await send(page, '/login/otp');
  await look('otp-wrong', page);
  await page.goto(`${issuer}/login/recovery`);
  await look('recovery', page);
  await page.fill('[name=code]', codes[1]);
  await send(page, '/login/recovery');
  check('signed in by a recovery code', path(page) === '/account', page.url());
  await page.goto(`${issuer}/account/two-step/off`);
  await look('turn-off', page);
  await send(page, '/two-step/off');
  check('off', path(page) === '/account/two-step' && /is off/.test(await text(page)), await text(page));
  await press(page, 'form[action$="/account/sign-out"] button');
  await signIn(page, 'mia');
  check('the password alone signs in', path(page) === '/account', page.url());
  await ctx.close();
}

// enrols: where the rules ask for two, the second is set up before there is a session.
async function enrols() {
  const { ctx, page } = await visitor({ bypassCSP: true, locale: 'de-DE' });
  await signIn(page, 'zoe', strict);
  check('a second factor has to be set up', path(page) === '/login/enrol', page.url());
  await look('enrol', page);
  await press(page, 'main a[href*="/login/enrol/app"]');
  await look('enrol-app', page);
  const phone = app(await page.textContent('.secret-key'));
  await types(page, await phone());
  await send(page, '/login/enrol/app');
  check('and its recovery codes', path(page) === '/account/two-step/codes', page.url());
  await send(page, '/two-step/codes');
  await page.goto(`${strict}/account/two-step`);
  await look('required', page);
  await ctx.close();
}

// looksAgain: what is dangerous asks again where the sign-in is old.
async function looksAgain() {
  const { ctx, page } = await visitor({ bypassCSP: true });
  await signIn(page, 'ola', input.hasty);
  await new Promise(done => setTimeout(done, 61000)); // accounts.step_up_age is a minute at this issuer
  await page.goto(`${input.hasty}/account/two-step/app`);
  check('asked again', path(page) === '/reauth', page.url());
  await look('again', page);
  await page.fill('[name=password]', 'not this one');
  await send(page, '/reauth');
  check('a wrong password is told', (await page.locator('[role=alert]').count()) === 1);
  await page.fill('[name=password]', password);
  await send(page, '/reauth');
  check('and back', path(page) === '/account/two-step/app', page.url());
  await ctx.close();
}

await Promise.all([
  (async () => {
    await attempt('set-up', setsUp);
    await attempt('keyboard', byKeyboard);
    await attempt('steps', looksAtSteps);
    await attempt('enrolment', enrols);
  })(),
  attempt('again', looksAgain),
]);
check('the console is silent', said.length === 0, said.join('\n'));
await browser.close();
finish();
