// How openid-client asks: proofs of clients, pushed and signed requests, requested claims and resources, the device flow, registration.
import * as client from 'openid-client';
import { decodeJwt, SignJWT } from 'jose';
import { ask, check, keyFor, refuses } from './lib.mjs';
import { answered, begin, discover, issuer, parties, person, resources, signIn } from './rp_kit.mjs';

const publish = keys => ask({ kind: 'publish', path: '/jwks.json', content: JSON.stringify({ keys: keys.map(({ d, p, q, dp, dq, qi, ...rest }) => rest) }) });

// rotated: a party that publishes another key can use it at once (OpenID Connect Core §10.1.1).
async function rotated(party) {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign']), jwk = { ...await crypto.subtle.exportKey('jwk', pair.privateKey), kid: 'rotated' };
  const config = await discover(party, { auth: client.PrivateKeyJwt({ key: pair.privateKey, kid: jwk.kid }) });
  await publish([{ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y, kid: jwk.kid }]);
  check('jwks_uri: a key that was not there before', (await client.clientCredentialsGrant(config, { scope: 'read' })).access_token);
  await refuses('jwks_uri: a key that is gone', async () => client.clientCredentialsGrant(await discover(party), { scope: 'read' }), 'invalid_client');
}

// privateKeyJWT: each algorithm at each endpoint that takes a client's proof, and each assertion once only (RFC 7523, OpenID Connect Core §9).
export async function privateKeyJWT() {
  for (const id of ['key-jwt', 'uri-jwt']) {
    const party = parties[id];
    if (id === 'uri-jwt') {
      party.jwks = { keys: parties['key-jwt'].jwks.keys };
      await publish(party.jwks.keys);
    }
    for (const alg of ['RS256', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA', 'RS512', 'PS384']) {
      const key = await keyFor(party, alg);
      const auth = client.PrivateKeyJwt(key, { [client.modifyAssertion]: header => { header.alg = alg; } });
      const t = await client.clientCredentialsGrant(await discover(party, { auth }), { scope: 'read' });
      check(`private_key_jwt ${id} ${alg}`, t.access_token && t.scope === 'read', t);
    }
    const config = await discover(party), tokens = await signIn(`private_key_jwt ${id}`, party, config, { scope: 'openid offline_access' });
    check(`private_key_jwt ${id}: code`, tokens.claims().aud === id, tokens);
    check(`private_key_jwt ${id}: introspection`, (await client.tokenIntrospection(config, tokens.access_token)).active);
    await client.tokenRevocation(config, tokens.refresh_token);
    check(`private_key_jwt ${id}: revoked`, !(await client.tokenIntrospection(config, tokens.access_token)).active);
  }
  await rotated(parties['uri-jwt']);
  const party = parties['key-jwt'], key = await keyFor(party, 'ES256');
  const wrong = { kid: key.kid, key: (await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])).privateKey };
  const refused = async (name, key, change) => refuses(`private_key_jwt: ${name}`,
    async () => client.clientCredentialsGrant(await discover(party, { auth: client.PrivateKeyJwt(key, { [client.modifyAssertion]: change }) }), { scope: 'read' }), 'invalid_client');
  await refused('another key', wrong, () => {});
  await refused('another audience', key, (_, c) => { c.aud = 'https://elsewhere.example.test'; });
  await refused('expired', key, (_, c) => { c.exp = c.iat - 600; });
  await refused('not the client', key, (_, c) => { c.iss = 'uri-jwt'; });
  const same = await discover(party, { auth: client.PrivateKeyJwt(key, { [client.modifyAssertion]: (_, c) => { c.jti = 'one and the same'; } }) });
  check('private_key_jwt: first use', (await client.clientCredentialsGrant(same, { scope: 'read' })).access_token);
  await refuses('private_key_jwt: second use', () => client.clientCredentialsGrant(same, { scope: 'read' }), 'invalid_client');
}

export async function clientSecretJWT() {
  const party = parties['mac-jwt'], config = await discover(party);
  check('client_secret_jwt', (await client.clientCredentialsGrant(config, { scope: 'read' })).access_token);
  const tokens = await signIn('client_secret_jwt', party, config);
  check('client_secret_jwt: code', tokens.claims().aud === party.client_id);
  check('client_secret_jwt: introspection', (await client.tokenIntrospection(config, tokens.access_token)).active);
  await refuses('client_secret_jwt: another secret', async () => client.clientCredentialsGrant(await discover({ ...party, client_secret: 'x'.repeat(40) }), { scope: 'read' }), 'invalid_client');
  await refuses('client_secret_jwt: the bare secret', async () => client.clientCredentialsGrant(await discover(party, { auth: client.ClientSecretBasic(party.client_secret) }), { scope: 'read' }), 'invalid_client');
}

// pushed requests (RFC 9126), by a client that may send no others.
export async function pushed() {
  const party = parties.par, config = await discover(party);
  const { parameters, checks } = await begin(party, { scope: 'openid email' });
  const direct = await person.open(client.buildAuthorizationUrl(config, parameters));
  check('PAR: a request that was not pushed', !direct?.searchParams.has('code') && (direct?.searchParams.get('error') === 'invalid_request' || person.status === 400), String(direct ?? person.html));
  const url = await client.buildAuthorizationUrlWithPAR(config, parameters);
  check('PAR: only the reference travels', url.searchParams.has('request_uri') && !url.searchParams.has('redirect_uri') && !url.searchParams.has('code_challenge'), url);
  const tokens = await client.authorizationCodeGrant(config, await answered('PAR', url), checks);
  check('PAR: tokens', tokens.claims().sub && tokens.scope.includes('email'), tokens);
  const twice = await person.open(url);
  check('PAR: a request that is used twice', !twice?.searchParams.has('code'), String(twice));
  await refuses('PAR: faults are told at once', () => client.buildAuthorizationUrlWithPAR(config, new URLSearchParams({ ...Object.fromEntries(parameters), redirect_uri: 'https://evil.example.test/' })), 'invalid_request');
}

// signed request objects (RFC 9101): by value, pushed, and by a reference that the client registered.
export async function signed() {
  const party = parties.jar, config = await discover(party), key = await keyFor(party, 'ES256');
  const more = { scope: 'openid email', claims: JSON.stringify({ id_token: { email: { essential: true } } }), max_age: '3600' };
  const over = async (name, make, beside = 'openid email') => {
    const { parameters, checks } = await begin(party, more);
    const url = await make(parameters);
    const tokens = await client.authorizationCodeGrant(config, await answered(name, url), { ...checks, maxAge: 3600 });
    check(`${name}: what was signed counts`, tokens.scope === beside && tokens.claims().email === 'ada@example.test' && tokens.claims().auth_time > 0, tokens);
  };
  await over('JAR by value', p => client.buildAuthorizationUrlWithJAR(config, p, key));
  await over('JAR pushed', async p => client.buildAuthorizationUrlWithPAR(config, (await client.buildAuthorizationUrlWithJAR(config, p, key)).searchParams));
  await over('JAR by reference', async p => {
    const url = await client.buildAuthorizationUrlWithJAR(config, p, key);
    await ask({ kind: 'publish', path: '/request.jwt', content: url.searchParams.get('request') });
    url.searchParams.delete('request');
    url.searchParams.set('request_uri', party.request_uris[0]);
    return url;
  });
  const { parameters } = await begin(party, more);
  const refused = async (name, url, ...codes) => {
    const back = await person.open(url);
    check(`JAR: ${name}`, back ? codes.includes(back.searchParams.get('error')) : person.status === 400, String(back ?? person.html));
  };
  await refused('without signature', client.buildAuthorizationUrl(config, parameters), 'invalid_request', 'invalid_request_object');
  await refused('another algorithm', await client.buildAuthorizationUrlWithJAR(config, parameters, await keyFor(party, 'RS256')), 'invalid_request_object');
  await refused('another audience', await client.buildAuthorizationUrlWithJAR(config, parameters, key, { [client.modifyAssertion]: (_, c) => { c.aud = 'https://elsewhere.example.test'; } }), 'invalid_request_object');
  const url = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
  url.searchParams.set('request', url.searchParams.get('request').replace(/.{8}$/, 'AAAAAAAA'));
  await refused('a broken signature', url, 'invalid_request_object');
  url.searchParams.delete('request');
  url.searchParams.set('request_uri', 'https://127.0.0.1:9/unregistered.jwt');
  await refused('a reference that is not registered', url, 'invalid_request_uri', 'invalid_request');
}

// requested claims (OpenID Connect Core §5.5), by essential and by value.
export async function claims() {
  const party = parties['alg-ES256'], config = await discover(party);
  const request = { id_token: { email: null, auth_time: { essential: true }, preferred_username: { value: 'ada' } }, userinfo: { email_verified: { essential: true }, name: null } };
  const tokens = await signIn('claims', party, config, { claims: JSON.stringify(request) });
  const id = tokens.claims();
  check('claims: in the ID token', id.email === 'ada@example.test' && id.auth_time > 0 && id.preferred_username === 'ada' && id.name === undefined && id.email_verified === undefined, id);
  const info = await client.fetchUserInfo(config, tokens.access_token, id.sub);
  check('claims: at userinfo', info.email_verified === false && info.email === undefined, info);
  const other = await begin(party, { claims: JSON.stringify({ id_token: { sub: { value: 'somebody else' } } }), prompt: 'none' });
  const back = await person.open(client.buildAuthorizationUrl(config, other.parameters));
  check('claims: another subject', back?.searchParams.has('error') && !back.searchParams.has('code'), String(back ?? person.html));
}

// audience lists the resources that an access token is for, beside userinfo.
const audience = tokens => [decodeJwt(tokens.access_token).aud].flat().filter(a => a !== issuer).sort().join();

// resources (RFC 8707): several at once, fewer at the token endpoint.
export async function resourceIndicators() {
  const party = parties.resources, config = await discover(party);
  const tokens = await signIn('resources', party, config, { resource: resources });
  check('resources: all of them', audience(tokens) === [...resources].sort().join(), audience(tokens));
  const { parameters, checks } = await begin(party, { resource: resources });
  const one = await client.authorizationCodeGrant(config, await answered('resources', client.buildAuthorizationUrl(config, parameters)), checks, { resource: resources[0] });
  check('resources: one of them', audience(one) === resources[0], audience(one));
  const back = await person.open(client.buildAuthorizationUrl(config, (await begin(party, { resource: 'https://elsewhere.example.test' })).parameters));
  check('resources: not the client’s', back?.searchParams.get('error') === 'invalid_target', String(back ?? person.html));
}

// device: she allows once and denies once (RFC 8628).
export async function device() {
  const config = await discover(parties.tv);
  for (const decision of ['allow', 'deny']) {
    const began = await client.initiateDeviceAuthorization(config, { scope: 'openid email offline_access' });
    check('device: addresses', began.verification_uri === `${issuer}/device` && began.verification_uri_complete.includes(began.user_code) && began.interval === 1, began);
    const polling = client.pollDeviceAuthorizationGrant(config, began).then(t => [t], e => [null, e]);
    await new Promise(done => setTimeout(done, 1200)); // so that one poll finds it pending
    await person.enter(began.verification_uri_complete, began.user_code, decision);
    const [tokens, refusal] = await polling;
    if (decision === 'deny') {
      check('device: denied', (refusal?.error ?? refusal?.cause?.error) === 'access_denied', refusal?.stack ?? tokens);
      continue;
    }
    check('device: tokens', tokens?.claims()?.aud === 'tv' && tokens.refresh_token, refusal?.stack ?? tokens);
    check('device: userinfo', (await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).email === 'ada@example.test');
    check('device: refresh', (await client.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  }
}

// registration (RFC 7591) with an initial access token, a sign-in with what was registered, and its management (RFC 7592).
export async function registration() {
  const metadata = { client_name: 'Registered', redirect_uris: ['https://registered.example.test/callback'], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_post', id_token_signed_response_alg: 'PS256', userinfo_signed_response_alg: 'ES256', scope: 'openid email' };
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  const register = (more, initialAccessToken) => client.dynamicClientRegistration(new URL(issuer), { ...metadata, ...more }, undefined, { initialAccessToken, execute });
  const { token } = await ask({ kind: 'initial' });
  await refuses('registration: encryption is not served', () => register({ id_token_encrypted_response_alg: 'RSA-OAEP' }, token), 'invalid_client_metadata');
  await refuses('registration: a redirect URI with a fragment', () => register({ redirect_uris: ['https://registered.example.test/#x'] }, token), 'invalid_redirect_uri');
  const config = await register({}, token), made = config.clientMetadata();
  check('registration', made.client_id && made.client_secret && made.registration_access_token && made.registration_client_uri && made.id_token_signed_response_alg === 'PS256', made);
  const asked = { ...made, redirect_uris: metadata.redirect_uris };
  const { parameters, checks } = await begin(asked, { scope: 'openid email' });
  await person.open(client.buildAuthorizationUrl(config, parameters));
  check('registration: people are asked', person.at.pathname === '/consent' && person.html.includes('Registered'), person.html);
  const tokens = await client.authorizationCodeGrant(config, await person.submit('/consent', { decision: 'allow' }), checks);
  check('registration: userinfo', (await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).email === 'ada@example.test');
  await refuses('registration: the token was for one client', () => register({}, token), e => e.cause?.some?.(c => c.parameters.error === 'invalid_token'));

  const manage = (method, body) => client.fetchProtectedResource(config, made.registration_access_token, new URL(made.registration_client_uri), method, body && JSON.stringify(body), new Headers(body && { 'content-type': 'application/json' }));
  const read = await (await manage('GET')).json();
  check('registration: read', read.client_id === made.client_id && read.client_name === 'Registered', read);
  const { registration_access_token, registration_client_uri, client_secret_expires_at, client_id_issued_at, ...mine } = read;
  const changed = await (await manage('PUT', { ...mine, client_name: 'Renamed' })).json();
  check('registration: change', changed.client_name === 'Renamed' && changed.client_id === made.client_id, changed);
  const bearer = { headers: { authorization: `Bearer ${changed.registration_access_token ?? made.registration_access_token}` } };
  const gone = await fetch(made.registration_client_uri, { method: 'DELETE', ...bearer });
  check('registration: delete', gone.status === 204, gone.status);
  check('registration: it is gone', (await fetch(made.registration_client_uri, bearer)).status === 401);
  await refuses('registration: its tokens die with it', () => client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub), e => e.cause?.some?.(c => c.parameters.error === 'invalid_token'));
}

// hand-made request objects that no library would make.
export async function requestObjects() {
  const party = parties.jar, { key, kid } = await keyFor(party, 'ES256'), { parameters } = await begin(party);
  const make = (typ, change) => new SignJWT({ ...Object.fromEntries(parameters), response_type: 'code', client_id: 'jar', iss: 'jar', aud: issuer, ...change }).setProtectedHeader({ alg: 'ES256', kid, typ }).setExpirationTime('1m').sign(key);
  for (const [name, request] of [
    ['a client assertion', await make('client-authentication+jwt')],
    ['another client inside', await make('oauth-authz-req+jwt', { client_id: 'par' })],
    ['a request within the request', await make('oauth-authz-req+jwt', { request: 'a.b.c' })],
    ['an object where text belongs', await make('oauth-authz-req+jwt', { scope: { openid: true } })],
  ]) {
    const back = await person.open(`/authorize?${new URLSearchParams({ client_id: 'jar', response_type: 'code', scope: 'openid', redirect_uri: party.redirect_uris[0], request })}`);
    check(`request object: ${name}`, back ? back.searchParams.get('error')?.startsWith('invalid_request') : person.status === 400, String(back ?? person.html));
  }
}
