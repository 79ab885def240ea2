package providertest

import (
	"testing"

	"latchkey/storage"
)

// TestAlgorithmNotInForce: a client that chose an algorithm whose ring does not sign yet is told so before anybody signs in or a code is spent.
func TestAlgorithmNotInForce(t *testing.T) {
	i := New(t, Clients(
		WebClient("id", func(c *storage.Client) { c.IDTokenAlg = "PS384" }),
		WebClient("access", func(c *storage.Client) { c.AccessTokenAlg = "PS384" }),
		WebClient("opaque", func(c *storage.Client) { c.AccessTokenAlg, c.OpaqueAccessTokens = "PS384", true }),
	))
	for _, id := range []string{"id", "access"} {
		got, _ := i.Browser().Get(i.App(id).Authorize()).Response()
		if got.Get("error") != "temporarily_unavailable" {
			t.Errorf("RFC 6749 §4.1.2.1 %s: %v", id, got)
		}
		if ans := i.App(id).Post("/token", "grant_type", "client_credentials"); ans.Status != 503 || ans.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", id, ans.Status, ans.Raw)
		}
	}
	if ans := i.App("opaque").Post("/token", "grant_type", "client_credentials"); ans.Status != 200 {
		t.Errorf("nothing is signed for it: %d %s", ans.Status, ans.Raw)
	}
}
