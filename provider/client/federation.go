package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/fetch"
	"latchkey/storage"
)

// maxForeignLife is how far ahead an assertion of another issuer may expire. It is not used up: its issuer renews it long before, and whoever has it
// sends it as often as they like, so a `jti` means nothing here.
const maxForeignLife = 24 * time.Hour

// Federation trusts other issuers to vouch for clients that say so.
type Federation struct {
	// Open gives the fetcher of an identity's keys; it is asked anew each time they are fetched.
	Open func(id FederatedIdentity) (Fetcher, error)
	// Told hears of each assertion that was accepted; may be nil.
	Told func(ctx context.Context, c storage.Client, id FederatedIdentity)
}

// federated proves clients by assertions of other issuers.
type federated struct {
	Federation
	keys *Keys
	// audiences are the values of aud that mean us.
	audiences []string
}

// prove checks an assertion of another issuer (RFC 7523 §3, RFC 7521 §5.2). What is cheap comes first: keys are fetched for nobody who is not expected.
// Errors: [ErrWrong], or a fault.
func (f *federated) prove(ctx context.Context, c storage.Client, raw string, now time.Time) error {
	wrong := func(err error) error { return fmt.Errorf("%w: client_assertion: %w", ErrWrong, err) }
	j, err := parseJWS(raw)
	if err != nil {
		return wrong(err)
	}
	if !slices.Contains(allowed(c, SignatureAlgs()), j.Alg) { // RFC 7523 §3(9), RFC 8725 §3.1
		return wrong(errors.New("algorithm"))
	}
	a, err := parseAssertion(j.payload)
	if err != nil {
		return wrong(err)
	}
	ids, err := ParseFederated(c.Federated)
	if err != nil {
		return fmt.Errorf("federated_identities %w", err)
	}
	err = errors.New("no identity of the client has its iss and sub")
	for _, id := range ids {
		if id.Issuer != a.issuer || id.Subject != a.subject { // RFC 7523 §3(1), §3(2)
			continue
		}
		if err = f.check(id, j, a, now); err != nil {
			continue
		}
		if err = f.signed(ctx, c, id, j); err != nil {
			return err
		}
		if f.Told != nil {
			f.Told(ctx, c, id)
		}
		return nil
	}
	return wrong(err)
}

// check says what is wrong with the claims of an assertion about an identity.
func (f *federated) check(id FederatedIdentity, j jws, a assertion, now time.Time) error {
	switch strings.TrimPrefix(strings.ToLower(j.Type), "application/") {
	case "", "jwt", "jose", "client-authentication+jwt": // RFC 8725 §3.11
	default:
		return errors.New("typ")
	}
	if slices.Contains(f.audiences, id.Issuer) {
		return errors.New("iss is this server")
	}
	mine := f.audiences
	if id.Audience != "" {
		mine = []string{id.Audience}
	}
	// RFC 7523 §3(3). Whoever else it is meant for could send it here, so it is meant for nobody else.
	if len(a.audience) == 0 || slices.ContainsFunc(a.audience, func(aud string) bool { return !slices.Contains(mine, aud) }) {
		return errors.New("aud is not this server alone")
	}
	switch {
	case a.expires.IsZero(): // RFC 7523 §3(4)
		return errors.New("exp is missing")
	case !now.Before(a.expires.Add(pastSkew)): // RFC 7523 §3(4)
		return errors.New("expired")
	case a.expires.After(now.Add(maxForeignLife + futureSkew)): // RFC 7523 §3(4): unreasonably far in the future
		return errors.New("exp is more than a day ahead")
	case a.notBefore.After(now.Add(futureSkew)): // RFC 7523 §3(5)
		return errors.New("nbf is in the future")
	case a.issued.After(now.Add(futureSkew)): // RFC 7523 §3(6)
		return errors.New("iat is in the future")
	}
	return id.constrained(j.payload)
}

// constrained says which of the claims that an identity must have is not there.
func (id FederatedIdentity) constrained(payload []byte) error {
	all, err := ParseMetadata(payload)
	if err != nil {
		return err
	}
	for name, want := range id.Claims {
		have, _ := all[name].(string)
		if begins, prefix := strings.CutSuffix(want, "*"); have != want && (!prefix || !strings.HasPrefix(have, begins)) {
			return fmt.Errorf("the claim %q is not the one that is asked for", name)
		}
	}
	return nil
}

// signed checks the signature with the issuer's keys (RFC 7523 §3(9)).
func (f *federated) signed(ctx context.Context, c storage.Client, id FederatedIdentity, j jws) error {
	if f.Open == nil {
		return fmt.Errorf("%w: federated identities are not served", ErrWrong)
	}
	s := source{id: id.key(), registered: c.Registered, fetch: func(ctx context.Context) (keySet, time.Duration, error) { return f.fetch(ctx, id) }}
	return f.keys.verify(ctx, j, true, func(ctx context.Context, again bool) (keySet, bool, error) { return f.keys.remoteKeys(ctx, s, again) })
}

// key tells identities apart whose keys come from elsewhere, or are trusted for another reason.
func (id FederatedIdentity) key() string {
	raw, err := json.Marshal([]any{id.Issuer, id.JWKSURI, id.JWKSFile, id.CAFile, id.TokenFile, id.Allow})
	if err != nil { // strings and networks always encode
		return ""
	}
	sum := sha256.Sum256(raw)
	return "federated:" + hex.EncodeToString(sum[:])
}

// fetch gets the keys of an identity's issuer.
func (f *federated) fetch(ctx context.Context, id FederatedIdentity) (keySet, time.Duration, error) {
	from, err := f.Open(id)
	if err != nil {
		return nil, 0, err
	}
	uri := id.JWKSURI
	switch {
	case id.JWKSFile != "":
		uri = id.JWKSFile
	case uri == "":
		if uri, err = discoverKeys(ctx, from, id.Issuer); err != nil {
			return nil, 0, err
		}
		if !sameOrigin(uri, id.Issuer) { // the bearer token is for the issuer's own server
			id.TokenFile = ""
			if from, err = f.Open(id); err != nil {
				return nil, 0, err
			}
		}
	}
	return fetchKeys(ctx, from, uri)
}

// discoverKeys finds the address of an issuer's keys (OpenID Connect Discovery §4).
func discoverKeys(ctx context.Context, from Fetcher, issuer string) (string, error) {
	a, err := from.Get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", "application/json") // OpenID Connect Discovery §4.1
	if err != nil {
		return "", fmt.Errorf("discovery: %s", fetch.Detail(err))
	}
	doc, err := ParseMetadata(a.Body)
	if err != nil {
		return "", fmt.Errorf("discovery: the document %w", err)
	}
	if doc["issuer"] != issuer { // OpenID Connect Discovery §4.3
		return "", errors.New("discovery: the document is of another issuer")
	}
	uri, _ := doc["jwks_uri"].(string)
	if problem := secureURI(uri); problem != "" {
		return "", errors.New("discovery: jwks_uri " + problem)
	}
	return uri, nil
}

func sameOrigin(a, b string) bool {
	x, errX := url.Parse(a)
	y, errY := url.Parse(b)
	return errX == nil && errY == nil && storage.Origin(x) == storage.Origin(y)
}
