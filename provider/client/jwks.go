package client

import (
	"crypto"
	"errors"
	"slices"
)

// maxTried bounds the keys that are tried where a JWS does not name one, or several have the same name: anybody can send one, and one P-521 key costs
// milliseconds. Where there are several, a JWS must name its key (OpenID Connect Core §10.1); a few are for those that are being changed.
const maxTried = 3

// clientKey is a public key of a client, and the algorithms that it fits.
type clientKey struct {
	id     string
	algs   []string
	public crypto.PublicKey
}

type keySet []clientKey

// parseKeySet reads a JWK Set (RFC 7517 §5). Keys that are of another use or kind, weak, private or broken are left out: one such key must not
// take the others away.
func parseKeySet(doc []byte) (keySet, error) {
	o, err := ParseMetadata(doc)
	if err != nil {
		return nil, err
	}
	list, ok := o["keys"].([]any)
	if !ok {
		return nil, errors.New("has no array of keys")
	}
	if len(list) > maxKeys {
		return nil, errors.New("has too many keys")
	}
	set := keySet{}
	for _, item := range list {
		all, ok := item.(map[string]any)
		if !ok {
			continue
		}
		for _, certificate := range []string{"x5c", "x5u", "x5t", "x5t#S256"} { // never read: the key itself stands beside them
			delete(all, certificate)
		}
		if keyProblem(all) != "" {
			continue
		}
		k := clientKey{algs: keyAlgs(all)}
		if len(k.algs) == 0 {
			continue
		}
		k.id, _ = all["kid"].(string) // RFC 7517 §4.5
		k.public = publicKey(all)
		set = append(set, k)
	}
	return set, nil
}

// candidates are the keys that may have made a signature: those of its kid, or, where it names none, all that fit (RFC 7515 §4.1.4,
// OpenID Connect Core §10.1).
func (s keySet) candidates(h Header) (out []clientKey) {
	for _, k := range s {
		if len(out) < maxTried && slices.Contains(k.algs, h.Alg) && (h.KeyID == "" || k.id == h.KeyID) {
			out = append(out, k)
		}
	}
	return out
}
