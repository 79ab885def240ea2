// npm oidc-client-ts in Chromium: an application without a server, on an origin of its own, and the same application on an origin that nobody registered.
import { allow, launch, press, sign } from './chromium.mjs';
import { attempt, check, finish, input } from './lib.mjs';

const { issuer, spa, stranger, login, password } = input;
const browser = await launch(input.chromium);
const user = page => page.evaluate(() => manager.getUser());
const heard = (page, name) => page.waitForFunction(n => said.includes(n), name, { timeout: 15000 });

// signIn goes to the issuer and back, with PKCE.
async function signIn(page, first) {
  await page.goto(spa);
  await page.evaluate(() => { manager.signinRedirect({ prompt: 'consent' }); });
  if (first) {
    await page.waitForURL(`${issuer}/login**`);
    await sign(page, login, password);
  }
  await allow(page);
  await page.waitForURL(`${spa}/callback**`);
  return page.evaluate(() => manager.signinCallback());
}

async function life() {
  const context = await browser.newContext(), page = await context.newPage();
  const asked = [];
  page.on('request', r => { if (r.url().startsWith(issuer)) asked.push(`${r.method()} ${new URL(r.url()).pathname}`); });
  const u = await signIn(page, true);
  check('signed in', u?.profile?.email === 'ada@example.test' && u.profile.preferred_username === 'ada' && u.refresh_token && u.access_token, u);
  check('token and userinfo were read from the page', asked.includes('POST /token') && asked.includes('GET /userinfo') && !asked.some(a => a.startsWith('OPTIONS /token')), asked.join());
  check('session_state came with the code', u.session_state?.length > 20, u.session_state);

  const renewed = await page.evaluate(() => manager.signinSilent());
  check('renewed by the refresh token', renewed.access_token !== u.access_token && renewed.refresh_token !== u.refresh_token && renewed.profile.sub === u.profile.sub, renewed);
  await page.evaluate(() => { sessionStorage.setItem('more', JSON.stringify({ automaticSilentRenew: true, accessTokenExpiringNotificationTimeInSeconds: 598 })); });
  await page.reload(); // the token has ten minutes: in some seconds it is to be renewed
  await page.evaluate(() => manager.getUser());
  await heard(page, 'UserLoaded');
  await page.evaluate(() => { sessionStorage.removeItem('more'); manager.stopSilentRenew(); });
  check('renewed by itself', (await user(page)).access_token !== renewed.access_token);

  await page.reload();
  await page.evaluate(() => manager.events.load ? manager.getUser() : null);
  await monitor(context, page);
  await revocation(page);
  await signOut(context, page);
  await context.close();
}

// monitor: the frame says "unchanged" while she is signed in, and "changed" after she signed out elsewhere.
async function monitor(context, page) {
  await page.waitForFunction(url => [...document.querySelectorAll('iframe')].some(f => f.src.startsWith(url)), issuer, { timeout: 5000 });
  const status = await page.evaluate(() => manager.querySessionStatus());
  check('the session can be asked for in a frame', status?.sub === (await user(page)).profile.sub && status.session_state, status);
  await page.waitForTimeout(2500);
  check('while nothing happens the frame says so', (await page.evaluate(() => said)).every(s => s === 'UserLoaded'), await page.evaluate(() => said));
  const other = await context.newPage();
  await other.goto(`${issuer}/logout`);
  await press(other, 'form[action$="/logout"] button[type=submit]');
  await other.close();
  await heard(page, 'UserSignedOut');
  check('the frame told of the sign-out', true);
}

async function revocation(page) {
  const before = await signIn(page, true);
  await page.evaluate(() => manager.revokeTokens(['access_token', 'refresh_token']));
  const after = await user(page);
  check('revokeTokens', !after.refresh_token, after);
  const answer = await page.evaluate(async ([url, token]) => {
    const res = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    return { status: res.status, challenge: res.headers.get('www-authenticate') };
  }, [`${issuer}/userinfo`, before.access_token]);
  check('a revoked token is refused, and the page may read why', answer.status === 401 && answer.challenge?.includes('invalid_token'), answer);
  const renewal = await page.evaluate(async ([url, token, client]) => {
    const res = await fetch(url, { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: client }) });
    return { status: res.status, body: await res.json() };
  }, [`${issuer}/token`, before.refresh_token, 'spa']);
  check('a revoked refresh token', renewal.status === 400 && renewal.body.error === 'invalid_grant', renewal);
}

async function signOut(context, page) {
  await signIn(page, false);
  await page.evaluate(() => { manager.signoutRedirect({ state: 'bye' }); });
  await page.waitForURL(`${spa}/signed-out**`);
  const back = await page.evaluate(() => manager.signoutCallback());
  check('signed out, and back', back.userState === 'bye' && !await user(page), back);
  const status = await page.evaluate(() => manager.querySessionStatus().then(s => s, e => e.error));
  check('the session is over', status === 'login_required', status);
  const other = await context.newPage();
  await other.goto(`${issuer}/account`);
  check('at the issuer too', other.url().startsWith(`${issuer}/login`), other.url());
}

// unregistered: the browser keeps from a foreign page what the server would answer.
async function unregistered() {
  const context = await browser.newContext(), page = await context.newPage(), allowed = [];
  page.on('response', r => { if (r.headers()['access-control-allow-origin'] && /\/(token|userinfo|revoke|par|register|introspect)$/.test(new URL(r.url()).pathname)) allowed.push(r.url()); });
  await page.goto(stranger);
  const ask = (path, init) => page.evaluate(async ([url, init]) => fetch(url, init).then(r => r.status, e => e.message), [`${issuer}${path}`, init]);
  check('discovery is for everybody', await ask('/.well-known/openid-configuration') === 200 && await ask('/jwks.json') === 200);
  const form = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'grant_type=refresh_token&refresh_token=x&client_id=spa&token=x' };
  for (const [path, init] of [['/token', form], ['/revoke', form], ['/userinfo', {}], ['/userinfo', { headers: { authorization: 'Bearer x' } }], ['/introspect', form], ['/par', form], ['/register', { method: 'POST', body: '{}' }]]) {
    check(`${path} tells a stranger nothing`, await ask(path, init) === 'Failed to fetch', await ask(path, init));
  }
  check('no answer named the origin', allowed.length === 0, allowed.join());
  await page.evaluate(() => { manager.signinRedirect(); });
  await page.waitForURL(`${issuer}/authorize**`);
  check('nor does a sign-in come back to it', new URL(page.url()).origin === issuer && !(await page.content()).includes('name="password"'), page.url());
  await context.close();
}

await attempt('life', life);
await attempt('unregistered', unregistered);
await browser.close();
finish();
