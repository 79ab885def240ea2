// What the script adds to a page, in Chromium: codes that are sent when they came whole, waits that are counted down, texts that are copied.
import { check, input } from './lib.mjs';
import { address, go, listen, samples } from './faces_kit.mjs';
import { launch } from './chromium.mjs';

const at = (name, lang) => address(samples.find(s => s.name === name), lang);
const text = async (page, selector) => (await page.locator(selector).innerText()).replace(/\s+/g, ' ');

export async function runLive() {
  const browser = await launch(input.chromium), context = await browser.newContext({ locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] });
  for (const work of [codes, waits, copies]) {
    const page = await context.newPage(), said = listen(page);
    await work(page);
    const told = said();
    check(`${work.name}: the console is silent`, told.length === 0, told.join(' | '));
    await page.close();
  }
  await refused(browser);
  await browser.close();
}

// codes pastes, types and sends codes; what is sent is only counted.
async function codes(page) {
  const sent = [];
  await page.route(() => true, route => {
    const r = route.request();
    if (r.method() === 'GET') return route.continue();
    sent.push(r.postData());
    return route.fulfill({ status: 204 });
  });
  const rest = () => page.waitForTimeout(300);
  for (const [sample, whole, short] of [['otp', '123 456', '12345'], ['mail-sent', '1234-5678', '123456'], ['enrol-app', '123456', '1234567'], ['signup-sent', '12345678', '1234567']]) {
    await go(page, at(sample));
    const field = page.locator('[data-digits]'), paste = async words => {
      await page.evaluate(t => navigator.clipboard.writeText(t), words);
      await field.press('ControlOrMeta+V');
      await rest();
    };
    await field.focus();
    await paste(short);
    check(`${sample}: a part of a code is not sent`, sent.length === 0, sent);
    await field.fill('');
    await paste(whole);
    check(`${sample}: a whole one is, once`, sent.length === 1 && new URLSearchParams(sent[0]).get('code') === whole && await page.locator('[aria-invalid]').count() === 0, sent);
    await page.keyboard.press('Enter');
    await rest();
    check(`${sample}: nor a second time`, sent.length === 1, sent);
    sent.length = 0;
    await go(page, at(sample));
    await field.pressSequentially(whole);
    await rest();
    check(`${sample}: one that is typed waits for its button`, sent.length === 0, sent);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await rest();
    check(`${sample}: whose double click sends it once`, sent.length === 1, sent);
    const described = await field.evaluate(e => e.getAttribute('aria-describedby').split(' ').map(id => document.getElementById(id).innerText).join(' '));
    check(`${sample}: the field says so beforehand`, described.includes('is sent at once'), described);
    sent.length = 0;
  }
}

// waits moves the clock of pages that tell somebody to wait.
async function waits(page) {
  await page.clock.install();
  for (const [sample, lang, place, states, over] of [
    ['otp-throttled', 'en', '.notice li', [[1, 'Wait 39 seconds,'], [39, 'Wait 1 second,']], 'You can try again now.'],
    ['otp-throttled', 'ar', '.notice li', [[39, 'ثانية واحدة'], [38, 'ثانيتان']], 'يمكنك المحاولة من جديد الآن.'],
    ['mail-sent', 'de', '.hint-form span', [[2, 'in 40 Sekunden']], 'Sie können es jetzt noch einmal versuchen.'],
    ['signup-sent', 'fr', '.hint-form span', [[2, 'dans 40 secondes']], 'Vous pouvez réessayer maintenant.'],
    ['problem-throttled', 'es', '.lede span', [[2, 'segundos']], 'Ya puedes intentarlo de nuevo.'],
  ]) for (const [seconds, words] of [...states, [600, over]]) {
    await go(page, at(sample, lang));
    const before = await text(page, place), digits = /\d+/.exec(before)?.[0];
    await page.clock.runFor(seconds * 1000);
    const now = await text(page, place), last = words === over, status = await page.locator('[data-wait]').textContent();
    check(`${sample} ${lang}: after ${seconds} s it says "${words}"`, now !== before && (last ? now === over : now.includes(words)) && digits, `${before} | ${now}`);
    check(`${sample} ${lang}: after ${seconds} s who listens hears ${last ? 'that it is over' : 'nothing'}`,
      status === (last ? over : '') && await page.locator(place).getAttribute('aria-live') === 'off', status);
  }
}

async function copies(page) {
  for (const [sample, id, want] of [
    ['enrol-app', 'setup-key', t => /^[A-Z2-7]{32}$/.test(t)],
    ['codes', 'codes', t => /^([A-Z2-7]{4}(-|\n|$)){40}$/.test(t)],
    ['dev', 'dev-address', t => t.endsWith('/.well-known/openid-configuration')],
    ['dev-validate', 'dev-check', t => t.startsWith('latchkey check-validator http')],
    ['dev-validate', 'validate-go', t => t.includes('package ') && t.includes('\n\t')],
  ]) {
    await go(page, at(sample));
    const button = page.locator(`[data-copy="${id}"]`), status = button.locator('xpath=../*[@role="status"]');
    await page.evaluate(() => navigator.clipboard.writeText('before'));
    await button.click();
    await page.waitForFunction(e => e.textContent, await status.elementHandle());
    const got = await page.evaluate(() => navigator.clipboard.readText());
    check(`${sample}: ${id} is copied, and it is told`, want(got.replaceAll('\r', '')) && await status.textContent() === 'Copied', got.slice(0, 200));
    await page.waitForFunction(e => !e.textContent, await status.elementHandle(), { timeout: 10000 });
  }
}

// refused: a browser that lets nothing be copied.
async function refused(browser) {
  const page = await browser.newPage();
  await page.addInitScript(() => { navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError')); });
  await go(page, at('enrol-app'));
  await page.click('[data-copy]');
  await page.waitForFunction(() => document.querySelector('.copy [role=status]').textContent.startsWith('Your browser did not allow it'));
  check('where the browser refuses, the page says what to do', true);
  await page.addInitScript(() => { Object.defineProperty(navigator, 'clipboard', { value: undefined }); });
  await go(page, at('enrol-app'));
  check('where there is no clipboard there is no button', await page.locator('[data-copy]:visible').count() === 0);
  await page.close();
}
