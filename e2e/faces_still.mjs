// Every state of every page with script off: nothing is shown that would do nothing, and every form still goes where it says.
import { address, crowd, samples } from './faces_kit.mjs';
import { check, input } from './lib.mjs';

export async function runStill() {
  let sent = 0;
  await crowd('without script', samples, { javaScriptEnabled: false }, async (page, s) => {
    const wrong = [], requests = [], url = address(s);
    // Nothing but the page itself is asked for in earnest: what a form sends is only written down.
    await page.route(() => true, route => {
      const r = route.request();
      if (!r.isNavigationRequest() || r.url() === url) return route.continue();
      requests.push(r);
      return route.fulfill({ status: 204 });
    });
    await page.goto(url);
    const { dead, forms } = await page.evaluate(() => {
      const shown = e => e.checkVisibility();
      const dead = [...document.querySelectorAll('.needs-js, [data-reveal], [data-copy]')].filter(shown)
        .concat([...document.querySelectorAll('button')].filter(b => shown(b) && (!b.form || b.type !== 'submit')))
        .concat([...document.querySelectorAll('a:not([href]), a[href="#"]')].filter(shown))
        .concat([...document.forms].filter(f => shown(f) && !f.querySelector('button:not([type=button])'))).map(e => e.outerHTML.slice(0, 100));
      return { dead, forms: [...document.forms].map((f, n) => ({ n, action: f.action, method: f.method, buttons: [...f.querySelectorAll('button')].filter(shown).length, foot: !!f.closest('.foot') })) };
    });
    wrong.push(...dead.map(e => `does nothing without script: ${e}`));
    for (const f of forms.filter(f => f.buttons && (!f.foot || s === samples[0]) && f.action.startsWith(input.preview))) { // the one that leaves for an application is sent in pages.mjs
      const before = requests.length;
      const button = page.locator('form').nth(f.n).locator('button:visible').last();
      if (!await button.isVisible()) continue; // in a fold that is closed
      await button.evaluate(b => b.form.querySelectorAll('input[type=file]').forEach(i => { i.required = false; }));
      await button.click({ noWaitAfter: true });
      for (let i = 0; i < 200 && requests.length === before; i++) await new Promise(r => setTimeout(r, 25));
      const [r] = requests.slice(before), same = (a, b) => a.split(/[?#]/)[0] === b.split(/[?#]/)[0];
      if (r?.method() !== f.method.toUpperCase() || !same(r.url(), f.action)) wrong.push(`the form to ${f.action} sends ${r?.method()} ${r?.url()}`);
      sent++;
    }
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    return wrong;
  });
  check('forms were sent', sent > samples.length / 2, `${sent}`);
}
