// What the scripts of openid-client share: discovery for a party, and one run of an authorization request by a person who is signed in.
import * as client from 'openid-client';
import { check, input, keyFor, Visitor } from './lib.mjs';

export const { issuer, parties, callback, resources } = input;
export const person = new Visitor(issuer);

const proof = {
  client_secret_basic: p => client.ClientSecretBasic(p.client_secret), client_secret_post: p => client.ClientSecretPost(p.client_secret),
  client_secret_jwt: p => client.ClientSecretJwt(p.client_secret), none: () => client.None(),
};
// what of a party's metadata the library looks at; our server is to be seen as it is for everything else.
const known = ['client_secret', 'id_token_signed_response_alg', 'userinfo_signed_response_alg', 'introspection_signed_response_alg', 'default_max_age', 'require_auth_time'];

// discover makes the configuration of a party. Signatures are checked, also those of what came from the token endpoint; HS256 the library does not verify.
export async function discover(party, { auth, execute = [] } = {}) {
  const metadata = Object.fromEntries(known.filter(k => k in party).map(k => [k, party[k]]));
  auth ??= proof[party.token_endpoint_auth_method]?.(party) ?? client.PrivateKeyJwt(await keyFor(party, 'ES256'));
  const signed = party.id_token_signed_response_alg === 'HS256' ? [] : [client.enableNonRepudiationChecks];
  return client.discovery(new URL(issuer), party.client_id, metadata, auth, { execute: [client.allowInsecureRequests, ...signed, ...execute] });
}

// begin makes what every request has, and what its answer must have.
export async function begin(party, more = {}) {
  const verifier = client.randomPKCECodeVerifier(), state = client.randomState(), nonce = client.randomNonce();
  const parameters = new URLSearchParams({
    redirect_uri: party.redirect_uris[0], scope: 'openid', state, nonce, code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  for (const [k, v] of Object.entries(more)) {
    parameters.delete(k);
    for (const one of [v].flat()) parameters.append(k, one);
  }
  return { parameters, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
}

// answered opens a request; who asks comes back with the answer.
export async function answered(name, url) {
  const back = await person.open(url);
  check(`${name}: comes back`, back && !back.searchParams.has('error'), String(back ?? person.html));
  return back;
}

// signIn is the whole of the code flow for a party.
export async function signIn(name, party, config, more) {
  const { parameters, checks } = await begin(party, more);
  return client.authorizationCodeGrant(config, await answered(name, client.buildAuthorizationUrl(config, parameters)), checks);
}
