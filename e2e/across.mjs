// oidc-client-ts watches a session from another site than the provider's (OpenID Connect Session Management §3).
import { allow, launch, launchOpen, press, sign } from './chromium.mjs';
import { attempt, check, finish, input } from './lib.mjs';

const { issuer, spa, login, password } = input;

// watched signs in, and watches until the frame has said something.
async function watched(page) {
  await page.addInitScript(origin => {
    window.verdicts = [];
    addEventListener('message', e => { if (e.origin === origin) window.verdicts.push(e.data); });
  }, issuer);
  await page.goto(spa);
  await page.evaluate(() => { manager.signinRedirect({ prompt: 'consent' }); });
  await page.waitForURL(`${issuer}/login**`);
  await sign(page, login, password);
  await allow(page);
  await page.waitForURL(`${spa}/callback**`);
  await page.evaluate(() => manager.signinCallback());
  await page.waitForFunction(() => verdicts.length > 0, undefined, { timeout: 20000 });
}

async function signOut(context) {
  const other = await context.newPage();
  await other.goto(`${issuer}/logout`);
  await press(other, 'form[action$="/logout"] button[type=submit]');
  await other.close();
}

const run = (name, start, work) => attempt(name, async () => {
  const { context, close } = await start();
  try {
    const page = await context.newPage();
    await watched(page);
    await work(context, page);
  } finally {
    await close();
  }
});

await run('cookies of third parties are shown', () => launchOpen(input.chromium), async (context, page) => {
  await page.waitForFunction(() => verdicts.length > 2, undefined, { timeout: 20000 });
  const before = await page.evaluate(() => verdicts);
  check('unchanged while she is signed in', before.every(v => v === 'unchanged'), before);
  await signOut(context);
  await page.waitForFunction(() => said.includes('UserSignedOut'), undefined, { timeout: 20000 });
  check('changed after she signed out', (await page.evaluate(() => verdicts)).includes('changed'));
});
const incognito = async () => {
  const browser = await launch(input.chromium);
  return { context: await browser.newContext({ ignoreHTTPSErrors: true }), close: () => browser.close() };
};
await run('cookies of third parties are kept back', incognito, async (context, page) => {
  await signOut(context);
  await page.waitForTimeout(1500);
  const verdicts = await page.evaluate(() => verdicts);
  // An application that heard "changed" would ask with prompt=none, be told that nobody is signed in, and sign its user out.
  check('the frame says that it cannot know', verdicts.length >= 1 && verdicts.every(v => v === 'error'), verdicts);
  check('the application draws no conclusion', !(await page.evaluate(() => said)).includes('UserSignedOut'));
});
finish();
