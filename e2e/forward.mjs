// A person at an application behind a proxy that asks the provider: in, told to the application, out.
import { launch, press, sign } from './chromium.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, wiki, login, password } = input;
const browser = await launch(input.chromium);
const open = () => browser.newContext({ ignoreHTTPSErrors: true });
const seen = async page => JSON.parse(await page.textContent('#seen'));
const fetched = (page, path, init) => page.evaluate(async ([path, init]) => {
  const r = await fetch(path, init);
  return { status: r.status, url: r.url, body: await r.text() };
}, [path, init]);
const socket = page => page.evaluate(() => new Promise(done => {
  const s = new WebSocket(`wss://${location.host}/ws`);
  s.onopen = () => s.send('hello');
  s.onmessage = m => done(m.data);
  s.onerror = () => done('refused');
}));

// Somebody who is not signed in.
async function nobody() {
  const context = await open(), page = await context.newPage();
  const res = await context.request.get(`${wiki}/static/logo.svg`, { headers: { 'Remote-User': 'root', 'Remote-Groups': 'admins' } });
  const got = await res.json();
  check('a public address is open to everybody', res.status() === 200 && got.path === '/static/logo.svg', got);
  check('and tells the application nothing that a browser made up', ['Remote-User', 'Remote-Groups', 'Remote-Email', 'Remote-Name'].every(n => got[n] === ''), got);
  await page.goto(`${wiki}/static/page`);
  check('a script is told 401, and led nowhere', (await fetched(page, '/api/things', { headers: { accept: 'application/json' } })).status === 401);
  check('a form is told 401', (await fetched(page, '/api/things', { method: 'POST', body: 'x' })).status === 401);
  check('a WebSocket is refused', await socket(page) === 'refused');
  const out = await context.request.get(`${wiki}/static/..%2fpage`, { maxRedirects: 0, headers: { accept: 'text/html' } });
  check('what is public leads nowhere else', out.status() !== 200, out.status());
  await context.close();
}

// A person signs in at the provider, and comes back to the very page.
async function person() {
  const context = await open(), page = await context.newPage();
  await page.goto(`${wiki}/page?x=1&y=a%20b`);
  check('whoever is not signed in comes to the provider', page.url().startsWith(`${issuer}/login`), page.url());
  await sign(page, login, password);
  await page.waitForURL(`${wiki}/page?x=1&y=a%20b`);
  let got = await seen(page);
  check('and back to the page', got.path === '/page?x=1&y=a%20b' && got['Remote-User'] === 'ada', got);
  const cookies = await context.cookies(wiki);
  const ours = cookies.find(c => c.name === '__Host-lk_forward');
  check('with a cookie of this host alone, which no script reads', ours?.httpOnly && ours.secure && ours.sameSite === 'Lax' && ours.domain === 'localhost' && ours.path === '/', ours);
  check('a script sees no cookie', !(await page.evaluate(() => document.cookie)).includes('lk_forward'));

  got = JSON.parse((await fetched(page, '/api/things', { headers: { 'Remote-User': 'root', 'Remote-Groups': 'admins', 'X-Original-URL': `${wiki}/static/x`, 'X-Forwarded-Uri': '/static/x' } })).body);
  check('what a browser says of itself is overruled', got['Remote-User'] === 'ada' && got['Remote-Groups'] === '', got);
  got = JSON.parse((await fetched(page, '/api/things', { method: 'POST', body: 'what was written' })).body);
  check('a form reaches the application whole', got.method === 'POST' && got.body === 'what was written' && got['Remote-User'] === 'ada', got);
  const large = 'x'.repeat(300000);
  got = JSON.parse((await fetched(page, '/api/things', { method: 'POST', body: large })).body);
  check('and so does a large one', got.body === large, String(got.body).slice(0, 100));
  check('a WebSocket is opened', await socket(page) === 'hello');
  const spoofed = await fetched(page, '/admin/users', { headers: { 'X-Original-URL': `${wiki}/static/x`, 'X-Forwarded-Uri': '/static/x', 'X-Forwarded-Host': 'other.example' } });
  check('a page for others is told 403', spoofed.status === 403, spoofed);

  await page.goto(`${wiki}/.latchkey/sign-out`);
  check('signing out asks whether it is everywhere', page.url().startsWith(`${issuer}/logout`), page.url());
  await press(page, 'form[action$="/logout"] button[type=submit]');
  await page.waitForURL(`${issuer}/login**`, { timeout: 15000 });
  check('and leads back to the application, which asks who it is', page.url().startsWith(`${issuer}/login`), page.url());

  await sign(page, login, password);
  await page.waitForURL(`${wiki}/**`);
  check('in again', (await seen(page))['Remote-User'] === 'ada');
  await ask({ kind: 'end' });
  check('whom an operator disabled is out at once', (await fetched(page, '/api/things', { headers: { accept: 'application/json' } })).status === 401);
  await context.close();
}

await attempt('nobody', nobody);
await attempt('a person', person);
await browser.close();
finish();
