package archive

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
)

// Keys open backups and make them.
type Keys struct {
	identities []age.Identity
	recipients []age.Recipient
	// macs are the keys of the trailer's MAC, one for each identity, in the same order.
	macs [][]byte
}

// macInfo binds the derived key to its purpose.
const macInfo = "latchkey backup: made by who has this key, v1"

var errNoKey = errors.New("is no age identity such as AGE-SECRET-KEY-1…; `latchkey backup generate-key` makes one")

// ParseKeys reads age identities, one a line, with comments, as age-keygen writes them: the first one makes backups, each of them opens them.
// recipients are age public keys that can open what is made, too. The error never tells a key.
func ParseKeys(identities string, recipients []string) (*Keys, error) {
	k := &Keys{}
	for line := range strings.Lines(identities) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, to, err := parseIdentity(line)
		if err != nil {
			return nil, errNoKey
		}
		mac, err := hkdf.Key(sha256.New, []byte(line), nil, macInfo, sha256.Size)
		if err != nil {
			return nil, err
		}
		if k.identities = append(k.identities, id); len(k.identities) == 1 {
			k.recipients = append(k.recipients, to)
		}
		k.macs = append(k.macs, mac)
	}
	if len(k.identities) == 0 {
		return nil, errNoKey
	}
	for _, r := range recipients {
		to, err := ParseRecipient(r)
		if err != nil {
			return nil, err
		}
		k.recipients = append(k.recipients, to)
	}
	return k, nil
}

func parseIdentity(line string) (age.Identity, age.Recipient, error) {
	id, err := age.ParseX25519Identity(line)
	if err != nil {
		return nil, nil, err
	}
	return id, id.Recipient(), nil
}

// ParseRecipient reads an age public key, age1….
func ParseRecipient(s string) (age.Recipient, error) {
	r, err := age.ParseX25519Recipient(s)
	if err != nil {
		return nil, fmt.Errorf("has %q, which is no age public key such as age1…", s)
	}
	return r, nil
}

// GenerateKey makes an age identity, as a file with its public key in a comment.
func GenerateKey() (string, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("# public key: %s\n%s\n", id.Recipient(), id), nil
}

// mac proves who made what digest is the hash of.
func mac(key, digest []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(digest)
	return h.Sum(nil)
}

// made says whether one of the keys made this MAC of digest.
func (k *Keys) made(digest, sum []byte) bool {
	for _, key := range k.macs {
		if hmac.Equal(mac(key, digest), sum) {
			return true
		}
	}
	return false
}
