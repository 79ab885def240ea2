// The account's own pages in Chromium: with the mouse, by keyboard alone, without script; axe in light and dark at three widths; the policy's silence; bytes.
import { readFileSync } from 'node:fs';
import { allow, launch, press, sign } from './chromium.mjs';
import { at, axe, said, view, violations, watch } from './eye.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, short, apps, password, screenshots } = input;
const browser = await launch(input.chromium);
const context = o => browser.newContext(view(o));
const text = page => page.textContent('main').then(s => s.replace(/\s+/g, ' '));
const submit = (page, action) => press(page, `form[action$="${action}"] button[type=submit]`);
async function enter(name, options, base = issuer) {
  const ctx = await context(options), page = watch(await ctx.newPage());
  await page.goto(`${base}/login`);
  await sign(page, name, password);
  await page.waitForURL(u => !u.pathname.endsWith('/login'));
  if (at(page, '/login/offer')) await page.goto(`${base}/account`);
  return { ctx, page };
}
// visit signs in to an application, and allows it what it asks.
async function visit(page, app, asks) {
  await page.goto(`${apps[app]}/start`);
  if (asks) await allow(page);
  await page.waitForURL(u => u.href.startsWith(`${apps[app]}/callback`), { timeout: 15000 });
  check(`${app} signs in`, (await page.textContent('h1')).startsWith('Hello'), await page.textContent('h1'));
}
// until loads a page again until it says something.
async function until(page, url, words) {
  for (let i = 0; i < 40; i++) {
    await page.goto(url);
    if ((await text(page)).includes(words)) return true;
    await page.waitForTimeout(250);
  }
  return false;
}
const portal = ['', '/profile', '/password', '/sessions', '/applications', '/activity', '/data', '/data/delete', '/sessions/everywhere'];

async function mouse() {
  const { ctx, page } = await enter('mona'), other = await enter('mona');
  await visit(page, 'bookshop', true);
  await visit(page, 'library', true);
  await visit(page, 'intranet', false);
  await page.goto(`${issuer}/account`);
  check('home: what could be safer, and what happened last', /How safe your account is/.test(await text(page)) && /was allowed access|Signed in/.test(await text(page)), await text(page));
  await press(page, '.menu-wide a[href$="/account/profile"]');
  await page.setInputFiles('#picture', { name: 'big.png', mimeType: 'image/png', buffer: Buffer.alloc(2 * 1024 * 1024 + 10) });
  const [answer] = await Promise.all([page.waitForNavigation(), page.click('form[action$="/account/picture"] button')]);
  check('an upload that is too large comes back to the form', answer.status() === 413 && await page.isVisible('#picture-msg'), `${answer.status()} ${await text(page)}`);
  await press(page, '.menu-wide a[href$="/account/sessions"]');
  check('sessions say how and where', /with your password/.test(await text(page)) && /Apps: The Corner Bookshop, The Library, The Intranet/.test(await text(page)), await text(page));
  await submit(page, '/sessions/forget');
  check('a browser is forgotten', (await text(page)).includes('That browser is forgotten.'));

  check('the applications say when they were used', await until(page, `${issuer}/account/applications`, 'Last used'), await text(page));
  check('ours is marked', /The Intranet Part of/.test(await text(page)), await text(page));
  await press(page, 'a[href*="remove?client_id=bookshop"]');
  check('removing asks first', /Remove the access of The Corner Bookshop\?/.test((await text(page)).replace(/[\u2066-\u2069]/g, '')) && /It is told to sign you out/.test(await text(page)), await text(page));
  await submit(page, '/applications/remove');
  check('removed', /Access removed/.test(await text(page)) && !/Bookshop/.test(await text(page)), await text(page));
  check('and the application was told', (await ask({ kind: 'told', n: 1 })).posts === 1);
  await visit(page, 'bookshop', true);

  await page.goto(`${issuer}/account/activity`);
  check('the log has it', await until(page, `${issuer}/account/activity?kind=apps`, 'lost its access') && !/Signed in/.test(await text(page)), await text(page));
  const [csv] = await Promise.all([page.waitForEvent('download'), page.click('a[download]')]);
  const table = readFileSync(await csv.path(), 'utf8');
  check('and comes as a table', csv.suggestedFilename() === 'activity.csv' && table.startsWith('time,event,') && table.includes('consent.removed'), table);
  await press(page, '.menu-wide a[href$="/account/data"]');
  const [zip] = await Promise.all([page.waitForEvent('download'), page.click('form[action$="/data/export"] button')]);
  const archive = readFileSync(await zip.path());
  check('the data comes as an archive', ['account.json', 'sessions.json', 'applications.json', 'activity.json'].every(n => archive.includes(n)) && !archive.includes('argon2'));
  await ask({ kind: 'mailed', to: 'mona@example.test', subject: 'Your data was downloaded' });

  await page.goto(`${issuer}/account/sessions`);
  await press(page, 'a[href$="/sessions/everywhere"]');
  await submit(page, '/sessions/everywhere');
  check('signed out everywhere', at(page, '/signed-out') && /You are signed out everywhere/.test(await text(page)), await text(page));
  await page.waitForFunction(() => /The Corner Bookshop\s*Told/.test(document.querySelector('.told').textContent.replace(/\s+/g, ' ')), null, { timeout: 20000 });
  check('who was told, is being told, and does not listen', /The Corner Bookshop Told.*The Intranet Does not listen.*The Library Being told/.test(await text(page)), await text(page));
  check('the application was told of both sessions that it had', (await ask({ kind: 'told', n: 2 })).posts === 2);
  await page.screenshot({ path: `${screenshots}/portal-left.png`, fullPage: true });
  await page.goto(`${issuer}/account`);
  check('this browser is out', at(page, '/login'), page.url());
  await other.page.goto(`${issuer}/account`);
  check('the other is, too', at(other.page, '/login'), other.page.url());
  await ctx.close();
  await other.ctx.close();
}

// keyboard leaves everything with Tab and Enter alone.
async function keyboard() {
  const { ctx, page } = await enter('kira');
  await page.goto(`${issuer}/account`);
  const press = async (path, key = 'Enter') => {
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab');
      const found = await page.evaluate(p => {
        const e = document.activeElement;
        return (e.getAttribute('href') ?? e.form?.getAttribute('action') ?? '').endsWith(p) && (e.localName !== 'input' || e.name === 'word') && getComputedStyle(e).outlineStyle !== 'none';
      }, path);
      if (!found) continue;
      if (key) await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
      return true;
    }
    throw new Error(`Tab does not come to ${path} at ${page.url()}`);
  };
  await press('/account/sessions');
  check('keyboard: devices', at(page, '/account/sessions'), page.url());
  await press('/account/data');
  await press('/account/data/delete');
  check('keyboard: the question', at(page, '/account/data/delete'), page.url());
  await press('/account/data/delete', '');
  await page.keyboard.type('no');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  check('keyboard: a wrong word is told where the focus is', await page.evaluate(() => document.activeElement.getAttribute('role') === 'alert'), await text(page));
  await press('/account/data/delete', '');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('delete');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  check('keyboard: planned', at(page, '/signed-out') && /Your account will be deleted/.test(await text(page)), await text(page));
  await ctx.close();
}

// plain does the same without script: the page that says who was told looks again by itself.
async function plain() {
  const { ctx, page } = await enter('nora', { javaScriptEnabled: false });
  await visit(page, 'intranet', false);
  await page.goto(`${apps.bookshop}/start`);
  await Promise.all([page.waitForURL(u => u.href.startsWith(`${apps.bookshop}/callback`)), page.click('button[value=allow]', { noWaitAfter: true })]);
  await page.goto(`${issuer}/account/activity?kind=account`);
  await page.selectOption('#kind', 'signin');
  await press(page, 'form.filter button');
  check('no script: the filter is an address', new URL(page.url()).searchParams.get('kind') === 'signin', page.url());
  await page.goto(`${issuer}/account/password`);
  await page.fill('[name=current]', password);
  await page.fill('[name=password]', 'five other unrelated words');
  await page.uncheck('[name=others]');
  await submit(page, '/account/password');
  check('no script: the password is changed, others stay', /stay signed in/.test(await text(page)), await text(page));
  await page.goto(`${issuer}/account/sessions/everywhere`);
  await submit(page, '/sessions/everywhere');
  await page.waitForFunction(() => true);
  for (let i = 0; i < 40 && !/The Corner Bookshop Told/.test(await text(page)); i++) await page.waitForTimeout(500); // it looks again by itself
  check('no script: told', /The Corner Bookshop Told.*The Intranet Does not listen/.test(await text(page)), await text(page));
  await ctx.close();
}

async function deletion() {
  const { ctx, page } = await enter('dora', { javaScriptEnabled: false });
  const plan = async () => {
    await page.goto(`${issuer}/account/data/delete`);
    await page.fill('[name=word]', 'delete');
    await submit(page, '/data/delete');
    check('deletion is planned', /Your account will be deleted/.test(await text(page)), await text(page));
  };
  const back = async () => {
    await page.goto(`${issuer}/login`);
    await sign(page, 'dora', password);
    await page.waitForURL(u => u.pathname.endsWith('/account/deletion/keep'));
  };
  await plan();
  await ask({ kind: 'mailed', to: 'dora@example.test', subject: 'Your account will be deleted' });
  check('the account API refuses meanwhile', (await ask({ kind: 'api', who: 'dora' })).status === 401);
  await back();
  await page.screenshot({ path: `${screenshots}/portal-keep.png`, fullPage: true });
  await submit(page, '/deletion/leave');
  check('sign out leaves it planned', at(page, '/login'), page.url());
  await page.goto(`${issuer}/account`);
  check('nobody is signed in', at(page, '/login'), page.url());
  await back();
  await submit(page, '/deletion/keep');
  check('kept', at(page, '/account') && /Your account stays/.test(await text(page)), `${page.url()} ${await text(page)}`);
  check('the account API answers again', (await ask({ kind: 'api', who: 'dora' })).status === 200);
  await plan();
  const shown = await ask({ kind: 'operator', verb: 'show', who: 'dora' });
  check('operators see it', /will be deleted at/.test(shown.out), shown.out);
  const kept = await ask({ kind: 'operator', verb: 'keep', who: 'dora' });
  check('and can take it back', kept.code === 0 && !/will be deleted/.test(kept.out), kept.out);
  await page.goto(`${issuer}/login`);
  await sign(page, 'dora', password);
  await page.waitForURL(u => u.pathname.endsWith('/account'));
  await ctx.close();

  const gone = await enter('omar', {}, short);
  await gone.page.goto(`${short}/account/data/delete`);
  await gone.page.fill('[name=word]', 'delete');
  await submit(gone.page, '/data/delete');
  await ask({ kind: 'mailed', short: true, to: 'omar@example.test', subject: 'Your account is deleted' });
  await gone.page.goto(`${short}/login`);
  await sign(gone.page, 'omar', password);
  await gone.page.waitForSelector('[role=alert]');
  check('after the grace time the account is gone', at(gone.page, '/login'), gone.page.url());
  await gone.ctx.close();
}

// looks runs axe on every page of the portal, and weighs them.
async function looks() {
  const { ctx, page } = await enter('dora');
  const state = await ctx.storageState();
  await page.goto(`${issuer}/account/profile`);
  for (const [colorScheme, width] of [['light', 1280], ['dark', 390], ['light', 320]]) { // every state in every one of them is looked at elsewhere
    const one = await context({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true, storageState: state }), p = await one.newPage();
    for (const path of portal) {
      await p.goto(`${issuer}/account${path}`);
      await p.evaluate(axe);
      const found = await violations(p);
      check(`axe ${path} ${colorScheme} ${width}`, found.length === 0, found.join('; '));
      const wide = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(`no sideways scroll ${path} ${width}`, wide <= 0, `${wide} px`);
    }
    await one.close();
  }
  for (const path of portal) {
    const one = await context({ storageState: state }), p = watch(await one.newPage()), cdp = await one.newCDPSession(p);
    let bytes = 0;
    await cdp.send('Network.enable');
    cdp.on('Network.loadingFinished', e => { bytes += e.encodedDataLength; });
    await p.goto(`${issuer}/account${path}`, { waitUntil: 'networkidle' });
    check(`a cold visit to ${path} is less than 50 KB`, bytes > 1000 && bytes < 50 * 1024, `${bytes} bytes`);
    await one.close();
  }
  await ctx.close();
}

await attempt('mouse', mouse);
await attempt('keyboard', keyboard);
await attempt('no script', plain);
await attempt('deletion', deletion);
await attempt('looks', looks);
check('the console is silent, so nothing breaches the policy', said.length === 0, said.join('; '));
await browser.close();
finish();
