// Latchkey: enhancement only. Every flow works with this file missing.
// All words come from the page (data-* attributes filled by the server's catalogue).
const all = (sel, root = document) => [...root.querySelectorAll(sel)];

// Show and hide a password.
for (const b of all('[data-reveal]')) {
  const input = document.getElementById(b.dataset.reveal), word = b.firstElementChild, show = word.textContent;
  const set = visible => {
    input.type = visible ? 'text' : 'password';
    word.textContent = visible ? b.dataset.hide : show;
  };
  b.addEventListener('click', () => set(input.type === 'password'));
  input.form.addEventListener('submit', () => set(false));   // so that password managers recognise it
}

// Caps Lock.
for (const p of all('[data-caps]')) {
  const input = document.querySelector(`[aria-describedby~="${p.id}"]`);
  input.addEventListener('keyup', e => { p.textContent = e.getModifierState?.('CapsLock') ? p.dataset.caps : ''; });
  input.addEventListener('blur', () => { p.textContent = ''; });
}

// Validation: first word when a field is left, then live until it is right again. The server has the last word.
function verdict(input) {
  const d = input.dataset, v = input.validity;
  if (v.valueMissing) return ['error', d.missing];
  if (!input.value) return ['ok', ''];
  if (v.typeMismatch || v.patternMismatch) return ['error', d.malformed];
  if ('levels' in d) {
    const low = input.value.toLowerCase();
    const own = all('[name=full_name],[name=username],[name=email],[name=shown]', input.form)
      .flatMap(i => i.value.toLowerCase().split(/[\s@]+/)).filter(w => w.length > 3);
    if (own.some(w => low.includes(w))) return ['error', d.personal];
    if ([...input.value].length < input.minLength) return ['error', d.short];
  }
  if (input.value === d.refused) return ['error', d.taken];
  return ['ok', 'check' in d && input.value !== d.free ? '' : d.ok ?? ''];
}
function level(input) {   // a hint only
  const n = [...input.value].length, kinds = new Set(input.value).size;
  return n < input.minLength ? 1 : n < input.minLength + 4 || kinds < 7 ? 2 : n < 16 ? 3 : 4;
}
function strength(input) {
  const meter = document.getElementById(`${input.id}-meter`);
  meter.hidden = !input.value;
  meter.dataset.level = level(input);
}
function show(input, typing = false) {
  let [kind, text] = verdict(input);
  if ('levels' in input.dataset && input.value && (kind === 'ok' || typing)) {
    text = input.dataset.levels.split('|')[level(input) - 1];
    if (kind !== 'ok' || level(input) < 3) kind = 'note';
  }
  const msg = document.getElementById(`${input.id}-msg`);
  msg.dataset.kind = kind;
  msg.textContent = text ?? '';
  if (kind === 'error') input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
  return kind !== 'error';
}

// Is the name free? Asked when typing rests; the page says nothing where the server does not answer.
function check(input) {
  let timer, asked;
  input.addEventListener('input', () => {
    clearTimeout(timer);
    asked?.abort();
    const name = input.value, d = input.dataset;
    if (!name || !input.validity.valid || name === d.free || name === d.refused) return;
    timer = setTimeout(async () => {
      asked = new AbortController();
      try {
        const res = await fetch(`${d.check}?username=${encodeURIComponent(name)}`, { signal: asked.signal });
        if (!res.ok) return;
        d[(await res.json()).available ? 'free' : 'refused'] = name;
        if (input.value === name) show(input);
      } catch { /* offline or typed on */ }
    }, 350);
  });
}

for (const form of all('form[data-validate]')) {
  const fields = all('[data-live]', form);
  for (const f of fields) {
    let left = f.hasAttribute('aria-invalid');
    if ('check' in f.dataset) check(f);
    f.addEventListener('blur', () => { if (f.value) { left = true; show(f); } });
    f.addEventListener('input', () => {
      if ('levels' in f.dataset) { strength(f); show(f, !left); return; }
      if (left || (f.dataset.ok && verdict(f)[0] === 'ok')) { left = true; show(f); }
    });
  }
  let sent = -2e3;
  form.addEventListener('submit', e => {
    if (e.timeStamp - sent < 2e3) { e.preventDefault(); return; }   // a code is good for one use: the second click of a double click must not spend it
    const bad = fields.filter(f => { show(f); return verdict(f)[0] === 'error'; });
    if (bad.length) { e.preventDefault(); bad[0].focus(); return; }
    sent = e.timeStamp;
    busy(e.submitter, true);
  });
}

// A code that came at once and whole, pasted or filled in by the browser, is sent. One that is typed is not: who types may want to look at it again.
for (const input of all('[data-digits]')) {
  const whole = new RegExp(`^\\d{${input.dataset.digits}}$`);
  let before = input.value.length;
  input.addEventListener('input', () => {
    const came = input.value.length - before;
    before = input.value.length;
    if (came > 1 && whole.test(input.value.replace(/[\s-]/g, ''))) input.form.requestSubmit(input.form.querySelector('button:not([type=button])'));
  });
}

// A wait is counted down for the eye, in the page's own words. Who listens is told once, at its end.
for (const told of all('[data-wait]')) {
  const { wait, words, forms, over } = told.dataset, [seconds, minutes] = JSON.parse(forms);
  const plural = new Intl.PluralRules(document.documentElement.lang), end = Date.now() + wait * 1000;
  const say = s => {
    const [n, form] = s > 90 ? [Math.ceil(s / 60), minutes] : [s, seconds];
    return (form[plural.select(n)] ?? form.other).replace('{n}', n);
  };
  const places = all('main :is(li, span)').filter(e => !e.children.length && e.textContent.includes(words)).map(e => [e, ...e.textContent.split(words)]);
  for (const [e] of places) e.setAttribute('aria-live', 'off');
  const clock = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    for (const [e, ahead, after] of places) e.textContent = left > 0 ? ahead + say(left) + after : over;
    if (left > 0) return;
    clearInterval(clock);
    told.textContent = over;
  }, 1000);
}

// Copy what stands elsewhere on the page.
for (const b of all('[data-copy]')) {
  const from = document.getElementById(b.dataset.copy), said = b.parentElement.querySelector('[role=status]');
  b.hidden = !navigator.clipboard;
  b.addEventListener('click', async () => {
    said.textContent = '';
    said.textContent = await navigator.clipboard.writeText(from.dataset.text ?? from.innerText.trim()).then(() => said.dataset.done, () => said.dataset.failed);
    setTimeout(() => { said.textContent = ''; }, 5000);
  });
}
function busy(button, on) {
  if (!button?.dataset.busy) return;
  const label = button.lastChild;
  if (on) { button.dataset.idle = label.textContent; label.textContent = button.dataset.busy; }
  else if (button.dataset.idle) label.textContent = button.dataset.idle;
  button.setAttribute('aria-busy', String(on));
}
addEventListener('pageshow', e => { if (e.persisted) all('[aria-busy=true]').forEach(b => busy(b, false)); });

// A question that matters must be seen before it can be answered: a second click of a double click does not count, and is not kept either.
for (const form of all('form[data-guard]')) {
  const buttons = all('button', form);
  let seen = false;
  for (const b of buttons) b.setAttribute('aria-disabled', 'true');
  setTimeout(() => { seen = true; for (const b of buttons) b.removeAttribute('aria-disabled'); }, 500);
  form.addEventListener('submit', e => { if (!seen) e.preventDefault(); });
}

// Signed out: on to where the person came from when the applications in frames have loaded, and without the slow ones.
for (const a of all('[data-onward]')) {
  const go = () => { clearTimeout(late); location.replace(a.href); };
  const late = setTimeout(go, 5000);
  addEventListener('load', go, { once: true });
}

// Passkeys: in the name field's own autofill and by a button; made by a button, or quietly where the browser just filled the password.
const keys = window.PublicKeyCredential;
function passkey(form) {
  const { passkey: kind, options, quiet } = form.dataset, button = form.querySelector('button'), status = form.querySelector('[role=status]'), told = status.dataset;
  const parse = kind === 'get' ? 'parseRequestOptionsFromJSON' : 'parseCreationOptionsFromJSON';
  if (!keys?.[parse]) { form.hidden = true; return; }
  let asked, again;
  const stop = () => { clearTimeout(again); asked?.abort(); asked = new AbortController(); };
  const ask = async (mediation, more = '') => {
    stop();
    const { signal } = asked, res = await fetch(options + more, { method: 'POST', body: new URLSearchParams(), signal });
    const { ticket, publicKey, message } = await res.json();
    if (!res.ok) throw { message };
    form.credential.value = JSON.stringify(await navigator.credentials[kind]({ publicKey: keys[parse](publicKey), mediation, signal }));
    form.ticket.value = ticket;
    for (const box of all('[data-too]:checked')) form.append(box.cloneNode());
    form.submit();
  };
  const wait = async () => {   // nobody asked for this: what goes wrong is not told
    if (quiet === undefined) return;
    const can = await keys.getClientCapabilities?.() ?? {};
    if (kind === 'create') { if (can.conditionalCreate) ask('conditional', '&quiet=1').catch(() => {}); return; }
    if (!can.conditionalGet && !await keys.isConditionalMediationAvailable?.()) return;
    ask('conditional').catch(() => {});
    again = setTimeout(wait, 24e4);   // a question lasts five minutes
  };
  form.addEventListener('submit', async e => {
    e.preventDefault();
    busy(button, true);
    status.textContent = '';
    try { await ask(); } catch (err) {
      busy(button, false);
      status.textContent = { NotAllowedError: told.cancelled, InvalidStateError: told.exists }[err.name] ?? (err.name ? told.failed : err.message);
      if (kind === 'get') wait();
    }
  });
  addEventListener('pageshow', e => { if (e.persisted) wait(); });
  wait();
}
all('form[data-passkey]').forEach(passkey);
// Can this device keep a passkey? And what the server has of those that it keeps.
for (const i of all('[data-able]')) keys?.isUserVerifyingPlatformAuthenticatorAvailable?.().then(yes => { i.value = yes && keys.parseCreationOptionsFromJSON ? '1' : ''; });
for (const el of all('[data-signals]')) for (const [name, told] of JSON.parse(el.dataset.signals)) keys?.[name]?.(told).catch(() => {});
