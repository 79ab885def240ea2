// axe over every state of every page. The first state of each page is looked at in light and dark at three widths; the others in light and wide and in dark and
// narrow, so that every colour and both layouts of every state are seen.
import { readFileSync } from 'node:fs';
import { check } from './lib.mjs';
import { address, crowd, go, mails, samples } from './faces_kit.mjs';

const axe = readFileSync(new URL('./node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const whole = ['light', 'dark'].flatMap(theme => [1280, 390, 320].map(width => [theme, width]));

export async function runAxe() {
  let runs = 0;
  const all = [...samples, ...mails], first = new Set(all.filter((s, i) => all.findIndex(o => o.page === s.page) === i));
  await crowd('axe', all, { bypassCSP: true, reducedMotion: 'reduce' }, async (page, s) => {
    const wrong = [];
    await go(page, address(s));
    for (const [colorScheme, width] of first.has(s) ? whole : [['light', 1280], ['dark', 320]]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      const { violations } = await page.evaluate(runOnly => axe.run(document, { runOnly, resultTypes: ['violations'] }), s.page === 'mail' ? rules : [...rules, 'best-practice']); // a mail is a part of somebody else's page: landmarks and headings are that page's
      runs++;
      for (const v of violations) {
        const nodes = v.nodes.filter(n => !n.html.includes('lang="qps-ploc"')); // the language of tests is in no registry
        if (nodes.length) wrong.push(`${colorScheme} ${width}: ${v.id}: ${nodes.map(n => n.html.slice(0, 120)).join(' | ')}`);
      }
    }
    return wrong;
  }, context => context.addInitScript(axe));
  check('axe looked at every state, and at every page six times', runs === first.size * 6 + (all.length - first.size) * 2, `${runs}`);
}
