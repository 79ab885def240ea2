// What the checks of whole pages share: browsers, workers, and the eye for what does not fit.
import { launch } from './chromium.mjs';
import { check, input } from './lib.mjs';

export const { samples, mails } = input;
const workers = 2; // as many as the machines that this runs on have processors

// address is where a sample is shown.
export const address = (s, lang = 'en') => `${input.preview}${s.at}?ui_locales=${lang}`;

// crowd calls work with each row and a page of a fresh context, as many rows at a time as there are workers. What is found wrong is one check.
export async function crowd(name, rows, options, work, begin = async () => {}) {
  const browser = await launch(input.chromium), queue = [...rows], wrong = [], start = Date.now();
  await Promise.all(Array.from({ length: workers }, async () => {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
    await begin(context);
    const page = await context.newPage();
    for (let row; (row = queue.shift());) {
      try {
        wrong.push(...(await work(page, row) ?? []).map(w => `${row.name}: ${w}`));
      } catch (e) {
        wrong.push(`${row.name}: ${e.stack}`);
      }
    }
    await context.close();
  }));
  await browser.close();
  check(`${name}: ${rows.length} looked at in ${((Date.now() - start) / 1000).toFixed(0)} s`, wrong.length === 0 && rows.length > 0);
  for (const w of wrong) check(name, false, w);
}

// go shows a sample, and waits until it has its typeface, and its buttons take an answer.
export async function go(page, url) {
  const answer = await page.goto(url);
  await page.evaluate(() => document.fonts.ready.then(() => new Promise(requestAnimationFrame)));
  await page.waitForFunction(() => !document.querySelector('[aria-disabled=true]'));
  return answer;
}

// listen keeps what the console says, all of it. That Chromium names a page which is an error on purpose is not ours, nor that the preview has no server behind it.
export function listen(page) {
  const said = [];
  page.on('console', m => {
    const status = /^Failed to load resource: the server responded with a status of (\d+)/.exec(m.text())?.[1];
    if (status !== '404' && !(status && m.location().url === page.url())) said.push(`${m.type()}: ${m.text()}`);
  });
  page.on('pageerror', e => said.push(e.message));
  return () => said.splice(0);
}

// misfits finds what sticks out of the window or of its box, and text that is cut off.
export const misfits = page => page.evaluate(() => {
  const found = [], width = document.documentElement.clientWidth;
  const told = e => `<${e.localName} class="${e.getAttribute('class') ?? ''}"> ${(e.textContent ?? '').trim().replace(/\s+/g, ' ').slice(0, 60)}`;
  if (document.documentElement.scrollWidth > innerWidth) found.push(`${document.documentElement.scrollWidth - innerWidth} px to the side`);
  const scrolls = e => { for (let p = e.parentElement; p; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return true; return false; };
  for (const e of document.body.querySelectorAll('*')) {
    if (e.closest('.blade, .vh, .skip, svg, option') || !e.checkVisibility()) continue;
    const box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (box.width && (box.right > width + 1 || box.left < -1) && !scrolls(e)) found.push(`out of the window, ${Math.round(box.left)} to ${Math.round(box.right)}: ${told(e)}`);
    if (style.display === 'inline' || e.matches('input, textarea, select') || /auto|scroll/.test(style.overflowX)) continue;
    if (e.scrollWidth > e.clientWidth + 1 && !scrolls(e) && !e.matches('body, .stage, .key')) found.push(`wider than its box by ${e.scrollWidth - e.clientWidth}: ${told(e)}`);
    if (/hidden|clip/.test(style.overflowY) && !e.matches('body, .mark, .mark *') && e.scrollHeight > e.clientHeight + 1) found.push(`cut off below: ${told(e)}`);
  }
  return [...new Set(found)].slice(0, 5);
});
