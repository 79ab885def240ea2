// The keyboard's way through every state of every page: in which order it comes to what, by the names that a screen reader would say; that one sees where one is; that
// nothing lies over it. The order is held against a file.
import { ask, check } from './lib.mjs';
import { address, crowd, go, samples } from './faces_kit.mjs';

// tell is what the browser tells assistive technology about what has the focus.
async function tell(cdp) {
  const { result } = await cdp.send('Runtime.evaluate', { expression: 'document.activeElement' });
  const { nodes: [n] } = await cdp.send('Accessibility.getPartialAXTree', { objectId: result.objectId, fetchRelatives: false });
  const state = n.properties?.find(p => p.name === 'pressed' || p.name === 'checked')?.value.value;
  return `${n.role.value} "${n.name?.value.trim().replace(/\s+/g, ' ') ?? ''}"${state === undefined || state === 'false' || state === false ? '' : ` ${state === true ? 'true' : state}`}`;
}

// seen says what is wrong with what has the focus: nobody sees that it has, or something lies over it.
const seen = page => page.evaluate(() => {
  const e = document.activeElement, style = getComputedStyle(e), box = (e.labels?.[0] && e.matches('.vh') ? e.labels[0] : e).getBoundingClientRect();
  if (style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2) return `no ring around ${e.outerHTML.slice(0, 100)}`;
  if (box.top < 0 || box.bottom > innerHeight + 1 && box.height < innerHeight) return `out of sight: ${e.outerHTML.slice(0, 100)}`;
  const over = document.elementFromPoint(box.left + Math.min(box.width / 2, 12), box.top + box.height / 2);
  return over === e || e.contains(over) || over?.contains(e) ? '' : `${over?.outerHTML.slice(0, 60)} lies over ${e.outerHTML.slice(0, 100)}`;
});
const where = page => page.evaluate(() => {
  const e = document.activeElement;
  return e === document.body || !e ? 'nowhere' : e.closest('.foot') ? 'foot' : e.closest('.top, .menu') ? 'head' : 'page';
});

async function order(page, s, last) {
  const cdp = await page.context().newCDPSession(page), wrong = [], lines = [], head = [], foot = [];
  const stop = async list => {
    const name = await tell(cdp), problem = await seen(page);
    if (name.endsWith('""')) wrong.push(`a stop without a name: ${name}`);
    if (problem) wrong.push(problem);
    list.push(name);
  };
  await go(page, address(s));
  // An error is heard first: its summary has the focus.
  const summary = await page.evaluate(() => { const e = document.querySelector('[role=alert][tabindex="-1"]'); return e?.checkVisibility() ? document.activeElement === e : null; });
  if (summary === false) wrong.push(`the summary of errors has not the focus, but ${await tell(cdp)}`);
  // The first stop is the link that leads past everything, and it does. Where the focus begins further down, the way there is backwards.
  const down = await where(page) === 'page';
  if (down) lines.push(`begins at ${await tell(cdp)}`);
  for (let i = 0; i < 40 && (i === 0 || down) && !await page.evaluate(() => document.activeElement.matches('.skip')); i++) await page.keyboard.press(down ? 'Shift+Tab' : 'Tab');
  if (!await page.evaluate(() => document.activeElement.matches('.skip'))) wrong.push(`the first stop is ${await tell(cdp)}`);
  const bad = await seen(page);
  if (bad) wrong.push(bad);
  for (await page.keyboard.press('Tab'); await where(page) === 'head' && head.length < 40; await page.keyboard.press('Tab')) await stop(head);
  await page.evaluate(() => document.querySelector('.skip').focus());
  await page.keyboard.press('Enter');
  if (!await page.evaluate(() => document.activeElement.matches('#main'))) wrong.push(`the skip link leads to ${await tell(cdp)}`);
  for (await page.keyboard.press('Tab'); await where(page) === 'page' && lines.length < 200; await page.keyboard.press('Tab')) await stop(lines);
  for (; last && await where(page) === 'foot' && foot.length < 40; await page.keyboard.press('Tab')) await stop(foot);
  await cdp.detach();
  return { lines, wrong, head, foot };
}

export async function runKeys() {
  const orders = new Map();
  await crowd('keyboard', samples, { reducedMotion: 'reduce' }, async (page, s) => {
    const found = await order(page, s, s === samples[0]);
    orders.set(s.name, found);
    return found.wrong;
  });
  const list = (name, lines) => (lines.length ? `${name}\n${lines.map(l => `  ${l}\n`).join('')}` : `${name}: nothing\n`);
  const head = samples.map(s => orders.get(s.name)?.head ?? []).find(h => h.length > 1) ?? []; // what stands above the account's pages; a page tells what is different
  const text = list('(above the pages of the account)', head) + list('(below every page)', orders.get(samples[0].name)?.foot ?? []) +
    samples.map(s => list(s.name, [...(orders.get(s.name)?.head.join() === head.join() ? [] : orders.get(s.name)?.head ?? []), ...orders.get(s.name)?.lines ?? []])).join('');
  const { same } = await ask({ kind: 'order', text });
  check('the order of the keyboard is the one of testdata/faces-order.txt', same === '', same);
}
