package validator

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// ErrRequest: the request for tokens makes no sense; the text says why, and may be shown.
var ErrRequest = errors.New("tokens cannot be made")

// Config of a [Mint].
type Config struct {
	// Issuer is `iss`. AccessAlg signs access tokens where a request names no other. Audience is that of access tokens, Client the client they are for,
	// where a request says nothing. TTL is how long they live.
	Issuer, AccessAlg, Audience, Client string
	TTL                                 time.Duration
	Now                                 func() time.Time
}

// Mint makes tokens. It is safe for concurrent use.
type Mint struct {
	cfg Config

	mu sync.Mutex
	// keys are published. The last one of an algorithm that is no spare signs.
	keys []*key
	// spare has the key of each algorithm that is published and signs only what is to become worthless with it.
	spare map[string]*key
	// withdrawn has the last key of each algorithm that was published and is not any more.
	withdrawn map[string]*key
	// foreign are another issuer's keys by the kid that they share with ours; intruder is whose tokens bring their own key along.
	foreign  map[string]*key
	intruder *intruder
	fetches  int64
}

// keptKeys is how many keys of an algorithm stay published.
const keptKeys = 4

// NewMint makes a mint with keys for AccessAlg, ES256 and RS256.
func NewMint(cfg Config) (*Mint, error) {
	m := &Mint{cfg: cfg, spare: map[string]*key{}, withdrawn: map[string]*key{}, foreign: map[string]*key{}}
	var err error
	if m.intruder, err = newIntruder(cfg.Now()); err != nil {
		return nil, err
	}
	for _, alg := range []string{cfg.AccessAlg, "ES256", "RS256"} {
		if m.signer(alg) == nil {
			if err := m.add(alg); err != nil {
				return nil, err
			}
		}
	}
	return m, m.addSpare(cfg.AccessAlg)
}

// add publishes a key that signs from now on, and forgets the oldest.
func (m *Mint) add(alg string) error {
	k, err := newKey(alg, "")
	if err != nil {
		return err
	}
	m.keys = append(m.keys, k)
	var own []*key
	for _, k := range m.keys {
		if k.alg == alg && k != m.spare[alg] {
			own = append(own, k)
		}
	}
	if len(own) > keptKeys {
		m.keys = slices.DeleteFunc(m.keys, func(k *key) bool { return k == own[0] })
	}
	return nil
}

func (m *Mint) addSpare(alg string) error {
	k, err := newKey(alg, "")
	if err != nil {
		return err
	}
	m.spare[alg], m.keys = k, append(m.keys, k)
	return nil
}

// signer is the key that signs, nil if there is none of alg.
func (m *Mint) signer(alg string) *key {
	for _, k := range slices.Backward(m.keys) {
		if k.alg == alg && k != m.spare[alg] {
			return k
		}
	}
	return nil
}

// signerOf is as signer, and makes a key where there is none.
func (m *Mint) signerOf(alg string) (*key, error) {
	if m.signer(alg) == nil {
		if err := m.add(alg); err != nil {
			return nil, err
		}
	}
	return m.signer(alg), nil
}

// spareOf is the spare key of alg.
func (m *Mint) spareOf(alg string) (*key, error) {
	if m.spare[alg] == nil {
		if err := m.addSpare(alg); err != nil {
			return nil, err
		}
	}
	return m.spare[alg], nil
}

// withdrawnOf is a key that was published and is not any more: where there is none, the spare one becomes it, and another is published in its place.
func (m *Mint) withdrawnOf(alg string) (*key, error) {
	if m.withdrawn[alg] == nil {
		if err := m.withdraw(alg); err != nil {
			return nil, err
		}
	}
	return m.withdrawn[alg], nil
}

func (m *Mint) withdraw(alg string) error {
	old, err := m.spareOf(alg)
	if err != nil {
		return err
	}
	m.keys = slices.DeleteFunc(m.keys, func(k *key) bool { return k == old })
	m.withdrawn[alg] = old
	return m.addSpare(alg)
}

// foreignOf is another issuer's key with the kid of ours.
func (m *Mint) foreignOf(own *key) (*key, error) {
	if k := m.foreign[own.kid]; k != nil {
		return k, nil
	}
	k, err := newKey(own.alg, own.kid)
	if err != nil {
		return nil, err
	}
	clear(m.foreign) // of keys that sign no more
	m.foreign[own.kid] = k
	return k, nil
}

// Publish adds the keys to a JWK set (RFC 7517 §5).
func (m *Mint) Publish(set []byte) ([]byte, error) {
	var all struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(set, &all); err != nil {
		return nil, fmt.Errorf("read the JWK set: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.keys {
		all.Keys = append(all.Keys, k.jwk)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		return nil, fmt.Errorf("write the JWK set: %w", err)
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

// PublicKey finds one of the keys that are published.
func (m *Mint) PublicKey(kid string) (alg string, public crypto.PublicKey, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.keys {
		if k.kid == kid {
			return k.alg, k.private.Public(), true
		}
	}
	return "", nil, false
}

// Fetched counts a fetch of the JWK set.
func (m *Mint) Fetched() {
	m.mu.Lock()
	m.fetches++
	m.mu.Unlock()
}

// State is what a check wants to know of the issuer.
type State struct {
	Issuer string `json:"issuer"`
	// Fetches counts how often anybody fetched the JWK set since the server started.
	Fetches int64 `json:"jwks_fetches"`
}

// State tells it.
func (m *Mint) State() State {
	m.mu.Lock()
	defer m.mu.Unlock()
	return State{Issuer: m.cfg.Issuer, Fetches: m.fetches}
}

// Roll publishes a new key of an algorithm ("" means that of access tokens), which signs at once, and withdraws the spare one, as the revocation of a
// leaked key does. Tokens of [Mint.Make] stay good but for "good-other-key".
func (m *Mint) Roll(alg string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if alg == "" {
		alg = m.cfg.AccessAlg
	}
	if err := m.add(alg); err != nil {
		return err
	}
	return m.withdraw(alg)
}

// random is n random bytes in base64url.
func random(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return b64.EncodeToString(b)
}
