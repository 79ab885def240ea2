// npm openid-client as a relying party.
import * as client from 'openid-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { attempt, check, finish, input, refuses, Visitor } from './lib.mjs';
import { issuer, person } from './rp_kit.mjs';
import * as requests from './rp_requests.mjs';
import * as shapes from './rp_shapes.mjs';

const { login, password, plain, resource, clients, machine, afterSignOut } = input;
const auth = { basic: client.ClientSecretBasic, post: client.ClientSecretPost, none: client.None };
const discover = c => client.discovery(new URL(issuer), c.id, { ...(c.secret && { client_secret: c.secret }), ...(c.alg && { id_token_signed_response_alg: c.alg }) },
  auth[c.method](c.secret), { execute: [client.allowInsecureRequests] });

async function codeFlow(c) {
  const config = await discover(c), person = new Visitor(issuer), named = name => `${c.id}: ${name}`;
  check(named('discovery'), config.serverMetadata().issuer === issuer);
  const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: plain, scope: 'openid profile email offline_access', state, nonce, prompt: 'consent',
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  await person.open(url);
  check(named('asks to sign in'), person.at?.pathname === '/login', person.html);
  await person.submit('/login', { username: login, password });
  check(named('asks for consent'), person.at.pathname === '/consent', person.html);
  const back = await person.submit('/consent', { decision: 'allow' });
  check(named('comes back'), back?.href.startsWith(plain), String(back ?? person.html));
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
  const tokens = await client.authorizationCodeGrant(config, back, checks);
  const claims = tokens.claims();
  check(named('ID token'), claims.nonce === nonce && claims.iss === issuer && claims.aud === c.id, claims);
  const { protectedHeader } = await jwtVerify(tokens.access_token, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), { issuer, typ: 'at+jwt' });
  check(named('access token validates through JWKS'), protectedHeader.kid);
  const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  check(named('userinfo'), info.sub === claims.sub && info.email === 'ada@example.test' && info.preferred_username === 'ada', info);
  const fresh = await client.refreshTokenGrant(config, tokens.refresh_token);
  check(named('refresh rotates'), fresh.refresh_token && fresh.refresh_token !== tokens.refresh_token);
  const again = await client.refreshTokenGrant(config, tokens.refresh_token);
  check(named('a lost answer is repeated within the grace'), again.refresh_token === fresh.refresh_token);
  if (c.secret) {
    const seen = await client.tokenIntrospection(config, fresh.access_token);
    check(named('introspection'), seen.active && seen.sub === claims.sub && seen.client_id === c.id, seen);
    check(named('introspection of a refresh token'), (await client.tokenIntrospection(config, fresh.refresh_token)).active);
  }
  await client.tokenRevocation(config, fresh.refresh_token);
  await refuses(named('a revoked refresh token'), () => client.refreshTokenGrant(config, fresh.refresh_token), 'invalid_grant');
  if (c.secret) check(named('the family is inactive'), !(await client.tokenIntrospection(config, fresh.access_token)).active);
  await refuses(named('a code that is used twice'), () => client.authorizationCodeGrant(config, back, checks), 'invalid_grant');

  const out = client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: afterSignOut, state: 'bye' });
  const gone = await person.open(out);
  check(named('RP-initiated logout'), gone?.href === `${afterSignOut}?state=bye`, String(gone ?? person.html));
  await person.open(url);
  check(named('signed out'), person.at.pathname === '/login' && !person.left, String(person.left));
}

async function machines() {
  const config = await discover({ ...machine, method: 'basic' });
  const t = await client.clientCredentialsGrant(config, { scope: 'read', resource });
  const { payload } = await jwtVerify(t.access_token, createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri)), { issuer, audience: resource, typ: 'at+jwt' });
  check('client_credentials', payload.scope === 'read' && payload.client_id === machine.id && t.expires_in > 0, payload);
  check('client_credentials: introspection', (await client.tokenIntrospection(config, t.access_token)).active);
  await client.tokenRevocation(config, t.access_token);
  check('client_credentials: revoked', !(await client.tokenIntrospection(config, t.access_token)).active);
  await refuses('client_credentials: scope', () => client.clientCredentialsGrant(config, { scope: 'admin' }), 'invalid_scope');
}

for (const c of clients) await attempt(c.id, () => codeFlow(c));
await attempt('machines', machines);
await person.signIn(login, password);
for (const [name, work] of Object.entries({ ...requests, ...shapes })) await attempt(name, work);
finish();
