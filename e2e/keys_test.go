package e2e

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestJWKSCaching: ETag, 304, HEAD, max-age, and the same of discovery.
func TestJWKSCaching(t *testing.T) {
	s := harness.Start(t, harness.Options{Config: object{"keys.jwks_max_age": "10m"}})
	a := s.API()
	for _, path := range []string{"/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		r := a.Must(t, "GET", path, nil, nil).Want(t, 200)
		tag := r.Header.Get("ETag")
		if tag == "" || !strings.Contains(r.Header.Get("Cache-Control"), "max-age=") {
			t.Errorf("%s: ETag %q, Cache-Control %q", path, tag, r.Header.Get("Cache-Control"))
		}
		if n := a.Must(t, "GET", path, nil, map[string]string{"If-None-Match": tag}); n.Status != 304 || len(n.Raw) != 0 {
			t.Errorf("%s: %d with %d bytes to If-None-Match", path, n.Status, len(n.Raw))
		}
		if h := a.Must(t, "HEAD", path, nil, nil); h.Status != 200 || len(h.Raw) != 0 {
			t.Errorf("%s: HEAD %d with %d bytes", path, h.Status, len(h.Raw))
		}
		for _, private := range []string{`"d":`, `"p":`, `"q":`, `"dp":`, `"k":`} {
			if bytes.Contains(r.Raw, []byte(private)) {
				t.Errorf("%s has a member %s", path, private)
			}
		}
	}
}

// TestRevokeKey is the emergency: the key is gone from JWKS at once, and what it signed is refused.
func TestRevokeKey(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	a := s.API()
	issue := func() string {
		return a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200).S("access_token")
	}
	active := func(token string) any {
		return a.Must(t, "POST", "/introspect", form("token", token), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200).JSON["active"]
	}
	token := issue()
	kid := jwtPart(t, token, 0)["kid"].(string)
	if active(token) != true {
		t.Fatal("a fresh token is inactive")
	}
	if out, bad, code := s.Run(t, "keys", "revoke", kid); code != 0 {
		t.Fatalf("keys revoke: exit code %d: %s%s", code, out, bad)
	}
	harness.Until(t, 20*time.Second, "the revoked key is gone", func() error {
		if bytes.Contains(a.Must(t, "GET", "/jwks.json", nil, nil).Raw, []byte(kid)) {
			return errors.New("still in JWKS")
		}
		return nil
	})
	if active(token) != false {
		t.Error("a token of a revoked key is active")
	}
	if next := issue(); jwtPart(t, next, 0)["kid"] == kid || active(next) != true {
		t.Error("nothing signs in the key's place")
	}
}
