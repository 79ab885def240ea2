package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func clientChecks() []check {
	return []check{
		{"CreateClient keeps every field", createClient},
		{"ReplaceClient compares Version", replaceClient},
		{"DeleteClient revokes grants and removes consents", deleteClient},
		{"ListClients pages in order of ID", listClients},
		{"Keyring is swapped whole", swapKeyring},
	}
}

func client(id string) storage.Client {
	return storage.Client{
		ID: id, Name: "App", URI: "https://a", LogoURI: "https://l", PolicyURI: "https://p", TOSURI: "https://t",
		Contacts: []string{"c"}, RedirectURIs: []string{"https://a/cb"}, PostLogoutRedirectURIs: []string{"https://a/out"},
		ApplicationType: "web", AuthMethod: "client_secret_basic",
		Secrets:    []storage.ClientSecret{{ID: "1", Hash: "sha256:00", Sealed: []byte("sealed"), CreatedAt: at(0), ExpiresAt: at(time.Hour)}, {ID: "2"}},
		GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"}, ResponseModes: []string{"query"},
		Scopes: []string{"openid"}, Audiences: []string{"https://api"}, DefaultAudience: "https://api",
		PKCEExempt: true, SkipConsent: true, AccountClaims: true, IDTokenAlg: "ES256", AccessTokenAlg: "EdDSA",
		AccessTokenTTL: time.Microsecond, IDTokenTTL: time.Minute, RefreshTokenTTL: 400 * 24 * time.Hour, Disabled: true, CreatedAt: at(0), UpdatedAt: at(1),
		Localized: map[string]string{"client_name#de": "Anwendung", "policy_uri#de": "https://p/de"},
		AuthAlg:   "ES256", JWKS: []byte(`{"keys":[]}`), JWKSURI: "https://a/jwks", Federated: []byte(`[]`), Forward: []byte(`{}`), UserinfoAlg: "ES256", IntrospectionAlg: "RS256",
		OpaqueAccessTokens: true, RequestObjectAlg: "PS256", RequestURIs: []string{"https://a/request"}, RequirePAR: true, RequireSignedRequest: true,
		DefaultMaxAge: time.Minute, HasDefaultMaxAge: true, RequireAuthTime: true, DefaultACRValues: []string{"1"}, SubjectType: "pairwise",
		SectorIdentifierURI: "https://a/sector", Sector: "a", InitiateLoginURI: "https://a/login", FrontchannelLogoutURI: "https://a/front",
		BackchannelLogoutURI: "https://a/back", FrontchannelLogoutSessionRequired: true, BackchannelLogoutSessionRequired: true,
		AllowedGroups: []string{"admins"}, GroupsFilter: []string{"app-*"}, GroupsInAccessToken: true, SecondFactor: true, Declared: true,
		AllowedOrigins: []string{"https://spa"}, SoftwareID: "sw", SoftwareVersion: "1.0", RegistrationHash: "sha256:11",
	}
}

func createClient(t *testing.T, s storage.Store) {
	sample := func() storage.Client {
		c := client("app")
		c.Registered, c.RegisteredWith, c.ExpiresAt = true, "token", at(time.Hour)
		return c
	}
	full(t, sample(), "Version")
	in, want := sample(), sample()
	want.Version = 1
	made := got(s.CreateClient(bg(), in, at(0)))(t)
	eq(t, "returned", made, want)
	for _, c := range []storage.Client{in, made, got(s.Client(bg(), "app"))(t)} {
		c.Secrets[0].Hash, c.Secrets[0].Sealed[0], c.RedirectURIs[0], c.Scopes[0] = "spoilt", 'x', "spoilt", "spoilt"
		c.Localized["client_name#de"], c.JWKS[0], c.RequestURIs[0], c.DefaultACRValues[0], c.AllowedOrigins[0] = "spoilt", 'x', "spoilt", "spoilt", "spoilt"
		c.AllowedGroups[0], c.GroupsFilter[0] = "spoilt", "spoilt"
	}
	eq(t, "read", got(s.Client(bg(), "app"))(t), want)
	_, err := s.CreateClient(bg(), client("app"), at(0))
	is(t, "same ID", err, storage.ErrExists)
	_, err = s.CreateClient(bg(), client(""), at(0))
	is(t, "no ID", err, storage.ErrExists)
	_, err = s.Client(bg(), "ap")
	is(t, "unknown", err, storage.ErrNotFound)
}

func replaceClient(t *testing.T, s storage.Store) {
	c := got(s.CreateClient(bg(), client("app"), at(0)))(t)
	c.Name = "Renamed"
	next := got(s.ReplaceClient(bg(), c, at(0)))(t)
	_, err := s.ReplaceClient(bg(), c, at(0))
	is(t, "older version", err, storage.ErrConflict)
	c.Version++
	eq(t, "returned", next, c)
	eq(t, "read", got(s.Client(bg(), "app"))(t), c)
	_, err = s.ReplaceClient(bg(), client("none"), at(0))
	is(t, "unknown", err, storage.ErrNotFound)
}

func deleteClient(t *testing.T, s storage.Store) {
	a := create(t, s, "a")
	got(s.CreateClient(bg(), client("app"), at(0)))(t)
	got(s.CreateClient(bg(), client("app2"), at(0)))(t)
	for _, id := range []string{"app", "app2"} {
		g := withCode(grant("g-"+id, a.ID, ""))
		g.ClientID = id
		g.Offline = true
		must(t, s.CreateGrant(bg(), g, at(0)))
		own := grant("own-"+id, 0, "")
		own.ClientID = id
		must(t, s.CreateGrant(bg(), own, at(0)))
		must(t, s.PutConsent(bg(), storage.Consent{AccountID: a.ID, ClientID: id, GrantedAt: at(0)}, at(0)))
	}
	must(t, s.DeleteClient(bg(), "app", at(0)))
	_, err := s.Client(bg(), "app")
	is(t, "client", err, storage.ErrNotFound)
	_, err = s.Consent(bg(), a.ID, "app")
	is(t, "consent", err, storage.ErrNotFound)
	for id, want := range map[string]error{"g-app": storage.ErrSpent, "own-app": storage.ErrSpent, "g-app2": nil, "own-app2": nil} {
		_, err := s.Grant(bg(), byID(id), at(0))
		is(t, id, err, want)
	}
	_, err = s.RedeemCode(bg(), storage.GrantKey{CodeHash: "code-g-app"}, nil, at(0))
	is(t, "code", err, storage.ErrSpent)
	got(s.Consent(bg(), a.ID, "app2"))(t)
	is(t, "again", s.DeleteClient(bg(), "app", at(0)), storage.ErrNotFound)
}

func listClients(t *testing.T, s storage.Store) {
	for _, id := range []string{"b", "d", "a", "c"} {
		got(s.CreateClient(bg(), client(id), at(0)))(t)
	}
	for _, c := range []struct {
		after string
		limit int
		want  string
	}{{"", 10, "abcd"}, {"", 2, "ab"}, {"b", 2, "cd"}, {"bb", 1, "c"}, {"d", 5, ""}, {"", 0, ""}} {
		var have string
		for _, cl := range got(s.ListClients(bg(), c.after, c.limit))(t) {
			have += cl.ID
		}
		if have != c.want {
			t.Errorf("ListClients(%q, %d) = %q, want %q", c.after, c.limit, have, c.want)
		}
	}
}

func keyring() storage.Keyring {
	return storage.Keyring{
		Keys: []storage.SigningKey{{
			KID: "k", Alg: "ES256", PublicJWK: []byte(`{}`), Sealed: []byte("sealed"), SealKeyID: "s", PublishedAt: at(1), ActivatesAt: at(2),
			RetiresAt: at(3), GoneAt: at(4), RevokedAt: at(5), LongestToken: time.Hour,
		}, {KID: "next"}},
		Secrets: []storage.Secret{{ID: "x", Sealed: []byte("y"), SealKeyID: "s", CreatedAt: at(0)}},
	}
}

func swapKeyring(t *testing.T, s storage.Store) {
	eq(t, "never written", got(s.Keyring(bg()))(t), storage.Keyring{})
	in, want := keyring(), keyring()
	want.Revision = 1
	eq(t, "returned", got(s.SwapKeyring(bg(), in, at(0)))(t), want)
	in.Keys[0].Sealed[0], in.Secrets[0].ID = 'x', "spoilt"
	have := got(s.Keyring(bg()))(t)
	eq(t, "read", have, want)
	have.Keys[0].PublicJWK[0], have.Keys[1].KID = 'x', "spoilt"
	_, err := s.SwapKeyring(bg(), keyring(), at(0))
	is(t, "older revision", err, storage.ErrConflict)
	eq(t, "read again", got(s.Keyring(bg()))(t), want)
	eq(t, "emptied", got(s.SwapKeyring(bg(), storage.Keyring{Revision: 1}, at(0)))(t), storage.Keyring{Revision: 2})
}
