// The main ways through the pages by keyboard alone: no click, no focus but the one that Tab, Shift+Tab, Enter and Space lead to.
import { launch, seen } from './chromium.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, rp } = input;
const browser = await launch(input.chromium);
const page = await (await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' })).newPage();
const at = path => new URL(page.url()).pathname === path;
const mail = async (path, n) => (await ask({ kind: 'mail', to: 'kay@example.test', path, n })).link;
const key = name => page.keyboard.press(name);
const on = selector => page.evaluate(s => document.activeElement.matches(s), selector);

// to goes to a control, and misses the ring around whatever it passes.
async function to(selector, step = 'Tab') {
  for (let i = 0; i < 90; i++) {
    await key(step);
    const { there, ring, name } = await page.evaluate(s => {
      const e = document.activeElement, style = getComputedStyle(e);
      return { there: e.matches(s), ring: e === document.body || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, name: e.outerHTML.slice(0, 100) };
    }, selector);
    if (!ring) check('the focus is seen', false, `${page.url()}: ${name}`);
    if (there) return;
  }
  throw new Error(`the keyboard does not come to ${selector} at ${page.url()}`);
}
async function type(selector, text) {
  if (!await on(selector)) await to(selector);
  await key('Control+A');
  await page.keyboard.type(text);
}
// leave presses a key that leads to another page.
const leave = (name = 'Enter') => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), key(name)]);
async function press(selector, name) {
  await to(selector);
  await leave(name);
}

async function join() {
  await page.goto(`${rp}/start`);
  check('sign-in begins in its first field', await on('[name=username]'));
  await press('a[href*="/signup"]');
  await type('[name=email]', 'kay@');
  await leave().catch(() => {}); // the page itself says what is wrong, and stays
  check('what is wrong has the focus', await on('[name=email][aria-invalid=true]'));
  await type('[name=email]', 'kay@example.test');
  await type('[name=full_name]', 'Kay Board');
  await type('[name=password]', 'four unrelated words');
  await to('[data-reveal]');
  await key('Space');
  check('the password is shown by Space', await page.getAttribute('[name=password]', 'type') === 'text');
  await to('[name=password]', 'Shift+Tab');
  await leave();
  check('signed up', at('/signup/sent'), page.url());
  await page.context().clearCookies({ name: /lk_sent$/ }); // as in another browser, where nobody is signed in by confirming
  await page.goto(await mail('/verify', 1));
  await press('form[action$="/verify"] button');
  check('the address is confirmed', at('/login'), page.url());
}

async function signIn(password) {
  await type('[name=username]', 'kay@example.test');
  await type('[name=password]', password);
  await leave();
}

async function enter() {
  await signIn('not the password');
  check('the summary of errors has the focus', await on('[role=alert]'), await page.evaluate(() => document.activeElement.outerHTML.slice(0, 100)));
  await type('[name=password]', 'four unrelated words');
  await to('[name=persistent], [name=remember], .row input[type=checkbox]');
  await key('Space');
  check('a box is ticked by Space', await page.isChecked('.row input[type=checkbox]'));
  await to('form[action$="/login"] button[type=submit]');
  await key('Enter');
  await page.waitForURL(/\/consent/);
  await seen(page);
  await to('button[value=allow]');
  await key('Enter');
  await page.waitForURL(u => u.href.startsWith(`${rp}/callback`));
  check('consent is given', await page.textContent('h1') === 'Hello kay@example.test', await page.textContent('h1'));
  await page.goto(`${rp}/start?prompt=consent`);
  await seen(page);
  await to('button[value=deny]');
  await key('Space');
  await page.waitForURL(u => u.href.startsWith(`${rp}/callback`));
  check('consent is refused', await page.textContent('h1') === 'Failed: access_denied', await page.textContent('h1'));
}

async function inside() {
  await page.goto(`${issuer}/account`);
  await key('Tab');
  check('the first stop leads past the menu', await on('.skip'));
  await key('Enter');
  check('and does', await on('#main'));
  await page.goto(`${issuer}/account`);
  await press('.menu a[href$="/account/profile"]');
  await type('[name=full_name]', 'Kay B. Board');
  await press('form[action$="/account/profile"] button[type=submit]', 'Space');
  check('the profile is saved', /notice=saved/.test(page.url()) && await page.inputValue('[name=full_name]') === 'Kay B. Board', page.url());
  await press('form[action$="/account/sign-out"] button');
  check('signed out', at('/login'), page.url());
}

async function lose() {
  await press('a[href*="/forgot"]');
  await type('[name=email]', 'kay@example.test');
  await leave();
  check('a link is asked for', at('/forgot/sent'), page.url());
  await page.goto(await mail('/reset', 1));
  await type('[name=password]', 'five other unrelated words');
  await leave();
  check('the password is set anew', at('/login'), page.url());
  await signIn('five other unrelated words');
  check('and signs in', at('/account'), page.url());
  await page.goto(`${issuer}/logout`);
  await press('form[action$="/logout"] button.btn-primary');
  await page.goto(`${issuer}/account`);
  check('signed out after the question', at('/login'), page.url());
}

for (const [name, step] of Object.entries({ join, enter, inside, lose })) await attempt(name, step);
await browser.close();
finish();
