// Chromium without a window, and with nothing of its own going on.
import { chromium } from 'playwright-core';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

// launch starts it. Its contexts are incognito: they keep cookies from frames of other sites.
export const launch = executablePath => chromium.launch({ executablePath, args });

// launchOpen starts one that shows frames of other sites their cookies, with a profile of its own.
export async function launchOpen(executablePath) {
  const dir = mkdtempSync(join(tmpdir(), 'e2e-browser-'));
  mkdirSync(join(dir, 'Default'));
  writeFileSync(join(dir, 'Default', 'Preferences'), JSON.stringify({ profile: { block_third_party_cookies: false, cookie_controls_mode: 0 } }));
  const context = await chromium.launchPersistentContext(dir, { executablePath, args, ignoreHTTPSErrors: true });
  return { context, close: () => context.close().finally(() => rmSync(dir, { recursive: true, force: true })) };
}

// press clicks what leads to another page of ours.
export const press = async (page, selector) => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(selector)]);

// sign fills the sign-in page that is shown, and leaves it.
export async function sign(page, login, password) {
  await page.fill('[name=username]', login);
  await page.fill('[name=password]', password);
  await page.click('form[action$="/login"] button[type=submit]', { noWaitAfter: true });
}

// seen waits until a question has been shown for as long as its page wants before it takes an answer; the page counts from when its script runs.
export const seen = page => page.waitForFunction(() => {
  const { loadEventEnd } = performance.getEntriesByType('navigation')[0];
  return loadEventEnd > 0 && performance.now() - loadEventEnd > 550;
});

// allow answers the question of consent.
export async function allow(page) {
  await page.waitForURL(/\/consent/);
  await seen(page);
  await page.click('button[value=allow]', { noWaitAfter: true });
}
