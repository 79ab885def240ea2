// npm oauth4webapi as a relying party: every message made and read by hand.
import * as oauth from 'oauth4webapi';
import { decodeJwt } from 'jose';
import { ask, attempt, check, finish, input, keyFor, refuses, Visitor } from './lib.mjs';

const { issuer, parties, resources } = input;
const loose = { [oauth.allowInsecureRequests]: true };
const person = new Visitor(issuer);
const find = async algorithm => oauth.processDiscoveryResponse(new URL(issuer), await oauth.discoveryRequest(new URL(issuer), { algorithm, ...loose }));
const as = await find('oidc');
const known = ['client_id', 'id_token_signed_response_alg', 'userinfo_signed_response_alg', 'introspection_signed_response_alg', 'default_max_age', 'require_auth_time'];
const clientOf = party => Object.fromEntries(known.filter(k => k in party).map(k => [k, party[k]]));
const proof = { client_secret_basic: oauth.ClientSecretBasic, client_secret_post: oauth.ClientSecretPost, client_secret_jwt: oauth.ClientSecretJwt };
const proofOf = async party => party.token_endpoint_auth_method === 'none' ? oauth.None()
  : proof[party.token_endpoint_auth_method]?.(party.client_secret) ?? oauth.PrivateKeyJwt(await keyFor(party, 'ES256'));
// signed checks the signature of a JWT in an answer through our JWKS; HS256 is not for the library.
const signed = (party, res, alg = 'id_token_signed_response_alg') => party[alg] !== 'HS256' && oauth.validateApplicationLevelSignature(as, res, loose);

async function begin(party, more = {}) {
  const verifier = oauth.generateRandomCodeVerifier(), state = oauth.generateRandomState(), nonce = oauth.generateRandomNonce();
  const parameters = new URLSearchParams({ client_id: party.client_id, response_type: 'code', redirect_uri: party.redirect_uris[0], scope: 'openid', state, nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256' });
  for (const [k, v] of Object.entries(more)) {
    parameters.delete(k);
    for (const one of [v].flat()) parameters.append(k, one);
  }
  return { parameters, verifier, state, nonce };
}
const address = parameters => new URL(`${as.authorization_endpoint}?${new URLSearchParams(parameters)}`);
// redeem changes a code that was answered into tokens, and checks the ID token.
async function redeem(party, run, answer, { extra, ...more } = {}) {
  const client = clientOf(party), auth = await proofOf(party);
  const res = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, party.redirect_uris[0], run.verifier, { additionalParameters: extra, ...loose });
  const copy = res.clone();
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, res, { expectedNonce: run.nonce, requireIdToken: true, ...more });
  if (party.id_token_signed_response_alg !== 'HS256') await signed(party, res);
  check(`${party.client_id}: the answer must not be kept`, copy.headers.get('cache-control') === 'no-store', copy.headers.get('cache-control'));
  return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
}
async function signIn(party, more, options) {
  const run = await begin(party, more), back = await person.open(address(run.parameters));
  return redeem(party, run, oauth.validateAuthResponse(as, clientOf(party), back, run.state), options);
}
async function userinfo(party, access, sub) {
  const client = clientOf(party), res = await oauth.userInfoRequest(as, client, access, loose);
  const info = await oauth.processUserInfoResponse(as, client, sub, res);
  if (party.userinfo_signed_response_alg) await signed(party, res);
  return info;
}
async function introspect(party, token) {
  const client = clientOf(party), res = await oauth.introspectionRequest(as, client, await proofOf(party), token, loose);
  const seen = await oauth.processIntrospectionResponse(as, client, res);
  if (party.introspection_signed_response_alg) await signed(party, res);
  return seen;
}
const revoke = async (party, token) => oauth.processRevocationResponse(await oauth.revocationRequest(as, clientOf(party), await proofOf(party), token, loose));
async function machine(party, auth, more = { scope: 'read' }) {
  const client = clientOf(party);
  return oauth.processClientCredentialsResponse(as, client, await oauth.clientCredentialsGrantRequest(as, client, auth ?? await proofOf(party), more, loose));
}

const steps = {
  async discovery() {
    const other = await find('oauth2');
    check('discovery by RFC 8414 and OpenID Connect agree', JSON.stringify(other) === JSON.stringify(as));
    check('discovery: every endpoint', ['authorization', 'token', 'userinfo', 'introspection', 'revocation', 'end_session', 'registration', 'device_authorization', 'pushed_authorization_request'].every(e => as[`${e}_endpoint`]?.startsWith(issuer)), as);
  },
  async algorithms() {
    for (const party of Object.values(parties).filter(p => p.client_id.startsWith('alg-'))) {
      const alg = party.id_token_signed_response_alg, t = await signIn(party, { scope: 'openid email offline_access' });
      check(`${alg}: ID token`, t.claims.aud === party.client_id && t.claims.at_hash, t.claims);
      const info = await userinfo(party, t.access_token, t.claims.sub), seen = await introspect(party, t.access_token);
      check(`${alg}: userinfo, introspection`, info.email === 'ada@example.test' && seen.active && seen.sub === info.sub, { info, seen });
      if (alg === 'HS256') continue;
      const request = new Request('https://api.example.test/', { headers: { authorization: `Bearer ${t.access_token}` } });
      const claims = await oauth.validateJwtAccessToken(as, request, issuer, { ...loose, signingAlgorithms: [alg] });
      check(`${alg}: access token (RFC 9068)`, claims.client_id === party.client_id && claims.sub === info.sub && claims.jti, claims);
      const res = await oauth.refreshTokenGrantRequest(as, clientOf(party), await proofOf(party), t.refresh_token, loose);
      const fresh = await oauth.processRefreshTokenResponse(as, clientOf(party), res);
      check(`${alg}: refresh`, fresh.refresh_token !== t.refresh_token && fresh.access_token !== t.access_token);
      await revoke(party, fresh.refresh_token);
      check(`${alg}: revoked`, !(await introspect(party, fresh.access_token)).active);
    }
  },
  async privateKeyJWT() {
    const uri = parties['uri-jwt'];
    uri.jwks = parties['key-jwt'].jwks;
    await ask({ kind: 'publish', path: '/jwks.json', content: JSON.stringify({ keys: uri.jwks.keys.map(({ d, p, q, dp, dq, qi, ...rest }) => rest) }) });
    for (const party of [parties['key-jwt'], uri]) {
      for (const alg of ['RS256', 'RS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']) {
        const t = await machine(party, oauth.PrivateKeyJwt(await keyFor(party, alg), { [oauth.modifyAssertion]: h => { h.alg = alg; } }));
        check(`private_key_jwt ${party.client_id} ${alg}`, t.scope === 'read', t);
      }
      check(`private_key_jwt ${party.client_id}: code`, (await signIn(party)).claims.aud === party.client_id);
    }
    const key = await keyFor(parties['key-jwt'], 'PS256');
    const changed = change => machine(parties['key-jwt'], oauth.PrivateKeyJwt(key, { [oauth.modifyAssertion]: change }));
    for (const aud of [issuer, as.token_endpoint, [as.token_endpoint, 'https://elsewhere.example.test']]) check('private_key_jwt: audience', (await changed((_, c) => { c.aud = aud; })).access_token);
    for (const [name, change] of Object.entries({
      'no jti': (_, c) => delete c.jti, 'no exp': (_, c) => delete c.exp, 'too long': (_, c) => { c.exp = c.iat + 86400; }, 'none': h => { h.alg = 'none'; },
      'crit': h => { h.crit = ['x']; }, 'an access token': h => { h.typ = 'at+jwt'; },
    })) await refuses(`private_key_jwt: ${name}`, () => changed(change), 'invalid_client');
  },
  async clientSecretJWT() {
    const party = parties['mac-jwt'];
    check('client_secret_jwt', (await machine(party)).scope === 'read' && (await signIn(party)).claims.aud === 'mac-jwt');
    await refuses('client_secret_jwt: another secret', () => machine(party, oauth.ClientSecretJwt('y'.repeat(43))), 'invalid_client');
    await refuses('client_secret_jwt: as private_key_jwt', async () => machine(party, oauth.PrivateKeyJwt(await keyFor(parties['key-jwt'], 'ES256'))), 'invalid_client');
  },
  async pushed() {
    for (const party of [parties.par, parties['key-jwt'], parties['mac-jwt']]) {
      const run = await begin(party), client = clientOf(party);
      const res = await oauth.pushedAuthorizationRequest(as, client, await proofOf(party), run.parameters, loose);
      check(`PAR ${party.client_id}: 201`, res.status === 201);
      const { request_uri, expires_in } = await oauth.processPushedAuthorizationResponse(as, client, res);
      check(`PAR ${party.client_id}: reference`, request_uri.startsWith('urn:ietf:params:oauth:request_uri:') && expires_in > 0, request_uri);
      const stolen = await person.open(address({ client_id: 'opaque', request_uri }));
      check(`PAR ${party.client_id}: another client's`, !stolen?.searchParams.has('code'), String(stolen));
      const back = await person.open(address({ client_id: party.client_id, request_uri, scope: 'openid email', state: 'not this one' }));
      const t = await redeem(party, run, oauth.validateAuthResponse(as, client, back, run.state));
      check(`PAR ${party.client_id}: what was pushed counts`, t.scope === 'openid', t.scope);
    }
  },
  async signedRequests() {
    const party = parties.jar, key = await keyFor(party, 'ES256'), client = clientOf(party);
    const run = await begin(party, { scope: 'openid email', max_age: '3600' });
    const request = await oauth.issueRequestObject(as, client, run.parameters, key);
    const back = await person.open(address({ client_id: 'jar', request }));
    check('JAR: by value', (await redeem(party, run, oauth.validateAuthResponse(as, client, back, run.state), { maxAge: 3600 })).scope === 'openid email');
    const again = await begin(party);
    const res = await oauth.pushedAuthorizationRequest(as, client, await proofOf(party), { request: await oauth.issueRequestObject(as, client, again.parameters, key) }, loose);
    const { request_uri } = await oauth.processPushedAuthorizationResponse(as, client, res);
    const pushed = await person.open(address({ client_id: 'jar', request_uri }));
    check('JAR: pushed', (await redeem(party, again, oauth.validateAuthResponse(as, client, pushed, again.state))).claims.sub);
    const third = await begin(party);
    await ask({ kind: 'publish', path: '/request.jwt', content: await oauth.issueRequestObject(as, client, third.parameters, key) });
    const referred = await person.open(address({ client_id: 'jar', request_uri: party.request_uris[0] }));
    check('JAR: by reference', (await redeem(party, third, oauth.validateAuthResponse(as, client, referred, third.state))).claims.sub);
  },
  async front() {
    const party = parties.front, client = clientOf(party);
    for (const mode of ['fragment', 'form_post']) {
      const run = await begin(party, { response_type: 'code id_token', response_mode: mode }), back = await person.open(address(run.parameters));
      const answer = await oauth.validateCodeIdTokenResponse(as, client, mode === 'fragment' ? back : person.posted(party.redirect_uris[0]), run.nonce, run.state, undefined, loose);
      check(`code id_token by ${mode}`, (await redeem(party, run, answer)).claims.sub);
    }
    // The other types have no function of their own: their ID token is checked as one from the token endpoint is.
    for (const type of ['id_token', 'id_token token', 'code token', 'code id_token token']) {
      const run = await begin(party, { response_type: type, scope: 'openid email' }), back = await person.open(address(run.parameters)), got = new URLSearchParams(back?.hash.slice(1));
      check(`${type}: what is in the fragment`, ['code', 'id_token', 'access_token'].every(k => got.has(k) === type.split(' ').includes(k.replace('access_', ''))) && got.get('state') === run.state && got.get('iss') === issuer, String(back));
      if (got.has('id_token')) {
        const res = new Response(JSON.stringify({ access_token: got.get('access_token') ?? 'none', token_type: 'bearer', id_token: got.get('id_token') }), { headers: { 'content-type': 'application/json' } });
        const claims = oauth.getValidatedIdTokenClaims(await oauth.processAuthorizationCodeResponse(as, client, res, { expectedNonce: run.nonce, requireIdToken: true }));
        await signed(party, res);
        check(`${type}: ID token`, !!claims.at_hash === got.has('access_token') && !!claims.c_hash === got.has('code') && !!claims.email === (type === 'id_token'), claims);
      }
      if (got.has('access_token')) {
        check(`${type}: access token`, got.get('token_type') === 'Bearer' && got.get('expires_in') > 0 && (await userinfo(party, got.get('access_token'), oauth.skipSubjectCheck)).email === 'ada@example.test');
      }
      if (got.has('code')) {
        const only = new URLSearchParams({ code: got.get('code'), state: run.state, iss: issuer });
        const t = await redeem(party, run, oauth.validateAuthResponse(as, client, only, run.state));
        check(`${type}: code`, t.claims.sub && t.scope === 'openid email', t);
      }
    }
    const refused = new URLSearchParams((await person.open(address((await begin(party, { response_type: 'id_token', response_mode: 'query' })).parameters)))?.search);
    check('an ID token never goes into the query', !refused.has('id_token'), String(refused));
  },
  async claims() {
    const t = await signIn(parties['alg-PS256'], { claims: JSON.stringify({ id_token: { email: { essential: true }, acr: { values: ['no such class'] } }, userinfo: { preferred_username: null } }) });
    check('claims', t.claims.email === 'ada@example.test' && (await userinfo(parties['alg-PS256'], t.access_token, t.claims.sub)).preferred_username === 'ada', t.claims);
    const timed = await signIn(parties.timely);
    check('default_max_age, require_auth_time', timed.claims.auth_time > 0, timed.claims);
  },
  async resources() {
    const t = await signIn(parties.resources, { resource: resources }, { extra: { resource: resources[1] } });
    check('resources', [decodeJwt(t.access_token).aud].flat().filter(a => a !== issuer).join() === resources[1], decodeJwt(t.access_token));
  },
  async opaqueAndPairwise() {
    const t = await signIn(parties.opaque, { scope: 'openid email' });
    check('opaque', !t.access_token.includes('.') && (await userinfo(parties.opaque, t.access_token, t.claims.sub)).email && (await introspect(parties.opaque, t.access_token)).active);
    const a = await signIn(parties['pair-a']), b = await signIn(parties['pair-b']);
    check('pairwise', a.claims.sub !== b.claims.sub && (await userinfo(parties['pair-a'], a.access_token, a.claims.sub)).sub === a.claims.sub);
  },
  async device() {
    const party = parties.tv, client = clientOf(party);
    const began = await oauth.processDeviceAuthorizationResponse(as, client, await oauth.deviceAuthorizationRequest(as, client, oauth.None(), { scope: 'openid email' }, loose));
    const poll = async () => oauth.processDeviceCodeResponse(as, client, await oauth.deviceCodeGrantRequest(as, client, oauth.None(), began.device_code, loose));
    await refuses('device: pending', poll, 'authorization_pending');
    await person.enter('/device', began.user_code.toLowerCase(), 'allow');
    await new Promise(done => setTimeout(done, began.interval * 1000));
    const t = await poll();
    check('device: tokens', t && oauth.getValidatedIdTokenClaims(t).aud === 'tv' && t.scope === 'openid email', t);
    await refuses('device: a code that is used twice', poll, 'invalid_grant');
  },
  async registration() {
    const { token } = await ask({ kind: 'initial' });
    const metadata = { client_name: 'Low', redirect_uris: ['https://low.example.test/callback'], token_endpoint_auth_method: 'private_key_jwt', scope: 'openid email',
      jwks: { keys: parties['key-jwt'].jwks.keys.map(({ d, p, q, dp, dq, qi, ...rest }) => rest) } };
    const made = await oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, metadata, { initialAccessToken: token, ...loose }));
    check('registration', made.client_id && !made.client_secret && made.registration_access_token, made);
    const party = { ...metadata, client_id: made.client_id, jwks: parties['key-jwt'].jwks }, run = await begin(party);
    await person.open(address(run.parameters));
    const t = await redeem(party, run, oauth.validateAuthResponse(as, clientOf(party), await person.submit('/consent', { decision: 'allow' }), run.state));
    check('registration: signed in', t.claims.aud === made.client_id);
    const res = await fetch(as.registration_endpoint, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(metadata) });
    check('registration: without a token', res.status === 401 && res.headers.get('www-authenticate')?.startsWith('Bearer'), res.status);
  },
};

await person.signIn(input.login, input.password);
for (const [name, work] of Object.entries(steps)) await attempt(name, work);
finish();
