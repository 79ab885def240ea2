package bolt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

// schema1 is a store that a Latchkey of schema 1 wrote, with a record of each kind.
func schema1(t *testing.T) []byte {
	t.Helper()
	return unpacked(t, "schema1.db.gz")
}

func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func oldAccount() storage.Account {
	years, now := 7, day()
	return storage.Account{
		ID: 2, Sub: "sub-ada", Username: "Ada", UsernameKey: "ada", Email: "Ada@example.com", EmailKey: "ada@example.com", EmailVerified: true,
		FullName: "Ada L", FirstName: "Ada", LastName: "L", Phone: "+4912345", ExperienceYears: &years, Skills: []string{"go", "sql"}, Locale: "de-AT",
		PasswordHash: "$argon2id$x", PasswordHistory: []string{"$argon2id$x"}, PasswordSetAt: now, CreatedAt: now, UpdatedAt: now, Version: 2,
		Resume: &storage.FileInfo{ID: "f", Filename: "cv.pdf", ContentType: "application/pdf", Size: 7, UploadedAt: now},
	}
}

func oldEnd() time.Time { return day().Add(1000 * time.Hour) }

func oldSession() storage.Session {
	now := day()
	return storage.Session{
		SID: "s", SecretHash: "secret", AccountID: 2, AuthTime: now, AMR: []string{"pwd"}, ACR: "1", Kind: "page", UserAgent: "Browser",
		Address: "192.0.2.1", CreatedAt: now, LastSeenAt: now, ExpiresAt: oldEnd(), Persistent: true, Clients: []string{"web"},
	}
}

func oldGrant() storage.Grant {
	now, end := day(), oldEnd()
	return storage.Grant{
		ID: "g", ClientID: "web", AccountID: 2, SID: "s", Scopes: []string{"openid"}, Resources: []string{"https://api.example.com"}, Nonce: "n",
		AuthTime: now, AMR: []string{"pwd"}, ACR: "1", Claims: []byte(`{}`), Confirmation: []byte(`{"jkt":"x"}`), Offline: true,
		Code: &storage.Code{
			Hash: "code", RedirectURI: "https://app.example.com/cb", RedirectURISent: true, Challenge: "c", ChallengeMethod: "S256", ExpiresAt: end,
		},
		Refresh: &storage.Refresh{Generation: 3, RotatedAt: now, ExpiresAt: end}, CreatedAt: now, ExpiresAt: end,
	}
}

func oldClient(id string) storage.Client {
	now, kind := day(), "web"
	if id == "native" {
		kind = "native"
	}
	return storage.Client{
		ID: id, Name: "App", URI: "https://a", LogoURI: "https://l", PolicyURI: "https://p", TOSURI: "https://t", Contacts: []string{"c"},
		RedirectURIs: []string{"https://" + id + ".example.com/cb"}, PostLogoutRedirectURIs: []string{"https://a/out"}, ApplicationType: kind,
		AuthMethod: "client_secret_basic", Secrets: []storage.ClientSecret{{ID: "1", Hash: "sha256:00", CreatedAt: now, ExpiresAt: oldEnd()}, {ID: "2"}},
		GrantTypes: []string{"authorization_code"}, ResponseTypes: []string{"code"}, ResponseModes: []string{"query"}, Scopes: []string{"openid"},
		Audiences: []string{"https://api"}, DefaultAudience: "https://api", PKCEExempt: true, SkipConsent: true, AccountClaims: true,
		IDTokenAlg: "ES256", AccessTokenAlg: "EdDSA", AccessTokenTTL: 1, IDTokenTTL: 2, RefreshTokenTTL: time.Hour, Disabled: id == "off",
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
}

// TestAStoreOfSchema1 reads every record of the former layout, writes to the store, and opens it again.
func TestAStoreOfSchema1(t *testing.T) {
	ctx, now := context.Background(), day()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, schema1(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, path)
	same := func(what string, want any, have any, err error) {
		t.Helper()
		if d := cmp.Diff(want, have); err != nil || d != "" {
			t.Errorf("%s: %v (-want +got)\n%s", what, err, d)
		}
	}
	readOld := func() {
		t.Helper()
		a, err := s.Account(ctx, storage.AccountKey{UsernameKey: "ada"})
		same("account", oldAccount(), a, err)
		_, content, err := s.File(ctx, 2, storage.FileResume)
		same("file", "content", string(content), err)
		se, err := s.Session(ctx, "s", now)
		same("session", oldSession(), se, err)
		g, err := s.Grant(ctx, storage.GrantKey{CodeHash: "code"}, now)
		same("grant", oldGrant(), g, err)
		o, err := s.OneTime(ctx, storage.OneTimeKey{Purpose: storage.PurposeReset, Hash: "o"}, now)
		same("one-time token", "data", string(o.Data), err)
		consent, err := s.Consent(ctx, 2, "web")
		same("consent", []string{"openid"}, consent.Scopes, err)
		denied, err := s.Denied(ctx, "jti", now)
		same("denial", true, denied, err)
		k, err := s.Keyring(ctx)
		same("keyring", int64(1), k.Revision, err)
		box, err := s.OutboxState(ctx, now)
		same("outbox", storage.OutboxState{Waiting: 1, Oldest: now}, box, err)
		for id, origin := range map[string]bool{"web": true, "off": false, "native": false} {
			c, err := s.Client(ctx, id)
			same("client "+id, oldClient(id), c, err)
			has, err := s.HasClientOrigin(ctx, "https://"+id+".example.com")
			same("origin of "+id, origin, has, err)
		}
		if err := s.Verify(ctx); err != nil {
			t.Error(err)
		}
	}
	readOld()
	closeStore(t, s)
	s = openAt(t, path) // now of this schema
	readOld()
	if _, err := s.TouchSession(ctx, "s", storage.SessionChange{AddNotify: "web"}, now); err != nil {
		t.Error(err)
	}
	if _, err := s.EndSessions(ctx, storage.EndScope{SID: "s"}, now); err != nil {
		t.Error(err)
	}
	n, err := s.ListNotices(ctx, 2, now)
	same("notices", []storage.LogoutNotice{{
		NoticeKey: storage.NoticeKey{SID: "s", ClientID: "web"}, AccountID: 2, Sub: "sub-ada", EndedAt: now, NotBefore: now,
	}}, n, err)
	if _, err := s.RegisterClient(ctx, storage.Client{ID: "own"}, "", 1, now); err != nil {
		t.Errorf("the first of a quota of 1: %v", err)
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
	closeStore(t, s)
}

// A damaged row must not keep the others from being brought to this schema.
func TestADamagedStoreOfSchema1(t *testing.T) {
	damaged := bytes.ReplaceAll(schema1(t), []byte("https://off.example.com"), []byte("https://0ff.example.com"))
	s := tryOpen(t, damaged)
	if s == nil {
		t.Fatal("not opened")
	}
	defer closeStore(t, s)
	_, err := s.Client(context.Background(), "off")
	oneLine(t, err, storage.ErrCorrupt)
	if has, err := s.HasClientOrigin(context.Background(), "https://web.example.com"); !has || err != nil {
		t.Errorf("origin of another client: %t, %v", has, err)
	}
}
