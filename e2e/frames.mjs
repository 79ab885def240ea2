// Front-channel logout in Chromium: two applications on origins of their own, one of them on another site than the issuer, hear of a sign-out by frames.
import { allow, launch, press, sign } from './chromium.mjs';
import { ask, attempt, check, finish, input } from './lib.mjs';

const { issuer, parties: [first, second], login, password } = input;
const browser = await launch(input.chromium);

// signIn signs in to both applications in one browser.
async function signIn(page) {
  await page.goto(`${first}/start?prompt=login%20consent`);
  await sign(page, login, password);
  await allow(page);
  await page.waitForURL(`${first}/callback**`);
  await page.goto(`${second}/start?prompt=consent`);
  await allow(page);
  await page.waitForURL(`${second}/callback**`);
}

async function walk(javaScriptEnabled) {
  const named = name => `${name}, ${javaScriptEnabled ? 'with' : 'without'} script`;
  const context = await browser.newContext(), page = await context.newPage();
  await signIn(page);
  // Without script the walk is another browser with the same cookies: the question of consent waits by script in these tests.
  const { cookies } = await context.storageState(), bare = await browser.newContext({ javaScriptEnabled, storageState: { cookies, origins: [] } }), last = await bare.newPage();
  const said = [];
  last.on('console', m => { if (m.type() === 'error') said.push(m.text()); });
  await last.goto(`${first}/sign-out`);
  await last.waitForURL(`${first}/signed-out**`, { timeout: 20000 });
  const heard = await ask({ kind: 'heard' });
  for (const [i, told] of heard.told.entries()) {
    check(named(`application ${i + 1} was told once, in a frame, of this session`), told.length === 1 && told[0].iss === issuer && told[0].sid === heard.sids[i] && heard.sids[i] && told[0].dest === 'iframe', heard);
  }
  check(named('nothing was blocked'), said.length === 0, said.join('\n'));
  await last.goto(`${issuer}/account`);
  check(named('the session is over'), last.url().startsWith(`${issuer}/login`), last.url());
  await context.close();
  await bare.close();
}

// ownPages: signing out on the issuer's own pages tells applications too.
async function ownPages() {
  const context = await browser.newContext(), page = await context.newPage();
  await signIn(page);
  await page.goto(`${issuer}/logout`);
  await press(page, 'form[action$="/logout"] button[type=submit]');
  const heard = await ask({ kind: 'heard' });
  check('signing out at the issuer tells both', heard.told.every((told, i) => told.length === 1 && told[0].sid === heard.sids[i]), heard);
  await context.close();
}

await attempt('with script', () => walk(true));
await attempt('without script', () => walk(false));
await attempt('own pages', ownPages);
await browser.close();
finish();
