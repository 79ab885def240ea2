// Package passkeytest is an authenticator made of software, for tests: it makes real credentials and real signatures, and lies where it is told to.
package passkeytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// Authenticator holds credentials, and stands for the browser too.
type Authenticator struct {
	// Origin is the page that the browser shows.
	Origin string
	// Alg is that of new keys: "ES256", "RS256" or "EdDSA"; "" means ES256.
	Alg string
	// Verifies: the user is verified. Synced: keys are backed up. Counts: keys count their signatures.
	Verifies, Synced, Counts bool
	Keys                     []*Credential
}

// Credential is one key.
type Credential struct {
	ID, Handle []byte
	RPID       string
	Counter    uint32
	signer     crypto.Signer
}

// The flags of authenticator data (§6.1).
const (
	present  = 1 << 0
	verified = 1 << 2
	eligible = 1 << 3
	backedUp = 1 << 4
	attested = 1 << 6
)

// AAGUID is that of the keys.
func AAGUID() []byte { return []byte("a software token")[:16] }

// Answer is what comes back, before it is encoded, for tests that change it. Client data and authenticator data are signed after Lie saw them.
type Answer struct {
	Type, Challenge, Origin string
	CrossOrigin             bool
	RPID                    string
	Flags                   byte
	Counter                 uint32
	ID, Handle              []byte
	Format                  string
	// After is called with the finished parts: what it changes is not covered by the signature.
	After func(clientData, authData, signature *[]byte)
}

type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	Exclude []descriptor `json:"excludeCredentials"`
	Allow   []descriptor `json:"allowCredentials"`
}

type descriptor struct {
	ID string `json:"id"`
}

// B64 is base64url without padding.
func B64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func unB64(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

func read(publicKey []byte) options {
	var o options
	if err := json.Unmarshal(publicKey, &o); err != nil {
		panic(err)
	}
	return o
}

func (a *Authenticator) flags() byte {
	f := byte(present)
	if a.Verifies {
		f |= verified
	}
	if a.Synced {
		f |= eligible | backedUp
	}
	return f
}

// Create makes a credential as the options of a registration want it. It refuses where it has one that is excluded.
func (a *Authenticator) Create(publicKey []byte, lies ...func(*Answer)) ([]byte, error) {
	o := read(publicKey)
	for _, d := range o.Exclude {
		if slices.ContainsFunc(a.Keys, func(k *Credential) bool { return B64(k.ID) == d.ID }) {
			return nil, fmt.Errorf("InvalidStateError")
		}
	}
	signer, cose := newKey(a.Alg)
	k := &Credential{ID: random(32), Handle: unB64(o.User.ID), RPID: o.RP.ID, signer: signer}
	out := Answer{Type: "webauthn.create", Challenge: o.Challenge, Origin: a.Origin, RPID: k.RPID, Flags: a.flags() | attested, ID: k.ID, Format: "none"}
	for _, lie := range lies {
		lie(&out)
	}
	client := out.clientData()
	auth := out.authData()
	auth = append(auth, AAGUID()...)
	auth = binary.BigEndian.AppendUint16(auth, uint16(len(out.ID)))
	auth = append(append(auth, out.ID...), cose...)
	var none []byte
	if out.After != nil {
		out.After(&client, &auth, &none)
	}
	k.ID = out.ID
	a.Keys = append(a.Keys, k)
	object := slices.Concat([]byte{0xa3}, text("fmt"), text(out.Format), text("attStmt"), []byte{0xa0}, text("authData"), bin(auth))
	return encode(out.ID, map[string]any{"clientDataJSON": B64(client), "attestationObject": B64(object), "transports": []string{"internal"}}), nil
}

// Get signs with the first key that the options allow.
func (a *Authenticator) Get(publicKey []byte, lies ...func(*Answer)) ([]byte, error) {
	o := read(publicKey)
	i := slices.IndexFunc(a.Keys, func(k *Credential) bool {
		return k.RPID == o.RPID && (len(o.Allow) == 0 || slices.ContainsFunc(o.Allow, func(d descriptor) bool { return d.ID == B64(k.ID) }))
	})
	if i < 0 {
		return nil, fmt.Errorf("NotAllowedError")
	}
	k := a.Keys[i]
	if a.Counts {
		k.Counter++
	}
	out := Answer{Type: "webauthn.get", Challenge: o.Challenge, Origin: a.Origin, RPID: k.RPID, Flags: a.flags(), Counter: k.Counter, ID: k.ID, Handle: k.Handle}
	for _, lie := range lies {
		lie(&out)
	}
	client, auth := out.clientData(), out.authData()
	hash := sha256.Sum256(client)
	signature := k.sign(slices.Concat(auth, hash[:]))
	if out.After != nil {
		out.After(&client, &auth, &signature)
	}
	response := map[string]any{"clientDataJSON": B64(client), "authenticatorData": B64(auth), "signature": B64(signature)}
	if out.Handle != nil {
		response["userHandle"] = B64(out.Handle)
	}
	return encode(out.ID, response), nil
}

func encode(id []byte, response map[string]any) []byte {
	raw, err := json.Marshal(map[string]any{"id": B64(id), "rawId": B64(id), "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{}, "response": response})
	if err != nil {
		panic(err)
	}
	return raw
}

func (o Answer) clientData() []byte {
	raw, err := json.Marshal(map[string]any{"type": o.Type, "challenge": o.Challenge, "origin": o.Origin, "crossOrigin": o.CrossOrigin})
	if err != nil {
		panic(err)
	}
	return raw
}

func (o Answer) authData() []byte {
	sum := sha256.Sum256([]byte(o.RPID))
	return binary.BigEndian.AppendUint32(append(sum[:], o.Flags), o.Counter)
}

func (k *Credential) sign(message []byte) []byte {
	hash, opts := sha256.Sum256(message), crypto.SignerOpts(crypto.SHA256)
	digest := hash[:]
	if _, ok := k.signer.(ed25519.PrivateKey); ok {
		digest, opts = message, crypto.Hash(0)
	}
	sig, err := k.signer.Sign(rand.Reader, digest, opts)
	if err != nil {
		panic(err)
	}
	return sig
}

// newKey makes a key and its COSE form (RFC 9053).
func newKey(alg string) (crypto.Signer, []byte) {
	switch alg {
	case "", "ES256":
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		point, err := k.PublicKey.Bytes()
		if err != nil {
			panic(err)
		}
		return k, slices.Concat([]byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21}, bin(point[1:33]), []byte{0x22}, bin(point[33:]))
	case "EdDSA":
		public, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err)
		}
		return k, slices.Concat([]byte{0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21}, bin(public))
	case "RS256":
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		return k, slices.Concat([]byte{0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20}, bin(k.N.Bytes()), []byte{0x21}, bin([]byte{1, 0, 1}))
	}
	panic("no such algorithm: " + alg)
}

// text and bin are CBOR (RFC 8949 §3.1).
func text(s string) []byte { return append(head(0x60, len(s)), s...) }
func bin(b []byte) []byte  { return append(head(0x40, len(b)), b...) }

func head(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major | byte(n)}
	case n < 256:
		return []byte{major | 24, byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
