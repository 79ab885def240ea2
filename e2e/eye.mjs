// What the walks in a browser share: its size, what its console says, the keyboard, and the look at a page.
import { readFileSync } from 'node:fs';
import { check } from './lib.mjs';

// axe is its script, for a page or for every page of a context that bypasses the policy.
export const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

// view are the options of a context: ours, then whatever is given.
export const view = o => ({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...o });

// at tells whether a page is at a path.
export const at = (page, path) => new URL(page.url()).pathname === path;

// said is what the consoles of watched pages said. A page that is an error on purpose is named there by Chromium: that is not ours.
export const said = [];
export function watch(page) {
  page.on('console', m => {
    if (['error', 'warning'].includes(m.type()) && !/Failed to load resource: the server responded with a status of 4\d\d/.test(m.text())) said.push(`${page.url()}: ${m.text()}`);
  });
  page.on('pageerror', e => said.push(`${page.url()}: ${e.message}`));
  return page;
}

// tabTo goes to a field or button by Tab alone.
export async function tabTo(page, selector) {
  for (let i = 0; i < 40; i++) {
    if (await page.evaluate(s => document.activeElement?.matches(s), selector)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no way by Tab to ${selector} at ${page.url()}`);
}

// violations are what axe finds on a page that has its script, one line each.
export async function violations(page) {
  const res = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  return res.violations.map(v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120)).join(' | ')}`);
}

// look makes pictures of a page in light and dark at three widths, with axe unless only pictures are wanted, and returns how many were looked at.
export async function look(name, page, folder, { only = false } = {}) {
  const found = [];
  let looked = 0;
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const width of [1280, 390, 320]) {
      await page.setViewportSize({ width, height: 800 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) found.push(`${width} px: ${over} px to the side`);
      await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
      if (only) continue;
      looked++;
      for (const v of await violations(page)) found.push(`${colorScheme} ${width}: ${v}`);
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
  check(`${name}: axe, no sideways scroll`, found.length === 0, found.join('\n'));
  return looked;
}
