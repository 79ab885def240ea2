package providertest

import (
	"fmt"
	"testing"

	"latchkey/storage"
)

// TestClientForTwoFactors: a client's rule counts for what was granted before it, too; who has one factor gets nothing new, and nothing goes round for ever.
func TestClientForTwoFactors(t *testing.T) {
	vault, open := WebClient("vault", func(c *storage.Client) { c.SkipConsent = true }), WebClient("open", func(c *storage.Client) { c.SkipConsent = true })
	w := New(t, Clients(vault, open))
	w.Person("alice")
	a := w.App("vault")
	got := a.Redeem(a.SignIn(w.Browser(), "alice", "scope", "openid offline_access"))
	if got.Status != 200 {
		t.Fatalf("%d %s", got.Status, got.Raw)
	}
	if id := payload(t, got.Str("id_token")); id["acr"] != "1" || fmt.Sprint(id["amr"]) != "[pwd]" {
		t.Errorf("OpenID Connect Core §2: %v", id)
	}
	refreshed := a.Refresh(got.Str("refresh_token"))
	if id := payload(t, refreshed.Str("id_token")); id["acr"] != "1" || fmt.Sprint(id["amr"]) != "[pwd]" {
		t.Errorf("OpenID Connect Core §12.2: %v", id)
	}
	active := func() any {
		return a.Post("/introspect", "token", refreshed.Str("access_token")).JSON["active"]
	}
	if active() != true {
		t.Error("not active")
	}

	vault.SecondFactor = true
	w.Registry.Declare([]storage.Client{vault, open})
	if ans := a.Refresh(refreshed.Str("refresh_token")); ans.Status != 400 || ans.JSON["error"] != "invalid_grant" {
		t.Errorf("the rule came: %d %s", ans.Status, ans.Raw)
	}
	if active() != false || w.Userinfo(refreshed.Str("access_token")).Status != 401 {
		t.Error("tokens of one factor go on")
	}

	b := w.Browser()
	w.App("open").SignIn(b, "alice") // a session of one factor
	if p := b.Get(a.Authorize("prompt", "none")); p.Left == nil || p.Left.Query().Get("error") != "login_required" {
		t.Errorf("OpenID Connect Core §3.1.2.6: %d %v", p.Status, p.Left)
	}
	if p := b.Through(b.Get(a.Authorize()), "alice"); p.Left != nil || p.Title() != "Sign in" { // where a page sets a second one up
		t.Errorf("one factor again: %d %q %v", p.Status, p.Title(), p.Left)
	}
}
