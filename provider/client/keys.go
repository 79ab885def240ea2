package client

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"latchkey/provider/fetch"
	"latchkey/storage"
)

// maxKeySets bounds the parsed key sets that are kept, of each origin.
const maxKeySets = 1024

// Fetcher gets what stands at a client's jwks_uri.
type Fetcher interface {
	Get(ctx context.Context, uri, accept string) (fetch.Answer, error)
}

// Keys knows the public keys of clients, by jwks or jwks_uri, and verifies what they signed.
type Keys struct {
	fetcher Fetcher
	now     func() time.Time

	// mu guards what follows; it is never held while something is fetched or parsed.
	mu sync.Mutex
	// inline has sets by the hash of the document, so that a document that changed is another one.
	inline *lru[[sha256.Size]byte, keySet]
	remote *lru[string, *remoteKeys]
	// strangers wait for remote keys of clients that registered themselves.
	strangers int
}

// NewKeys makes an empty store of keys. fetcher may be nil: then jwks_uri gives none.
func NewKeys(fetcher Fetcher, now func() time.Time) *Keys {
	return &Keys{fetcher: fetcher, now: now, inline: newLRU[[sha256.Size]byte, keySet](maxKeySets), remote: newLRU[string, *remoteKeys](maxKeySets)}
}

// Verified is a JWS whose signature held.
type Verified struct {
	Header
	Payload []byte
}

// Verify checks a compact JWS against the client's keys. Its algorithm must be in algs and fit the key (RFC 8725 §3.1): so it is one of
// [SignatureAlgs], whatever algs has. The key is the one of the JWS's kid; where it names none, each that fits is tried. Whoever calls judges typ and the payload.
// Errors: [ErrWrong], also where the client's jwks_uri gave no key; *oauth.Error where too many wait for keys; that of ctx.
func (k *Keys) Verify(ctx context.Context, c storage.Client, raw string, algs []string) (Verified, error) {
	j, err := parseJWS(raw)
	if err != nil {
		return Verified{}, fmt.Errorf("%w: JWS: %w", ErrWrong, err)
	}
	if !slices.Contains(algs, j.Alg) { // RFC 8725 §3.1, §3.2
		return Verified{}, fmt.Errorf("%w: JWS: algorithm", ErrWrong)
	}
	if err := k.verify(ctx, j, len(c.JWKS) == 0, func(ctx context.Context, again bool) (keySet, bool, error) { return k.keysOf(ctx, c, again) }); err != nil {
		return Verified{}, err
	}
	return Verified{Header: j.Header, Payload: j.payload}, nil
}

// verify checks a signature with the keys that of gives. remote: they may have changed since they were fetched.
func (k *Keys) verify(ctx context.Context, j jws, remote bool, of func(ctx context.Context, again bool) (set keySet, fetched bool, err error)) error {
	set, fetched, err := of(ctx, false)
	held := err == nil && set.signed(j)
	if err == nil && !held && !fetched && remote && (j.KeyID == "" || len(set.candidates(j.Header)) == 0) {
		set, _, err = of(ctx, true) // they may have been changed (OpenID Connect Core §10.1.1)
		held = err == nil && set.signed(j)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("read client keys: %w", ctx.Err())
	case errors.Is(err, errCrowd):
		return err
	case err != nil:
		return fmt.Errorf("%w: keys: %s", ErrWrong, fetch.Detail(err))
	case !held && len(set.candidates(j.Header)) == 0:
		return fmt.Errorf("%w: JWS: there is no such key", ErrWrong)
	case !held:
		return fmt.Errorf("%w: JWS: signature", ErrWrong)
	}
	return nil
}

// signed tells whether a key of the set made the signature.
func (s keySet) signed(j jws) bool {
	return slices.ContainsFunc(s.candidates(j.Header), func(c clientKey) bool { return j.signedBy(c.public) })
}

var errNoKeys = errors.New("the client has neither jwks nor a jwks_uri that can be fetched")

// keysOf gives the client's keys. again asks for a jwks_uri to be fetched although what is there is fresh; fetched tells whether it was, just now.
func (k *Keys) keysOf(ctx context.Context, c storage.Client, again bool) (set keySet, fetched bool, err error) {
	if len(c.JWKS) > 0 {
		set, err = k.inlineKeys(c.JWKS)
		return set, false, err
	}
	if c.JWKSURI == "" || k.fetcher == nil {
		return nil, false, errNoKeys
	}
	return k.remoteKeys(ctx, source{id: c.JWKSURI, registered: c.Registered, fetch: func(ctx context.Context) (keySet, time.Duration, error) {
		return fetchKeys(ctx, k.fetcher, c.JWKSURI)
	}}, again)
}

func (k *Keys) inlineKeys(doc []byte) (keySet, error) {
	id := sha256.Sum256(doc)
	k.mu.Lock()
	set, ok := k.inline.get(id)
	k.mu.Unlock()
	if ok {
		return set, nil
	}
	set, err := parseKeySet(doc)
	if err != nil {
		return nil, fmt.Errorf("jwks: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.inline.get(id); !ok {
		k.inline.put(id, set)
	}
	return set, nil
}
