package provider_test

import (
	"errors"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/bearer"
	"latchkey/provider/oauth"
	"latchkey/provider/providertest"
	"latchkey/provider/token"
	"latchkey/storage"
)

// TestAccountAPITakesClientsTokens: whatever a client's tokens look like, the account API learns whose they are, by the account's own subject.
func TestAccountAPITakesClientsTokens(t *testing.T) {
	scopes := []string{"account"}
	i := providertest.New(t, providertest.Clients(storage.Client{ID: "plain", Scopes: scopes}, storage.Client{ID: "opaque", Scopes: scopes, OpaqueAccessTokens: true},
		storage.Client{ID: "pair", Scopes: scopes, SubjectType: token.Pairwise, Sector: "a.example"}))
	alice, now := i.Person("alice"), i.Clock.Now()
	if err := i.Store.CreateSession(t.Context(), storage.Session{SID: "sid", AccountID: alice.ID, ExpiresAt: now.Add(time.Hour)}, now); err != nil {
		t.Fatal(err)
	}
	issue := func(client string, cnf []byte) string {
		c, err := i.Registry.Client(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		g := storage.Grant{ID: token.NewGrantID(now), ClientID: client, AccountID: alice.ID, SID: "sid", Scopes: scopes, Confirmation: cnf, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
		if err := i.Store.CreateGrant(t.Context(), g, now); err != nil {
			t.Fatal(err)
		}
		ans, err := i.Provider.Issuer.Issue(t.Context(), &token.Authorization{Client: &c, Grant: g, Account: alice, Scopes: oauth.Scopes(scopes)})
		if err != nil {
			t.Fatal(err)
		}
		return ans.AccessToken
	}
	for _, client := range []string{"plain", "opaque", "pair"} {
		raw := issue(client, nil)
		if got, err := i.Provider.Accounts.Verify(t.Context(), raw); err != nil || got.Subject != alice.Sub || got.ClientID != client || got.SID != "sid" {
			t.Errorf("%s: %+v %v", client, got, err)
		}
		if _, err := i.Provider.Accounts.Verify(t.Context(), issue(client, []byte(`{"jkt":"x"}`))); !errors.Is(err, bearer.ErrInvalid) {
			t.Errorf("RFC 9449 §7.1 %s: a token bound to a key: %v", client, err)
		}
		c, err := i.Provider.Issuer.VerifyAccess(raw)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.Store.RevokeGrants(t.Context(), storage.GrantScope{ID: c.GrantID()}, now); err != nil {
			t.Fatal(err)
		}
		if _, err := i.Provider.Accounts.Verify(t.Context(), raw); !errors.Is(err, bearer.ErrEnded) {
			t.Errorf("RFC 7009 §2.1 %s: %v", client, err)
		}
	}
}

// TestSignOutByRefreshToken: whatever ends a session is noted, so that whoever waits for the end of sessions hears of it.
func TestSignOutByRefreshToken(t *testing.T) {
	i := providertest.New(t)
	alice, now := i.Person("alice"), i.Clock.Now()
	s := storage.Session{SID: "sid", AccountID: alice.ID, Kind: "session", ExpiresAt: now.Add(time.Hour)}
	if err := i.Store.CreateSession(t.Context(), s, now); err != nil {
		t.Fatal(err)
	}
	refresh, err := i.Provider.Accounts.RefreshToken(t.Context(), alice, s, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second finds nothing to end
		_ = i.Provider.Accounts.RevokeRefresh(t.Context(), refresh)
		if n := i.Audited(audit.SignOut); n != 1 {
			t.Errorf("%d events", n)
		}
	}
}
