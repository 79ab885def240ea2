package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

const (
	sealingKeySize = 32
	sealVersion    = 1
	nonceSize      = 12
)

// What a sealed row holds; part of what binds the row to its place.
const (
	sealedKey    = "signing key"
	sealedSecret = "secret"
)

// ErrSealingKey: something was sealed with a key-encryption key that is not configured. The text says which.
var ErrSealingKey = errors.New("sealed with another key-encryption key")

// ErrTampered: a sealed row is damaged, was moved, or does not hold what it says. The text names the row.
var ErrTampered = errors.New("sealed row is damaged or was tampered with")

// Sealer holds the key-encryption keys. It prints as the fingerprints of its keys.
type Sealer struct{ keys []*sealingKey }

type sealingKey struct {
	id   string
	aead cipher.AEAD
}

// NewSealer makes a sealer of keys of 32 bytes each: the first seals, all open. The keys are not kept.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("no key-encryption key is given")
	}
	s := &Sealer{}
	for i, key := range keys {
		if len(key) != sealingKeySize {
			return nil, fmt.Errorf("key-encryption key %d has %d bytes; it must have %d", i+1, len(key), sealingKeySize)
		}
		k, err := newSealingKey(key)
		if err != nil {
			return nil, fmt.Errorf("key-encryption key %d: %w", i+1, err)
		}
		if slices.Contains(s.KeyIDs(), k.id) {
			return nil, fmt.Errorf("key-encryption key %d is given twice", i+1)
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// newSealingKey derives the cipher's key and the fingerprint apart from one another, so that the one tells nothing of the other.
func newSealingKey(key []byte) (*sealingKey, error) {
	id, err := hkdf.Key(sha256.New, key, nil, "latchkey key-encryption key: fingerprint", 6)
	if err != nil {
		return nil, err
	}
	sub, err := hkdf.Key(sha256.New, key, nil, "latchkey key-encryption key: AES-256-GCM", 32)
	if err != nil {
		return nil, err
	}
	defer clear(sub)
	block, err := aes.NewCipher(sub)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sealingKey{id: hex.EncodeToString(id), aead: aead}, nil
}

// KeyID is the fingerprint of the key that seals.
func (s *Sealer) KeyID() string { return s.keys[0].id }

// KeyIDs are the fingerprints of all keys, that of the sealing one first.
func (s *Sealer) KeyIDs() []string {
	ids := make([]string, len(s.keys))
	for i, k := range s.keys {
		ids[i] = k.id
	}
	return ids
}

// seal encrypts plain for the row called name and returns version, nonce and ciphertext.
func (s *Sealer) seal(random io.Reader, plain []byte, kind, alg, name string) (sealed []byte, keyID string, err error) {
	sealed = make([]byte, 1+nonceSize, 1+nonceSize+len(plain)+16)
	sealed[0] = sealVersion
	if _, err := io.ReadFull(random, sealed[1:]); err != nil {
		return nil, "", fmt.Errorf("seal %s %s: %w", kind, name, err)
	}
	k := s.keys[0]
	return k.aead.Seal(sealed, sealed[1:], plain, rowData(kind, alg, name, k.id)), k.id, nil
}

// open is the inverse. Errors: ErrSealingKey, ErrTampered.
func (s *Sealer) open(sealed []byte, keyID, kind, alg, name string) ([]byte, error) {
	i := slices.IndexFunc(s.keys, func(k *sealingKey) bool { return k.id == keyID })
	if i < 0 {
		return nil, fmt.Errorf("%s %s: %w: by %q, and configured are %s", kind, name, ErrSealingKey, keyID, strings.Join(s.KeyIDs(), ", "))
	}
	if len(sealed) < 1+nonceSize || sealed[0] != sealVersion {
		return nil, fmt.Errorf("%s %s: %w", kind, name, ErrTampered)
	}
	plain, err := s.keys[i].aead.Open(nil, sealed[1:1+nonceSize], sealed[1+nonceSize:], rowData(kind, alg, name, keyID))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, name, ErrTampered)
	}
	return plain, nil
}

// rowData binds a ciphertext to its row: parts with their lengths, so that no two lists of parts read the same.
func rowData(parts ...string) []byte {
	data := []byte("latchkey\x00")
	for _, p := range parts {
		data = binary.BigEndian.AppendUint64(data, uint64(len(p)))
		data = append(data, p...)
	}
	return data
}

// String shows fingerprints only.
func (s *Sealer) String() string {
	if s == nil {
		return "Sealer()"
	}
	return "Sealer(" + strings.Join(s.KeyIDs(), ", ") + ")"
}

// LogValue shows fingerprints only.
func (s *Sealer) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Format shows fingerprints only, whatever the verb.
func (s *Sealer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }
