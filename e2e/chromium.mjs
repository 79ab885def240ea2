// Chromium without a window, and with nothing of its own going on.
import { chromium } from 'playwright-core';

export const launch = executablePath => chromium.launch({ executablePath, args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

// press clicks what leads to another page of ours.
export const press = async (page, selector) => Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(selector)]);

// sign fills the sign-in page that is shown, and leaves it.
export async function sign(page, login, password) {
  await page.fill('[name=username]', login);
  await page.fill('[name=password]', password);
  await page.click('form[action$="/login"] button[type=submit]', { noWaitAfter: true });
}

// allow answers the question of consent once it has been seen for long enough.
export async function allow(page) {
  await page.waitForURL(/\/consent/);
  await page.waitForFunction(() => performance.now() > 700);
  await page.click('button[value=allow]', { noWaitAfter: true });
}
