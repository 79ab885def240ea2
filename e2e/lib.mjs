// What all scripts share: checks are lines of JSON on standard output, questions to the Go test too; its answers come on standard input.
import { createInterface } from 'node:readline';
import { importJWK } from 'jose';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const say = o => process.stdout.write(JSON.stringify(o) + '\n');

export const input = await next();
export const check = (name, ok, detail = '') => say({ name, ok: !!ok, detail: ok ? '' : String(typeof detail === 'string' ? detail : JSON.stringify(detail)).replace(/[ \n]+/g, ' ').slice(0, 1200) });
export async function ask(question) {
  say({ ask: question.kind, ...question });
  return next();
}
// attempt reports what a step throws as a failed check, and goes on.
export async function attempt(name, work) {
  try {
    await work();
  } catch (e) {
    check(name, false, e.stack ?? e.message);
  }
}
// refuses checks that a step fails: with an error of OAuth, or as a function says.
export async function refuses(name, work, code) {
  try {
    await work();
    check(name, false, 'it was accepted');
  } catch (e) {
    const told = e.error ?? e.cause?.error ?? (await e.response?.clone().json().catch(() => null))?.error; // where there is a challenge the libraries read no body
    check(name, typeof code === 'function' ? code(e) : told === code, `${told} ${e.error_description} ${e.stack}`);
  }
}
// keyFor is the party's private key for an algorithm, as the libraries of JOSE want it.
export async function keyFor(party, alg) {
  const fits = { R: k => k.kty === 'RSA', P: k => k.kty === 'RSA', ES256: k => k.crv === 'P-256', ES384: k => k.crv === 'P-384', ES512: k => k.crv === 'P-521', EdDSA: k => k.crv === 'Ed25519' };
  const jwk = party.jwks.keys.find(fits[alg] ?? fits[alg[0]]);
  return { key: await importJWK(jwk, alg), kid: jwk.kid };
}
export function finish() {
  say({ done: true });
  process.exit(0);
}

// A browser without script: cookies, redirects, Refresh, forms. It stops where it would leave the issuer's origin. Paths are below the issuer's.
export class Visitor {
  constructor(issuer) {
    this.issuer = issuer;
    this.origin = new URL(issuer).origin;
    this.jar = new Map();
  }
  async open(url, init = {}) {
    let target = new URL(typeof url === 'string' && url.startsWith('/') ? this.issuer + url : url);
    for (let i = 0; i < 12; i++) {
      if (target.origin !== this.origin) return (this.left = target);
      const res = await fetch(target, {
        ...init, redirect: 'manual',
        headers: { ...init.headers, 'user-agent': 'Mozilla/5.0 (openid-client test)', cookie: [...this.jar].map(c => c.join('=')).join('; ') },
      });
      for (const line of res.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/max-age=0|expires=Thu, 01 Jan 1970/i.test(line)) this.jar.delete(name); else this.jar.set(name, value);
      }
      const refresh = /url=(.*)$/.exec(res.headers.get('refresh') ?? '')?.[1];
      const to = res.headers.get('location') ?? refresh;
      this.status = res.status;
      this.html = await res.text();
      this.at = target;
      if (!to) return (this.left = undefined);
      target = new URL(to, target);
      init = {};
    }
    throw new Error('too many redirects');
  }
  // submit sends the form to path with its hidden fields and these.
  async submit(path, fields) {
    const body = this.form(path);
    for (const [k, v] of Object.entries(fields)) body.set(k, v);
    return this.open(path, { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin } });
  }
  // form is the hidden fields of the form to path.
  form(path) {
    const form = this.html.split('<form ').slice(1).find(f => new RegExp(`^[^>]*action="[^"]*${path}"`).test(f))?.split('</form>')[0];
    if (!form) throw new Error(`no form to ${path} at ${this.at}: ${this.html.slice(0, 400)}`);
    const body = new URLSearchParams();
    for (const [tag] of form.matchAll(/<input [^>]*type="hidden"[^>]*>/g)) body.set(/name="([^"]*)"/.exec(tag)[1], unescape(/value="([^"]*)"/.exec(tag)?.[1] ?? ''));
    return body;
  }
  async signIn(username, password) {
    await this.open('/login');
    return this.submit('/login', { username, password });
  }
  // enter brings a device's code, and allows or denies what the device asks (RFC 8628 §3.3).
  async enter(address, code, decision) {
    await this.open(address);
    await this.submit('/device', { user_code: code });
    check(`the question shows ${code}`, this.at.pathname.endsWith('/device/confirm') && this.html.includes(code.toUpperCase()), this.html);
    await this.submit('/device/confirm', { decision });
  }
  // posted is the request that the page sends to a relying party (OAuth 2.0 Form Post Response Mode §2).
  posted(to) {
    return new Request(to, { method: 'POST', body: this.form(to) });
  }
}
const unescape = s => s.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)).replaceAll('&#43;', '+').replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
