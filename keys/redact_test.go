package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// Whatever prints our types, and whatever the log hears, holds nothing private.
func TestNothingPrivateIsPrinted(t *testing.T) {
	c, store := newClock(), &ringStore{}
	cfg := testConfig(c.Now, RS256, ES256, EdDSA)
	var log bytes.Buffer
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	kek := bytes.Repeat([]byte{7}, 32)
	sealer, err := NewSealer(kek)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(t.Context(), cfg, store, sealer)
	if err != nil {
		t.Fatal(err)
	}
	private := append(privateParts(t, r), kek)
	if _, err := r.Revoke(t.Context(), one(t, r, ES256, StateActive)); err != nil {
		t.Fatal(err)
	}
	out := &log
	for _, v := range []any{r, sealer, struct{ R *Rings }{r}, []any{*sealer}, r.List(), r.JWKS(), cfg} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			fmt.Fprintf(out, verb+"\n", v)
		}
		cfg.Logger.Info("printed", "value", v)
	}
	for _, v := range []any{r, sealer, r.List()} {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(text)
	}
	for _, row := range store.ring.Keys {
		out.Write(row.Sealed)
		out.Write(row.PublicJWK)
	}
	if !strings.Contains(out.String(), "REVOKED") {
		t.Error("the revocation is not in the log")
	}
	for _, secret := range private {
		for _, form := range []string{
			string(secret), hex.EncodeToString(secret), base64.StdEncoding.EncodeToString(secret),
			base64.RawURLEncoding.EncodeToString(secret), strings.Trim(fmt.Sprint(secret), "[]"),
		} {
			if strings.Contains(out.String(), form) {
				t.Fatalf("private bytes were printed, as %.8s…", form)
			}
		}
	}
}

// privateParts are the private numbers of every key, and the secrets.
func privateParts(t *testing.T, r *Rings) (private [][]byte) {
	t.Helper()
	for _, k := range r.snap.Load().keys {
		switch key := k.material.signer.(type) {
		case *rsa.PrivateKey:
			private = append(private, key.D.Bytes(), key.Primes[0].Bytes(), key.Primes[1].Bytes())
		case *ecdsa.PrivateKey:
			d, err := key.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			private = append(private, d)
		case ed25519.PrivateKey:
			private = append(private, key.Seed())
		}
	}
	for _, s := range r.snap.Load().secrets {
		private = append(private, s.value)
	}
	return private
}
