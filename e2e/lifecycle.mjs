// What goes by mail, in Chromium: with the mouse, by keyboard alone, looked at by axe in light and dark at three widths.
import { launch, press } from './chromium.mjs';
import { at, axe, look as eye, said, tabTo, view, watch } from './eye.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, invited, screenshots } = input;
const browser = await launch(input.chromium);
const context = o => browser.newContext(view(o));
const mail = async (to, path, n = 1) => ask({ kind: 'mail', to, path, n });
const submit = (page, action) => press(page, `form[action$="${action}"] button[type=submit]`);

const look = (name, page) => eye(name, page, screenshots);

const leave = (page, key) => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.keyboard.press(key)]);

async function withMouse() {
  const ctx = await context(), page = watch(await ctx.newPage());
  await page.goto(`${issuer}/signup`);
  await page.fill('[name=email]', 'mia@example.test');
  await page.fill('[name=password]', 'some unrelated words');
  await submit(page, '/signup');
  check('the page waits for the code', await page.isVisible('[autocomplete=one-time-code]'));
  const codemia = (await mail('mia@example.test', '/verify')).code;
  await Promise.all([page.waitForURL(/\/account/), page.fill('[name=code]', codemia)]); // a whole code is sent at once
  check('the code confirms, and signs in', at(page, '/account') && await page.isVisible('[role=status]'), page.url());
  await page.goto(`${issuer}/account/email`);
  await page.fill('[name=email]', 'mia@new.example.test');
  await submit(page, '/account/email');
  check('the change is pending', (await page.textContent('main')).includes('mia@new.example.test') && await page.isVisible('form[action$="/email/cancel"]'));
  await page.goto((await mail('mia@new.example.test', '/email/confirm')).link);
  await submit(page, '/email/confirm');
  check('the new address is confirmed', (await page.textContent('main')).includes('mia@new.example.test'), await page.textContent('main'));
  const other = await context(), second = watch(await other.newPage());
  await second.goto((await mail('mia@example.test', '/email/undo')).link);
  await submit(second, '/email/undo');
  check('the former address is back', (await second.textContent('h1')).includes('back'), await second.textContent('h1'));
  await page.goto(`${issuer}/account`);
  check('whoever changed it is signed out', at(page, '/login'), page.url());
  await other.close();
  await ctx.close();
}

async function byKeyboard() {
  const ctx = await context(), page = watch(await ctx.newPage());
  await page.goto(`${issuer}/login`);
  await tabTo(page, 'a[href$="/login/mail"]');
  await leave(page, 'Enter');
  check('keyboard: the address has the focus', await page.evaluate(() => document.activeElement?.name === 'email'));
  await page.keyboard.type('mia@example.test');
  await leave(page, 'Enter');
  check('keyboard: a mail is on its way', at(page, '/login/mail/sent'), page.url());
  const { code } = await mail('mia@example.test', '/login/mail/link');
  await tabTo(page, '[name=code]');
  await page.keyboard.type(code === '00000000' ? '00000001' : '00000000');
  await leave(page, 'Enter');
  check('keyboard: a wrong code is said first', await page.evaluate(() => document.activeElement?.getAttribute('role') === 'alert'));
  await tabTo(page, '[name=code]');
  await page.keyboard.press('Control+A');
  await page.keyboard.type(code);
  await leave(page, 'Enter');
  check('keyboard: signed in', at(page, '/account'), page.url());
  await page.goto(invited);   // for somebody else than who is signed in here
  await tabTo(page, '[name=full_name]');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Ines Vited');
  await tabTo(page, '[name=password]');
  await page.keyboard.type('some unrelated words');
  await leave(page, 'Enter');
  check('keyboard: the invitation is accepted, and signs in', at(page, '/account') && await page.isVisible('[role=status]'), page.url());
  await ctx.close();
}

async function everyPage() {
  const ctx = await context({ bypassCSP: true });
  await ctx.addInitScript(axe);
  const page = await ctx.newPage();
  await page.goto(`${issuer}/signup`);
  await page.fill('[name=email]', 'lux@example.test');
  await page.fill('[name=password]', 'some unrelated words');
  await submit(page, '/signup');
  await look('life-signup-sent', page);
  await submit(page, '/signup/sent');
  await look('life-signup-soon', page);
  const codelux = (await mail('lux@example.test', '/verify')).code;
  await Promise.all([page.waitForURL(/\/account/), page.fill('[name=code]', codelux)]); // a whole code is sent at once
  await page.goto(`${issuer}/account/email`);
  await look('life-email', page);
  await page.fill('[name=email]', 'lux@new.example.test');
  await submit(page, '/account/email');
  await look('life-email-pending', page);
  await page.goto((await mail('lux@new.example.test', '/email/confirm')).link);
  await look('life-email-confirm', page);
  await page.goto((await mail('lux@example.test', '/not-me', 1)).link);
  await look('life-not-me', page);
  await page.goto(`${issuer}/login/mail`);
  await look('life-mail-ask', page);
  await page.fill('[name=email]', 'lux@example.test');
  await submit(page, '/login/mail');
  await look('life-mail-sent', page);
  await page.goto((await mail('lux@example.test', '/login/mail/link')).link);
  await look('life-mail-link', page);
  await page.goto(`${issuer}/login/mail/link?token=dead`);
  await look('life-mail-dead', page);
  await page.goto(`${issuer}/invite?token=dead`);
  await look('life-invite-dead', page);
  await ctx.close();
}

await attempt('with the mouse', withMouse);
await attempt('by keyboard', byKeyboard);
await attempt('every page', everyPage);
check('no console message', said.length === 0, said.join('\n'));
await browser.close();
finish();
