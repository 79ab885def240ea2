package keys

import (
	"cmp"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"latchkey/storage"
)

// ErrSealed: sealed bytes are not ours, are for another purpose or context, or were changed. It never says which.
var ErrSealed = errors.New("sealed bytes cannot be opened")

const (
	vaultVersion  = 1
	vaultHead     = 1 + secretIDSize
	vaultOverhead = vaultHead + xaesNonceSize + xaesTagSize
)

// stableID is the ID of the secret that [Rings.Stable] computes with: fixed, so that of any number of processes that make it one wins. It
// reads "stable".
const stableID = "737461626c650000"

// secret is a service secret, opened, with the keys that were derived from it.
type secret struct {
	record  storage.Secret
	id      []byte
	value   []byte
	derived sync.Map // purpose → *purposeKeys; purposes are few
}

type purposeKeys struct {
	seal *xaes
	mac  []byte
}

func newestSecret(a, b *secret) int {
	return cmp.Or(b.record.CreatedAt.Compare(a.record.CreatedAt), strings.Compare(a.record.ID, b.record.ID))
}

// secret finds an opened secret by its ID.
func (s *snapshot) secret(id string) *secret {
	for _, c := range s.secrets {
		if c.record.ID == id {
			return c
		}
	}
	return nil
}

// openSecret unseals a secret, or returns old if the row is unchanged. As with keys, both are returned where the row was sealed
// with a key we lack but is at hand.
func (r *Rings) openSecret(record *storage.Secret, old *secret) (*secret, error) {
	if old != nil && string(old.record.Sealed) == string(record.Sealed) && old.record.CreatedAt.Equal(record.CreatedAt) {
		return old, nil
	}
	id, err := hex.DecodeString(record.ID)
	if err != nil || len(id) != secretIDSize {
		return nil, fmt.Errorf("%s %q: %w", sealedSecret, record.ID, ErrTampered)
	}
	value, err := r.sealer.open(record.Sealed, record.SealKeyID, sealedSecret, "", record.ID)
	if errors.Is(err, ErrSealingKey) && old != nil {
		return old, err
	}
	if err != nil {
		return nil, err
	}
	if len(value) != secretSize {
		return nil, fmt.Errorf("%s %s: %w", sealedSecret, record.ID, ErrTampered)
	}
	return &secret{record: *record, id: id, value: value}, nil
}

// keysFor derives the keys of one purpose, once.
func (s *secret) keysFor(purpose string) (*purposeKeys, error) {
	if k, ok := s.derived.Load(purpose); ok {
		return k.(*purposeKeys), nil
	}
	sealing, err := hkdf.Key(sha256.New, s.value, nil, "latchkey vault: seal\x00"+purpose, 32)
	if err != nil {
		return nil, err
	}
	defer clear(sealing)
	mac, err := hkdf.Key(sha256.New, s.value, nil, "latchkey vault: mac\x00"+purpose, 32)
	if err != nil {
		return nil, err
	}
	x, err := newXAES(sealing)
	if err != nil {
		return nil, err
	}
	k, _ := s.derived.LoadOrStore(purpose, &purposeKeys{seal: x, mac: mac})
	return k.(*purposeKeys), nil
}

// Seal encrypts plain for one purpose (a constant of the caller's) and one context (what the bytes belong to): only [Rings.Open]
// with the same two opens them. The result is 49 bytes longer than plain and looks random but for its first nine.
//
// It is AES-256-GCM with a random 96-bit nonce, under a key that another 96 random bits pick for each message (XAES-256-GCM), so
// that strangers who make us seal at will do not wear the key out.
func (r *Rings) Seal(purpose, context string, plain []byte) ([]byte, error) {
	s := r.snap.Load().secrets[0]
	k, err := s.keysFor(purpose)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	out := make([]byte, vaultHead+xaesNonceSize, vaultOverhead+len(plain))
	out[0] = vaultVersion
	copy(out[1:], s.id)
	if _, err := io.ReadFull(r.cfg.Rand, out[vaultHead:]); err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	sealed, err := k.seal.seal(out, out[vaultHead:], plain, rowData(purpose, context, s.record.ID))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	return sealed, nil
}

// Open is the inverse of [Rings.Seal], with any secret of the service. Errors: [ErrSealed], whatever is wrong.
func (r *Rings) Open(purpose, context string, sealed []byte) ([]byte, error) {
	if len(sealed) < vaultOverhead || sealed[0] != vaultVersion {
		return nil, ErrSealed
	}
	s := r.snap.Load().secret(hex.EncodeToString(sealed[1:vaultHead]))
	if s == nil {
		return nil, ErrSealed
	}
	k, err := s.keysFor(purpose)
	if err != nil {
		return nil, ErrSealed
	}
	nonce, ciphertext := sealed[vaultHead:vaultHead+xaesNonceSize], sealed[vaultHead+xaesNonceSize:]
	plain, err := k.seal.open(nonce, ciphertext, rowData(purpose, context, s.record.ID))
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// MAC is the HMAC-SHA256 of data under a key for that purpose (a constant of the caller's), from the newest secret. Equal data
// give equal MACs for as long as no newer secret is there.
func (r *Rings) MAC(purpose string, data []byte) [32]byte {
	return r.snap.Load().secrets[0].sum(purpose, data)
}

// VerifyMAC says in constant time whether mac is the MAC of data under any secret of the service.
func (r *Rings) VerifyMAC(purpose string, data, mac []byte) bool {
	good := false
	for _, s := range r.snap.Load().secrets {
		sum := s.sum(purpose, data)
		good = hmac.Equal(sum[:], mac) || good
	}
	return good
}

// Stable is like [Rings.MAC] under a secret of its own, which is never rotated or removed: equal data give equal MACs for as long as the
// keyring lives, whatever happens to the other secrets. It is for identifiers that others store. It neither seals nor opens.
func (r *Rings) Stable(purpose string, data []byte) [32]byte {
	return r.snap.Load().stable.sum(purpose, data)
}

func (s *secret) sum(purpose string, data []byte) (sum [32]byte) {
	k, err := s.keysFor(purpose)
	if err != nil {
		panic("keys: derive MAC key: " + err.Error()) // HKDF and AES fail for wrong sizes only, and ours are constant
	}
	h := hmac.New(sha256.New, k.mac)
	h.Write(data)
	h.Sum(sum[:0])
	return sum
}
