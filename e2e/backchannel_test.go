package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"latchkey/e2e/harness"
)

// signedIn is what an application holds of a session.
type signedIn struct {
	goParty
	token    *oauth2.Token
	raw, sid string
}

func (p *parties) signIn(t *testing.T, s *harness.Server, b *harness.Browser, id string, scopes ...string) signedIn {
	t.Helper()
	c := p.goParty(t, s, id)
	c.Scopes = append(c.Scopes, scopes...)
	address, verifier, _, nonce := c.begin()
	tok, err := c.Exchange(t.Context(), b.Open(address).Left(harness.SecureCallback).Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw := tok.Extra("id_token").(string)
	c.verify(t, raw, nonce, tok.AccessToken, "")
	return signedIn{c, tok, raw, jwtPart(t, raw, 1)["sid"].(string)}
}

// logoutToken waits for the n-th post to path, and verifies the logout token in it (Back-Channel Logout §2.4, §2.6).
func (in signedIn) logoutToken(t *testing.T, side *side, path string, n int) {
	t.Helper()
	harness.Until(t, 20*time.Second, fmt.Sprintf("%s hears of the sign-out", in.ClientID), func() error {
		if got := len(side.got(path)); got < n {
			return fmt.Errorf("%d posts", got)
		}
		return nil
	})
	form, err := url.ParseQuery(side.got(path)[n-1])
	if err != nil || len(form) != 1 {
		t.Fatalf("Back-Channel Logout §2.5: the form has %v", form)
	}
	raw := form.Get("logout_token")
	token, err := in.verifier.VerifyLogout(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	if sub := jwtPart(t, in.raw, 1)["sub"]; token.SessionID != in.sid || token.Subject != sub {
		t.Errorf("Back-Channel Logout §2.4: sid %q and sub %q, want %q and %q", token.SessionID, token.Subject, in.sid, sub)
	}
	if typ := jwtPart(t, raw, 0)["typ"]; typ != "logout+jwt" {
		t.Errorf("Back-Channel Logout §2.4: typ %v", typ)
	}
	if life := token.Expiry.Sub(token.IssuedAt); life > 2*time.Minute {
		t.Errorf("Back-Channel Logout §2.4: it lives for %v", life)
	}
	if _, err := in.verifier.Verify(t.Context(), raw); err == nil && jwtPart(t, raw, 1)["nonce"] != nil {
		t.Error("Back-Channel Logout §2.4: it passes for an ID token")
	}
}

// TestBackChannelLogout: whatever ends a session, the applications that it signed in to are told, over https, also after a crash.
func TestBackChannelLogout(t *testing.T) {
	p := newParties(t)
	for _, id := range []string{"told-1", "told-2"} {
		alg := map[string]string{"told-1": "PS256", "told-2": "ES256"}[id]
		p.add(id, "client_secret_basic", object{"backchannel_logout_uri": p.side.URL + "/" + id, "backchannel_logout_session_required": true, "id_token_signed_response_alg": alg})
	}
	s := p.start(harness.Options{})
	a := s.API()
	begin := func() (b *harness.Browser, one, two signedIn) {
		t.Helper()
		b = s.Browser(t).SignIn(personName, personPassword)
		return b, p.signIn(t, s, b, "told-1", "offline_access"), p.signIn(t, s, b, "told-2")
	}
	hear := func(n int, one, two signedIn) {
		t.Helper()
		one.logoutToken(t, p.side, "/told-1", n)
		two.logoutToken(t, p.side, "/told-2", n)
	}

	b, one, two := begin()
	b.Open("/logout?" + form("id_token_hint", one.raw).Encode())
	hear(1, one, two)
	if r := a.Must(t, "GET", "/userinfo", nil, harness.Bearer(two.token.AccessToken)); r.Status != http.StatusUnauthorized {
		t.Errorf("Back-Channel Logout §2.7: what the session bought lives on: %d", r.Status)
	}
	one.token.Expiry = time.Now().Add(-time.Hour)
	if _, err := one.TokenSource(t.Context(), one.token).Token(); err != nil {
		t.Errorf("Back-Channel Logout §2.7: offline access ended: %v", err)
	}

	// She signs out of all other sessions from another browser.
	_, one, two = begin()
	other := s.Browser(t).SignIn(personName, personPassword)
	other.Open("/account/sessions").Submit("/account/sessions/end-others", nil)
	hear(2, one, two)

	// An operator disables the account.
	_, one, two = begin()
	if out, bad, code := s.Run(t, "users", "disable", personName); code != 0 {
		t.Fatalf("users disable: %d %s%s", code, out, bad)
	}
	hear(3, one, two)
	if out, bad, code := s.Run(t, "users", "enable", personName); code != 0 {
		t.Fatalf("users enable: %d %s%s", code, out, bad)
	}

	time.Sleep(300 * time.Millisecond)
	if first, second := len(p.side.got("/told-1")), len(p.side.got("/told-2")); first != 3 || second != 3 {
		t.Errorf("they were told %d and %d times of 3 sign-outs", first, second)
	}

	// The applications are away when the session ends, and the server is killed before they are back.
	b, one, two = begin()
	p.side.away(true)
	b.Open("/logout?" + form("id_token_hint", two.raw).Encode())
	// Both were tried, and none is under way.
	harness.Until(t, 10*time.Second, "both were tried in vain", func() error {
		if n := s.Metrics(t).Sum("latchkey_logout_notices_failing"); n != 2 {
			return fmt.Errorf("%v", n)
		}
		return nil
	})
	s.Kill()
	p.side.away(false)
	s.Launch(t)
	s.WaitReady(t)
	hear(4, one, two)
}
