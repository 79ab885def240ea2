// What rp.mjs and pages.mjs share: checks are lines of JSON on standard output, questions to the Go test too; its answers come on standard input.
import { createInterface } from 'node:readline';

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
export function finish() {
  say({ done: true });
  process.exit(0);
}

// A browser without script: cookies, redirects, Refresh, forms. It stops where it would leave the origin.
export class Visitor {
  constructor(origin) {
    this.origin = origin;
    this.jar = new Map();
  }
  async open(url, init = {}) {
    let target = new URL(url, this.origin);
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
    const form = this.html.split('<form ').slice(1).find(f => new RegExp(`^[^>]*action="[^"]*${path}"`).test(f))?.split('</form>')[0];
    if (!form) throw new Error(`no form to ${path} at ${this.at}: ${this.html.slice(0, 400)}`);
    const body = new URLSearchParams();
    for (const [tag] of form.matchAll(/<input [^>]*type="hidden"[^>]*>/g)) body.set(/name="([^"]*)"/.exec(tag)[1], unescape(/value="([^"]*)"/.exec(tag)?.[1] ?? ''));
    for (const [k, v] of Object.entries(fields)) body.set(k, v);
    return this.open(path, { method: 'POST', body: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin } });
  }
}
const unescape = s => s.replace(/&#(\d+);/g, (_, n) => String.fromCharCode(n)).replaceAll('&#43;', '+').replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
