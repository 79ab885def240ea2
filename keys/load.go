package keys

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"latchkey/storage"
)

// snapshot is the keyring as this process knows it, opened and parsed. It never changes once it is in use.
type snapshot struct {
	// readAt is an instant at which the store held nothing newer.
	readAt time.Time
	// keys are all records; byKID finds them.
	keys  []*key
	byKID map[string]*key
	// rings are the keys that may sign, the latest to be activated first.
	rings map[string][]*key
	// secrets, the newest first: it seals, all open. stable is none of them.
	secrets []*secret
	stable  *secret
	body    []byte
	etag    string
}

// key is one record with what became of it.
type key struct {
	record storage.SigningKey
	// material is nil for keys that are gone or revoked: they are not even opened.
	material *material
	usage    *usage
}

// material is a private key, opened and parsed, with the bytes of the row that it came from.
type material struct {
	alg    algorithm
	signer crypto.Signer
	// jwk is made of signer, not taken from the row.
	jwk               []byte
	rowAlg            string
	rowSealed, rowJWK []byte
	// heads are protected headers with the dot after them, by their typ: there are as many as kinds of tokens.
	heads sync.Map
}

func (m *material) from(record *storage.SigningKey) bool {
	return m.rowAlg == record.Alg && bytes.Equal(m.rowSealed, record.Sealed) && bytes.Equal(m.rowJWK, record.PublicJWK)
}

// load opens and parses a keyring; what prev has opened already, and is unchanged, is taken from there. The warning is about rows
// that were sealed anew with a key we lack: they are at hand in memory, but a restart would fail.
func (r *Rings) load(ring storage.Keyring, prev *snapshot, readAt time.Time) (snap *snapshot, warning, err error) {
	if prev == nil {
		prev = &snapshot{}
	}
	snap = &snapshot{readAt: readAt, byKID: map[string]*key{}, rings: map[string][]*key{}}
	var warnings []error
	for _, record := range ring.Keys {
		k := &key{record: record, usage: r.usageOf(&record, readAt)}
		if stateOf(&record, readAt).published() {
			old := prev.byKID[record.KID]
			k.material, err = r.openKey(&record, old)
			if errors.Is(err, ErrSealingKey) && k.material != nil {
				warnings, err = append(warnings, err), nil
			}
			if err != nil {
				return nil, nil, err
			}
			snap.rings[record.Alg] = append(snap.rings[record.Alg], k)
		}
		snap.keys = append(snap.keys, k)
		snap.byKID[record.KID] = k
	}
	for _, record := range ring.Secrets {
		old := prev.secret(record.ID)
		if record.ID == stableID {
			old = prev.stable
		}
		s, err := r.openSecret(&record, old)
		if errors.Is(err, ErrSealingKey) && s != nil {
			warnings, err = append(warnings, err), nil
		}
		if err != nil {
			return nil, nil, err
		}
		if record.ID == stableID {
			snap.stable = s
			continue
		}
		snap.secrets = append(snap.secrets, s)
	}
	snap.sort()
	snap.body, snap.etag = jwks(snap.keys)
	r.forgetUsage(snap)
	return snap, errors.Join(warnings...), nil
}

func (s *snapshot) sort() {
	storage.Sort(s.keys, func(a, b *key) int {
		if a.record.Alg != b.record.Alg {
			return cmp.Or(algRank(a.record.Alg)-algRank(b.record.Alg), strings.Compare(a.record.Alg, b.record.Alg))
		}
		return byActivation(&a.record, &b.record)
	})
	for _, ring := range s.rings {
		storage.Sort(ring, func(a, b *key) int { return byActivation(&b.record, &a.record) })
	}
	storage.Sort(s.secrets, newestSecret)
}

// openKey unseals and parses a row and holds it against what the row says. If the row was sealed with a key we lack, but is at
// hand, it returns both.
func (r *Rings) openKey(record *storage.SigningKey, old *key) (*material, error) {
	var known *material
	if old != nil {
		known = old.material
	}
	if known != nil && known.from(record) {
		return known, nil
	}
	der, err := r.sealer.open(record.Sealed, record.SealKeyID, sealedKey, record.Alg, record.KID)
	if errors.Is(err, ErrSealingKey) && known != nil && known.rowAlg == record.Alg && bytes.Equal(known.rowJWK, record.PublicJWK) {
		return known, err
	}
	if err != nil {
		return nil, err
	}
	defer clear(der)
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", sealedKey, record.KID, ErrTampered)
	}
	signer, ok := parsed.(crypto.Signer)
	alg, err := algorithmOf(record.Alg)
	if err != nil || !ok || !alg.fits(signer) {
		return nil, fmt.Errorf("%s %s: %w: it is no key for %s", sealedKey, record.KID, ErrTampered, record.Alg)
	}
	kid, jwk, err := describe(record.Alg, signer.Public())
	if err != nil || kid != record.KID || !isPublicPart(record.PublicJWK, kid) {
		return nil, fmt.Errorf("%s %s: %w: its public and private parts differ", sealedKey, record.KID, ErrTampered)
	}
	return &material{alg: alg, signer: signer, jwk: jwk, rowAlg: record.Alg, rowSealed: record.Sealed, rowJWK: record.PublicJWK}, nil
}

// active is the key that signs with alg now, or nil.
func (s *snapshot) active(alg string, now time.Time) *key {
	for _, k := range s.rings[alg] {
		if stateOf(&k.record, now) == StateActive {
			return k
		}
	}
	return nil
}
