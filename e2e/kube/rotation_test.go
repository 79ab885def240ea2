//go:build kube

package kube

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"time"

	"latchkey/e2e/harness"
)

// kids are the identifiers of the published keys.
func kids(c *cluster) []string {
	c.t.Helper()
	s := &harness.Server{Issuer: issuer, Secrets: &harness.Secrets{}}
	r := s.API().Must(c.t, "GET", "/jwks.json", nil, nil).Want(c.t, 200)
	var out []string
	list, _ := r.JSON["keys"].([]any)
	for _, k := range list {
		if m, ok := k.(map[string]any); ok {
			kid, _ := m["kid"].(string)
			out = append(out, kid)
		}
	}
	slices.Sort(out)
	return out
}

func kid(c *cluster, token string) string {
	header, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		c.t.Fatal(err)
	}
	var h struct{ Kid string }
	if err := json.Unmarshal(header, &h); err != nil {
		c.t.Fatal(err)
	}
	return h.Kid
}

// rotation: while the signing key changes, neither the tokens of the former key nor those of the new one are ever refused.
func (c *cluster) rotation(old string) {
	c.latchkey("", "keys", "rotate")
	asked, token := 0, old
	for end := time.Now().Add(2 * time.Minute); kid(c, token) == kid(c, old); {
		if time.Now().After(end) {
			c.t.Fatal("no new key signs")
		}
		token, _ = c.signIn("kubernetes", "ada")
		for _, one := range []string{old, token} {
			asked++
			if _, err := c.as(one, "get", "pods", "-n", "id"); err != nil {
				c.t.Fatalf("after %d requests, with a token of %s: %v", asked, kid(c, one), err)
			}
		}
	}
	for range 10 {
		for _, one := range []string{old, token} {
			asked++
			if _, err := c.as(one, "get", "pods", "-n", "id"); err != nil {
				c.t.Fatalf("after %d requests, with a token of %s: %v", asked, kid(c, one), err)
			}
		}
	}
	c.t.Logf("%d requests of kubectl over a rotation from %s to %s: none refused", asked, kid(c, old), kid(c, token))
}

// expiry: a token that has expired is refused. The client's file is changed for that, which the running pod takes up by itself.
func (c *cluster) expiry() {
	short := strings.Replace(c.example("kubectl/client.yaml"), "id_token_ttl: 10m", "id_token_ttl: 20s", 1)
	c.must("helm", "upgrade", "id", "charts/latchkey", "-n", "id", "-f", c.boltValues(short), "--wait")
	defer c.boltValues(c.example("kubectl/client.yaml"))
	var token string
	c.until("the client's new file is not in force", 3*time.Minute, func() error { // the kubelet looks once a minute
		token, _ = c.signIn("kubernetes", "ada")
		var life struct{ Iat, Exp int64 }
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err == nil {
			err = json.Unmarshal(payload, &life)
		}
		if err == nil && life.Exp-life.Iat != 20 {
			time.Sleep(3 * time.Second)
			err = os.ErrDeadlineExceeded
		}
		return err
	})
	if _, err := c.as(token, "auth", "whoami"); err != nil {
		c.t.Errorf("a fresh one: %v", err)
	}
	time.Sleep(35 * time.Second) // and 10 s more: so long the API server remembers a token that was good
	if out, err := c.as(token, "auth", "whoami"); err == nil || !strings.Contains(err.Error(), "Unauthorized") {
		c.t.Errorf("an expired token: %v %s", err, out)
	}
}
