// What openid-client gets: tokens and answers of every algorithm, from the front and from the back; opaque tokens; pairwise subjects.
import * as client from 'openid-client';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { check, refuses } from './lib.mjs';
import { answered, begin, discover, issuer, parties, person, signIn } from './rp_kit.mjs';

// algorithms: the ID token, userinfo and introspection of a client for each, all signed with it.
export async function algorithms() {
  for (const party of Object.values(parties).filter(p => p.client_id.startsWith('alg-'))) {
    const alg = party.id_token_signed_response_alg, config = await discover(party), keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri));
    check(`${alg}: discovery names it`, config.serverMetadata().id_token_signing_alg_values_supported.includes(alg) && config.serverMetadata().userinfo_signing_alg_values_supported?.includes(alg)
      && config.serverMetadata().introspection_signing_alg_values_supported?.includes(alg), config.serverMetadata());
    const tokens = await signIn(alg, party, config, { scope: 'openid email' });
    const verify = (jwt, options) => jwtVerify(jwt, alg === 'HS256' ? new TextEncoder().encode(party.client_secret) : keys, { issuer, algorithms: [alg], ...options });
    await verify(tokens.id_token, { audience: party.client_id });
    check(`${alg}: at_hash`, tokens.claims().at_hash, tokens.claims());
    const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    check(`${alg}: userinfo`, info.email === 'ada@example.test' && info.aud === party.client_id, info);
    const seen = await client.tokenIntrospection(config, tokens.access_token);
    check(`${alg}: introspection`, seen.active && seen.sub === info.sub && seen.client_id === party.client_id, seen);
    if (alg === 'HS256') continue;
    const { protectedHeader } = await verify(tokens.access_token, { typ: 'at+jwt' });
    check(`${alg}: access token`, protectedHeader.alg === alg, protectedHeader);
    check(`${alg}: introspection of nothing`, !(await client.tokenIntrospection(config, 'nothing')).active);
  }
}

// hybrid: code and ID token from the front, whose c_hash is checked; by fragment and by form_post.
export async function hybrid() {
  const party = parties.front, config = await discover(party, { execute: [client.useCodeIdTokenResponseType] });
  for (const mode of ['fragment', 'form_post']) {
    const { parameters, checks } = await begin(party, { scope: 'openid email', response_mode: mode });
    const back = await person.open(client.buildAuthorizationUrl(config, parameters));
    if (mode === 'fragment') check('hybrid: the answer is in the fragment', back?.hash.includes('code=') && !back.search, String(back ?? person.html));
    const tokens = await client.authorizationCodeGrant(config, mode === 'fragment' ? back : person.posted(party.redirect_uris[0]), checks);
    check(`hybrid by ${mode}`, tokens.claims().sub && tokens.claims().nonce === checks.expectedNonce, tokens);
    check(`hybrid by ${mode}: userinfo`, (await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).email === 'ada@example.test');
  }
}

// implicit: an ID token alone.
export async function implicit() {
  const party = parties.front, config = await discover(party, { execute: [client.useIdTokenResponseType] });
  for (const mode of ['fragment', 'form_post']) {
    const { parameters, checks } = await begin(party, { scope: 'openid email', response_mode: mode, max_age: '3600' });
    parameters.delete('code_challenge');
    parameters.delete('code_challenge_method');
    const back = await person.open(client.buildAuthorizationUrl(config, parameters));
    const claims = await client.implicitAuthentication(config, mode === 'fragment' ? back : person.posted(party.redirect_uris[0]), checks.expectedNonce, { expectedState: checks.expectedState, maxAge: 3600 });
    // Nothing but the ID token can tell what the scopes ask for (OpenID Connect Core §5.4).
    check(`implicit by ${mode}`, claims.email === 'ada@example.test' && claims.auth_time > 0 && !claims.at_hash, claims);
  }
  const url = client.buildAuthorizationUrl(config, (await begin(party)).parameters);
  url.searchParams.delete('nonce');
  const back = await person.open(url);
  check('implicit: without nonce', new URLSearchParams(back?.hash.slice(1)).get('error') === 'invalid_request' && !back.search, String(back ?? person.html));
}

export async function formPost() {
  const party = parties['alg-RS256'], config = await discover(party), { parameters, checks } = await begin(party, { response_mode: 'form_post' });
  await person.open(client.buildAuthorizationUrl(config, parameters));
  const tokens = await client.authorizationCodeGrant(config, person.posted(party.redirect_uris[0]), checks);
  check('form_post', tokens.claims().aud === party.client_id);
}

// opaque access tokens say nothing, and work where they are taken.
export async function opaque() {
  const party = parties.opaque, config = await discover(party), tokens = await signIn('opaque', party, config, { scope: 'openid email' });
  check('opaque: no JWT', tokens.access_token.startsWith('lka_') && !tokens.access_token.includes('.'), tokens.access_token.slice(0, 8));
  check('opaque: userinfo', (await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).email === 'ada@example.test');
  const seen = await client.tokenIntrospection(config, tokens.access_token);
  check('opaque: introspection', seen.active && seen.client_id === 'opaque' && seen.iss === issuer, seen);
  await client.tokenRevocation(config, tokens.access_token);
  check('opaque: revoked', !(await client.tokenIntrospection(config, tokens.access_token)).active);
}

// pairwise: each sector knows her by another subject, at every endpoint by the same.
export async function pairwise() {
  const subs = [];
  for (const id of ['pair-a', 'pair-b', 'alg-RS256']) {
    const party = parties[id], config = await discover({ ...party, userinfo_signed_response_alg: undefined }), tokens = await signIn(id, party, config);
    const { sub } = tokens.claims();
    if (id !== 'alg-RS256') {
      await client.fetchUserInfo(config, tokens.access_token, sub);
      check(`${id}: introspection`, (await client.tokenIntrospection(config, tokens.access_token)).sub === sub);
      const again = await answered(id, client.buildAuthorizationUrl(config, (await begin(party, { prompt: 'none', id_token_hint: tokens.id_token })).parameters));
      check(`${id}: as a hint`, again.searchParams.has('code'));
    }
    subs.push(sub);
  }
  check('pairwise: three subjects', new Set(subs).size === 3, subs);
}

// timely registered default_max_age and require_auth_time.
export async function timely() {
  const party = parties.timely, config = await discover(party), tokens = await signIn('timely', party, config);
  check('default_max_age: auth_time', tokens.claims().auth_time > 0, tokens.claims());
  await refuses('a nonce that is not ours', async () => {
    const { parameters, checks } = await begin(party);
    await client.authorizationCodeGrant(config, await answered('timely', client.buildAuthorizationUrl(config, parameters)), { ...checks, expectedNonce: 'another' });
  }, e => /nonce/.test(e.message + e.cause?.message));
}
