package keys

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"math/big"
	"testing"
)

// RFC 7518 §3.4: both numbers in full length, whatever ASN.1 leaves out or adds.
func TestFixedLength(t *testing.T) {
	number := func(b ...byte) *big.Int { return new(big.Int).SetBytes(b) }
	long := bytes.Repeat([]byte{0xff}, 66) // a signature of P-521 has a length of two bytes
	for name, c := range map[string]struct {
		r, s *big.Int
		size int
	}{
		"in full":       {number(1, 2, 3, 4), number(5, 6, 7, 8), 4},
		"shorter":       {number(1), number(2, 3), 4},
		"with the sign": {number(0xff, 0, 0, 1), number(0x80, 0, 0, 0), 4},
		"long":          {number(long...), number(long[1:]...), 66},
		"zero":          {number(), number(1), 4},
	} {
		der, err := asn1.Marshal(struct{ R, S *big.Int }{c.r, c.s})
		if err != nil {
			t.Fatal(err)
		}
		want := append(c.r.FillBytes(make([]byte, c.size)), c.s.FillBytes(make([]byte, c.size))...)
		if got, err := fixedLength(der, c.size); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v; want %x", name, got, err, want)
		}
		for n := range der { // cut short, it is none
			if got, err := fixedLength(der[:n], c.size); err == nil {
				t.Errorf("%s: %x of %d bytes", name, got, n)
			}
		}
		for _, bad := range [][]byte{append(bytes.Clone(der), 0), append([]byte{0x31}, der[1:]...), {0x30, 0x84, 0, 0, 0, 0}, {0x30, 0x81}} {
			if got, err := fixedLength(bad, c.size); err == nil {
				t.Errorf("%s: %x of %x", name, got, bad)
			}
		}
		if _, err := fixedLength(der, 1); err == nil && c.r.BitLen() > 8 {
			t.Errorf("%s: taken as one of one byte", name)
		}
	}
}

// Every signature has the size that is reckoned with, and is good.
func TestSignatureSize(t *testing.T) {
	for _, name := range []string{RS256, ES256, ES384, ES512, EdDSA} {
		signer, err := newSigner(name, defaultRSABits)
		if err != nil {
			t.Fatal(err)
		}
		alg, _ := algorithmOf(name)
		for range 20 {
			sig, err := alg.sign(signer, []byte("text"))
			if err != nil || len(sig) != alg.signatureSize(signer) {
				t.Fatalf("%s: %d bytes, want %d: %v", name, len(sig), alg.signatureSize(signer), err)
			}
			private, ok := signer.(*ecdsa.PrivateKey)
			if !ok {
				continue
			}
			h := alg.hash.New()
			h.Write([]byte("text"))
			r, s := new(big.Int).SetBytes(sig[:len(sig)/2]), new(big.Int).SetBytes(sig[len(sig)/2:])
			if !ecdsa.Verify(&private.PublicKey, h.Sum(nil), r, s) {
				t.Fatalf("%s: bad signature %x", name, sig)
			}
		}
	}
}
