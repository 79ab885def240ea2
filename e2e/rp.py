"""Authlib on requests as a relying party. Checks and questions are lines of JSON, as in lib.mjs."""
import base64
import hashlib
import html.parser
import json
import os
import sys
import time
import traceback
from urllib.parse import parse_qs, urljoin, urlsplit

os.environ['AUTHLIB_INSECURE_TRANSPORT'] = '1'  # the issuer is on this machine

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oidc.core import CodeIDToken, HybridIDToken, ImplicitIDToken
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, import_key
from joserfc.jws import JWSRegistry

given = json.loads(sys.stdin.readline())
issuer, parties = given['issuer'], given['parties']


def say(**line):
    print(json.dumps(line), flush=True)


def check(name, ok, detail=''):
    say(name=name, ok=bool(ok), detail='' if ok else str(detail)[:1200])


def ask(kind, **question):
    say(ask=kind, **question)
    return json.loads(sys.stdin.readline())


def refuses(name, work, code):
    try:
        work()
        check(name, False, 'it was accepted')
    except OAuthError as e:
        check(name, e.error == code, e)


class Form(html.parser.HTMLParser):
    """The hidden fields of the form to a path."""

    def __init__(self, path, text):
        super().__init__()
        self.path, self.fields, self.inside, self.found = path, {}, False, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == 'form':
            self.inside = a.get('action', '').endswith(self.path)
            self.found = self.found or self.inside
        if tag == 'input' and self.inside and a.get('type') == 'hidden':
            self.fields[a['name']] = a.get('value', '')

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != 'form'


class Visitor:
    """A browser without script that stops where it would leave the issuer."""

    def __init__(self):
        self.http = requests.Session()
        self.http.headers['User-Agent'] = 'Mozilla/5.0 (Authlib test)'

    def open(self, url, data=None):
        url = urljoin(issuer, url)
        for _ in range(12):
            if not url.startswith(issuer + '/'):
                return url
            headers = {'Origin': issuer} if data is not None else {}
            self.page = self.http.request('GET' if data is None else 'POST', url, data=data, headers=headers, allow_redirects=False)
            to = self.page.headers.get('Location') or self.page.headers.get('Refresh', '').partition('url=')[2]
            if not to:
                return None
            url, data = urljoin(url, to), None
        raise RuntimeError('too many redirects')

    def submit(self, path, **fields):
        form = Form(path, self.page.text)
        if not form.found:
            raise RuntimeError(f'no form to {path} at {self.page.url}: {self.page.text[:400]}')
        return self.open(path, {**form.fields, **fields})

    def posted(self, path):
        return Form(path, self.page.text).fields


person = Visitor()
person.open('/login')
person.submit('/login', username=given['login'], password=given['password'])
server = requests.get(issuer + '/.well-known/openid-configuration').json()
keys = KeySet.import_key_set(requests.get(server['jwks_uri']).json())


def session(party, **more):
    """Makes Authlib's client of a party, with every way to prove itself."""
    secret, method = party.get('client_secret'), party['token_endpoint_auth_method']
    if method == 'private_key_jwt':
        secret = import_key(next(k for k in party['jwks']['keys'] if k['kty'] == 'RSA'))
    s = OAuth2Session(party['client_id'], secret, token_endpoint_auth_method=method, revocation_endpoint_auth_method=method, redirect_uri=(party.get('redirect_uris') or [None])[0],
                      code_challenge_method='S256', token_endpoint=server['token_endpoint'], **more)
    s.register_client_auth_method(PrivateKeyJWT(server['token_endpoint']))
    s.register_client_auth_method(ClientSecretJWT(server['token_endpoint']))
    return s


def validate(party, raw, claims_class, **params):
    """Checks an ID token as Authlib does."""
    alg = party.get('id_token_signed_response_alg', 'RS256')
    key = OctKey.import_key(party['client_secret']) if alg == 'HS256' else keys
    token = jwt.decode(raw, key, registry=JWSRegistry(algorithms=[alg], strict_check_header=False))
    options = {'iss': {'essential': True, 'value': issuer}, 'aud': {'essential': True, 'value': party['client_id']}}
    claims = claims_class(token.claims, token.header, options, {'client_id': party['client_id'], **params})
    claims.validate(leeway=10)
    return claims


def sign_in(party, scope='openid email offline_access', **more):
    s, verifier, nonce = session(party, scope=scope), generate_token(48), generate_token(20)
    url, state = s.create_authorization_url(server['authorization_endpoint'], code_verifier=verifier, nonce=nonce, **more)
    back = person.open(url)
    if back is None:
        raise RuntimeError(f"{party['client_id']}: no answer: {person.page.text[:800]}")
    token = s.fetch_token(server['token_endpoint'], authorization_response=back, state=state, code_verifier=verifier)
    return s, token, validate(party, token['id_token'], CodeIDToken, nonce=nonce, access_token=token['access_token'])


def code_flow():
    for name in ['alg-RS256', 'alg-ES256', 'alg-PS512', 'alg-ES512', 'alg-EdDSA', 'alg-HS256', 'front', 'key-jwt', 'mac-jwt', 'opaque']:
        party = parties[name]
        s, token, claims = sign_in(party, 'openid offline_access' if name.endswith('jwt') else 'openid email offline_access')
        check(f'{name}: ID token', claims['aud'] == name and claims['at_hash'] and token['refresh_token'], claims)
        answer = s.get(server['userinfo_endpoint'])
        if 'userinfo_signed_response_alg' in party:
            key = OctKey.import_key(party['client_secret']) if name == 'alg-HS256' else keys
            info = jwt.decode(answer.text, key, registry=JWSRegistry(algorithms=[party['userinfo_signed_response_alg']], strict_check_header=False)).claims
        else:
            info = answer.json()
        check(f'{name}: userinfo', info['sub'] == claims['sub'] and (info.get('email') == 'ada@example.test' or name.endswith('jwt')), info)
        old = dict(token)
        fresh = s.refresh_token(server['token_endpoint'])
        check(f'{name}: refresh', fresh['refresh_token'] != old['refresh_token'] and fresh['access_token'] != old['access_token'])
        seen = s.introspect_token(server['introspection_endpoint'], token=fresh['access_token'], token_type_hint='access_token').json()
        check(f'{name}: introspection', seen['active'] and seen['client_id'] == name and seen['sub'] == claims['sub'], seen)
        check(f'{name}: revocation', s.revoke_token(server['revocation_endpoint'], token=fresh['refresh_token'], token_type_hint='refresh_token').status_code == 200)
        refuses(f'{name}: revoked', lambda: s.refresh_token(server['token_endpoint'], refresh_token=fresh['refresh_token']), 'invalid_grant')


def machines():
    for name in ['key-jwt', 'mac-jwt']:
        token = session(parties[name], scope='read').fetch_token(server['token_endpoint'], grant_type='client_credentials')
        check(f'{name}: client_credentials', token['scope'] == 'read' and token['token_type'] == 'Bearer' and not token.get('refresh_token'), token)
    wrong = session({**parties['mac-jwt'], 'client_secret': 'z' * 43}, scope='read')
    refuses('mac-jwt: another secret', lambda: wrong.fetch_token(server['token_endpoint'], grant_type='client_credentials'), 'invalid_client')
    twice = session(parties['key-jwt'], scope='read')
    twice.register_client_auth_method(PrivateKeyJWT(server['token_endpoint'], claims={'jti': 'the same for ever'}))
    check('key-jwt: first use of a jti', twice.fetch_token(server['token_endpoint'], grant_type='client_credentials')['access_token'])
    refuses('key-jwt: second use of a jti', lambda: twice.fetch_token(server['token_endpoint'], grant_type='client_credentials'), 'invalid_client')


def front_channel():
    party = parties['front']
    for kind in ['id_token', 'id_token token', 'code id_token', 'code token', 'code id_token token']:
        s, nonce, verifier = session(party, scope='openid email'), generate_token(20), generate_token(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip('=')
        url, state = s.create_authorization_url(server['authorization_endpoint'], response_type=kind, nonce=nonce, code_challenge=challenge, code_challenge_method='S256')
        back = person.open(url)
        got = {k: v[0] for k, v in parse_qs(urlsplit(back or '').fragment).items()}
        check(f'{kind}: the answer', got.get('state') == state and got.get('iss') == issuer and not urlsplit(back).query, back)
        if 'id_token' in kind:
            claims = validate(party, got['id_token'], HybridIDToken if 'code' in kind else ImplicitIDToken, nonce=nonce, access_token=got.get('access_token'), code=got.get('code'))
            check(f'{kind}: ID token', claims['nonce'] == nonce)
        if kind.endswith('token') and kind not in ('id_token', 'code id_token'):
            token = s.token_from_fragment(back, state)
            check(f'{kind}: access token', s.get(server['userinfo_endpoint']).json()['email'] == 'ada@example.test' and token['token_type'] == 'Bearer')
        if 'code' in kind:
            token = s.fetch_token(server['token_endpoint'], grant_type='authorization_code', code=got['code'], code_verifier=verifier)
            check(f'{kind}: code', validate(party, token['id_token'], CodeIDToken, nonce=nonce, access_token=token['access_token']))


def form_post():
    party = parties['alg-RS256']
    s, verifier, nonce = session(party, scope='openid'), generate_token(48), generate_token(20)
    url, state = s.create_authorization_url(server['authorization_endpoint'], code_verifier=verifier, nonce=nonce, response_mode='form_post')
    person.open(url)
    got = person.posted(urlsplit(party['redirect_uris'][0]).path)
    check('form_post: the answer', got.get('state') == state and got.get('iss') == issuer, got)
    token = s.fetch_token(server['token_endpoint'], grant_type='authorization_code', code=got['code'], code_verifier=verifier)
    check('form_post', validate(party, token['id_token'], CodeIDToken, nonce=nonce))


def device():
    s = session(parties['tv'])
    began = requests.post(server['device_authorization_endpoint'], {'client_id': 'tv', 'scope': 'openid email'}).json()
    poll = lambda: s.fetch_token(server['token_endpoint'], grant_type='urn:ietf:params:oauth:grant-type:device_code', device_code=began['device_code'])
    refuses('device: pending', poll, 'authorization_pending')
    person.open(began['verification_uri_complete'])
    person.submit('/device', user_code=began['user_code'])
    person.submit('/device/confirm', decision='allow')
    time.sleep(began['interval'])
    token = poll()
    check('device', validate(parties['tv'], token['id_token'], CodeIDToken, access_token=token['access_token']) and s.get(server['userinfo_endpoint']).json()['email'])


def sign_out():
    _, token, _ = sign_in(parties['alg-RS256'])
    person.open(server['end_session_endpoint'] + '?id_token_hint=' + token['id_token'])
    s = session(parties['alg-RS256'], scope='openid')
    back = person.open(s.create_authorization_url(server['authorization_endpoint'], code_verifier=generate_token(48), prompt='none')[0])
    check('RP-initiated logout', 'error=login_required' in (back or ''), back)


for step in [code_flow, machines, front_channel, form_post, device, sign_out]:
    try:
        step()
    except Exception:  # a step that fails must not hide the others
        check(step.__name__, False, traceback.format_exc()[-1200:])
say(done=True)
