package client

import (
	"bytes"
	"crypto/hmac"
	"encoding/base64"
	"testing"
	"time"

	"latchkey/storage"
)

// macJWS makes a JWS with a MAC by a key of any length; go-jose refuses short ones.
func macJWS(alg, key string, claims any) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(`{"alg":"`+alg+`"}`)) + "." + b64(mustJSON(claims))
	h := hmac.New(digest(alg).New, []byte(key))
	h.Write([]byte(input))
	return input + "." + b64(h.Sum(nil))
}

func TestHMACSecrets(t *testing.T) {
	older := sealedSecret(t, "app", "older", "older secret", now.Add(-time.Hour))
	newer := sealedSecret(t, "app", "newer", "newer secret", now)
	gone := sealedSecret(t, "app", "gone", "gone secret", now.Add(time.Hour))
	gone.ExpiresAt = now
	c := storage.Client{ID: "app", Secrets: []storage.ClientSecret{older, gone, {Hash: HashSecret("not sealed")}, newer}}
	got, err := HMACSecrets(openVault{}, c, now)
	if err != nil || !bytes.Equal(bytes.Join(got, []byte("|")), []byte("newer secret|older secret")) {
		t.Errorf("%q %v", got, err)
	}
	for name, c := range map[string]storage.Client{
		"of another client":       {ID: "other", Secrets: []storage.ClientSecret{newer}},
		"beside another hash":     {ID: "app", Secrets: []storage.ClientSecret{{ID: "x", Hash: older.Hash, Sealed: newer.Sealed}}},
		"client and hash shifted": {ID: "app\x00" + newer.Hash, Secrets: []storage.ClientSecret{{ID: "x", Sealed: newer.Sealed}}},
	} {
		if got, err := HMACSecrets(openVault{}, c, now); err == nil {
			t.Errorf("%s: opened %q", name, got)
		}
	}
}

func TestNeedsSealed(t *testing.T) {
	for name, row := range map[string]struct {
		c    storage.Client
		want bool
	}{
		"nothing":      {storage.Client{AuthMethod: BasicMethod, IDTokenAlg: "RS256"}, false},
		"a key of its": {storage.Client{AuthMethod: KeyJWTMethod, AuthAlg: "ES256"}, false},
		"client_secret_jwt (OpenID Connect Core §9)": {storage.Client{AuthMethod: SecretJWTMethod}, true},
		"ID tokens (OpenID Connect Registration §2)": {storage.Client{AuthMethod: BasicMethod, IDTokenAlg: "HS256"}, true},
		"userinfo":        {storage.Client{UserinfoAlg: "HS384"}, true},
		"introspection":   {storage.Client{IntrospectionAlg: "HS512"}, true},
		"request objects": {storage.Client{RequestObjectAlg: "HS256"}, true},
		"assertions":      {storage.Client{AuthAlg: "HS256"}, true},
	} {
		if NeedsSealed(row.c) != row.want {
			t.Errorf("%s: want %v", name, row.want)
		}
	}
}

// Both secrets of a rotation serve.
func TestSecretRotation(t *testing.T) {
	r := newRig(t)
	other := secret + "-next"
	r.change("mac", func(c *storage.Client) {
		c.Secrets = append(c.Secrets, sealedSecret(t, "mac", "2", other, now.Add(time.Minute)))
	})
	for _, s := range []string{secret, other} {
		if _, err := r.try(asserted(signJWS(t, "HS256", s, "", "", claims("mac", nil))), ""); err != nil {
			t.Error(err)
		}
	}
	r.change("mac", func(c *storage.Client) { c.Secrets[0].ExpiresAt = now })
	if _, err := r.try(asserted(signJWS(t, "HS256", secret, "", "", claims("mac", nil))), ""); err == nil {
		t.Error("a secret outlived its end")
	}
}
