// The sample application: OpenID Connect code flow with PKCE, a public client, no library.
// It shows what every relying party must check. It is served in development mode only.
const $ = id => document.getElementById(id);
const app = $('demo'), { issuer, client, home } = app.dataset, word = app.dataset;
const redirectURI = `${issuer}/demo/callback`, after = `${issuer}/demo`;
const store = sessionStorage, KEY = 'lk-demo', utf8 = new TextEncoder();

const b64 = bytes => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const unb64 = s => Uint8Array.from(atob(s.replace(/-/g, '+').replace(/_/g, '/')), c => c.charCodeAt(0));
const random = () => b64(crypto.getRandomValues(new Uint8Array(32)));
const sha256 = s => crypto.subtle.digest('SHA-256', utf8.encode(s));
const json = async (url, init) => {
  const res = await fetch(url, init), body = await res.json();
  if (!res.ok) throw new Error([body.error, body.error_description].filter(Boolean).join(': ') || `HTTP ${res.status}`);
  return body;
};

let discovery;
async function configuration() {
  discovery ??= json(`${issuer}/.well-known/openid-configuration`);
  const conf = await discovery;
  if (conf.issuer !== issuer) throw new Error(`issuer ${conf.issuer}`);   // OIDC Discovery §4.3
  return conf;
}

async function signIn() {
  const conf = await configuration(), verifier = random(), state = random(), nonce = random(), offline = $('demo-offline').checked;
  store.setItem(`${KEY}-flow`, JSON.stringify({ verifier, state, nonce }));
  const q = new URLSearchParams({ response_type: 'code', client_id: client, redirect_uri: redirectURI,
    scope: `openid profile email${offline ? ' offline_access' : ''}`, state, nonce,
    code_challenge: b64(await sha256(verifier)), code_challenge_method: 'S256' });
  if (offline) q.set('prompt', 'consent');   // OIDC Core §11
  location.assign(`${conf.authorization_endpoint}?${q}`);
}

async function callback(params) {
  const flow = JSON.parse(store.getItem(`${KEY}-flow`) ?? 'null');
  store.removeItem(`${KEY}-flow`);
  history.replaceState(null, '', home);   // the code leaves the address bar
  if (!flow || params.get('state') !== flow.state) throw new Error(word.state);
  if (params.get('iss') !== issuer) throw new Error('iss');   // RFC 9207 §2.4
  if (params.has('error')) throw new Error([params.get('error'), params.get('error_description')].filter(Boolean).join(': '));
  const tokens = await token({ grant_type: 'authorization_code', code: params.get('code'), redirect_uri: redirectURI, code_verifier: flow.verifier });
  keep({ ...tokens, nonce: flow.nonce });
}

async function token(form) {
  const conf = await configuration();
  return json(conf.token_endpoint, { method: 'POST', body: new URLSearchParams({ ...form, client_id: client }) });
}
const keep = t => store.setItem(KEY, JSON.stringify(t));
const kept = () => JSON.parse(store.getItem(KEY) ?? 'null');

const algorithms = {
  RS256: { kty: 'RSA', key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, verify: 'RSASSA-PKCS1-v1_5' },
  ES256: { kty: 'EC', key: { name: 'ECDSA', namedCurve: 'P-256' }, verify: { name: 'ECDSA', hash: 'SHA-256' } },
  EdDSA: { kty: 'OKP', key: { name: 'Ed25519' }, verify: 'Ed25519' },
};
algorithms.Ed25519 = algorithms.EdDSA;   // RFC 9864
const part = s => JSON.parse(new TextDecoder().decode(unb64(s)));

async function signed(jwt, header) {
  const alg = algorithms[header.alg];   // never an algorithm that the token alone chose: the key must be of its kind
  if (!alg) throw new Error(word.unsupported);
  const { keys } = await json((await configuration()).jwks_uri);
  const jwk = keys.find(k => k.kid === header.kid && k.kty === alg.kty && (k.alg ?? header.alg) === header.alg && (k.use ?? 'sig') === 'sig');
  if (!jwk) return false;
  let key;
  try { key = await crypto.subtle.importKey('jwk', { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, n: jwk.n, e: jwk.e }, alg.key, false, ['verify']); }
  catch (e) { throw e.name === 'NotSupportedError' ? new Error(word.unsupported) : e; }
  const end = jwt.lastIndexOf('.');
  return crypto.subtle.verify(alg.verify, key, unb64(jwt.slice(end + 1)), utf8.encode(jwt.slice(0, end)));
}
const has = (aud, who) => [aud].flat().includes(who);
const timely = c => c.exp > Date.now() / 1000 && c.iat <= Date.now() / 1000 + 60;

async function checkID(jwt, t) {
  const header = part(jwt.split('.')[0]), claims = part(jwt.split('.')[1]);
  const checks = [[word.signature, await signed(jwt, header)], [word.issued, claims.iss === issuer],
    [word.audience, has(claims.aud, client) && (claims.azp ?? client) === client], [word.time, timely(claims)],
    [word.nonce, claims.nonce === t.nonce]];   // OIDC Core §3.1.3.7
  if (claims.at_hash) checks.push([word.hash, claims.at_hash === b64((await atHash(header.alg, t.access_token)))]);
  return { header, claims, checks };
}
async function atHash(alg, access) {   // the left half of the signature's own hash; Ed25519 has SHA-512
  const full = await crypto.subtle.digest(alg.startsWith('Ed') ? 'SHA-512' : 'SHA-256', utf8.encode(access));
  return full.slice(0, full.byteLength / 2);
}
async function checkAccess(jwt) {
  const header = part(jwt.split('.')[0]), claims = part(jwt.split('.')[1]);
  return { header, claims, checks: [[word.signature, await signed(jwt, header)], [word.issued, claims.iss === issuer],
    [word.kind, /^(application\/)?at\+jwt$/i.test(header.typ) && claims.client_id === client], [word.time, timely(claims)]] };   // RFC 9068 §4
}

function draw(card, jwt, { header, claims, checks }) {
  const at = sel => card.querySelector(sel), good = sound(checks);
  at('[data-verdict]').textContent = good ? word.good : word.bad;
  at('[data-verdict]').className = `badge ${good ? 'badge-ok' : 'badge-error'}`;
  at('[data-checks]').replaceChildren(...checks.map(([text, ok]) =>
    Object.assign(document.createElement('li'), { className: ok ? 'check-ok' : 'check-bad', textContent: text })));
  at('[data-header]').textContent = JSON.stringify(header, null, 2);
  at('[data-claims]').textContent = JSON.stringify(claims, null, 2);
  at('[data-raw]').textContent = jwt;
}

const sound = checks => checks.every(c => c[1]);

async function show() {
  const t = kept();
  $('demo-start').hidden = !!t;
  $('demo-result').hidden = !t;
  if (!t) return;
  $('demo-refresh').hidden = !t.refresh_token;
  $('demo-hello').hidden = $('demo-info').hidden = true;
  const id = await checkID(t.id_token, t);
  draw($('demo-id'), t.id_token, id);
  const access = await checkAccess(t.access_token);
  draw($('demo-access'), t.access_token, access);
  if (!sound(id.checks) || !sound(access.checks)) throw new Error(word.tokens);   // shown, but believed by nobody
  const info = await json((await configuration()).userinfo_endpoint, { headers: { authorization: `Bearer ${t.access_token}` } });
  $('demo-userinfo').textContent = JSON.stringify(info, null, 2);
  if (info.sub !== id.claims.sub) throw new Error('sub');   // OIDC Core §5.3.2
  $('demo-name').textContent = info.name ?? info.preferred_username ?? info.email ?? info.sub;
  $('demo-hello').hidden = $('demo-info').hidden = false;
}

async function refresh() {
  const old = kept(), t = await token({ grant_type: 'refresh_token', refresh_token: old.refresh_token });
  const fresh = { ...old, ...t };
  if (t.id_token && part(t.id_token.split('.')[1]).nonce === undefined) fresh.nonce = undefined;   // OIDC Core §12.2: it should not have one
  keep(fresh);
  await show();
  $('demo-status').textContent = $('demo-status').dataset.refreshed;
}

async function signOut() {
  const conf = await configuration(), t = kept();
  store.removeItem(KEY);
  location.assign(`${conf.end_session_endpoint}?${new URLSearchParams({ id_token_hint: t.id_token, client_id: client, post_logout_redirect_uri: after })}`);
}
const forget = async () => { store.removeItem(KEY); await show(); };

async function attempt(work) {
  const box = $('demo-error'), status = $('demo-status');
  box.hidden = true;
  status.textContent = status.dataset.working;
  try {
    await work();
    if (status.textContent === status.dataset.working) status.textContent = '';
  } catch (e) {
    status.textContent = '';
    box.querySelector('p').textContent = e.message;
    box.hidden = false;
    box.focus();
    $('demo-start').hidden = !!kept();
  }
}
for (const [id, work] of Object.entries({ signin: signIn, refresh, signout: signOut, forget })) $(`demo-${id}`).addEventListener('click', () => attempt(work));
const params = new URLSearchParams(location.search);
attempt(async () => {
  if (params.has('state')) await callback(params);
  await show();
});
