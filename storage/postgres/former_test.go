package postgres

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

// without lists a record's columns as a version does that does not know some of them.
func without[T any](walk func(*T) columns, unknown ...string) func(*T) columns {
	return func(r *T) columns {
		return slices.DeleteFunc(walk(r), func(c column) bool {
			return slices.Contains(unknown, c.name[strings.LastIndex(c.name, ".")+1:])
		})
	}
}

// former is a store as the versions before migration 5 have it.
func former(t *testing.T, url string) *Store {
	t.Helper()
	s := openAt(t, Options{URL: url})
	factors := []string{"totp_sealed", "totp_confirmed_at", "terms_version", "terms_at", "delete_at"}
	s.t.accounts = tableOf("accounts", without(accountColumns, factors...))
	s.t.people = tableOf("", without(personColumns, factors...))
	s.t.clients = tableOf("clients", without(clientColumns, "second_factor"))
	s.t.consents = tableOf("consents", without(consentColumns, "used_at"))
	s.t.grants = tableOf("grants", without(grantColumns, "code_named"))
	s.t.standings = tableOf("", without(standingColumns, append(factors, "code_named")...))
	return s
}

// TestFormerVersionBeside: what the version before does not know outlives its writes, and goes where it removes what it belongs to.
func TestFormerVersionBeside(t *testing.T) {
	ctx, url := t.Context(), migrated(t)
	s, old := openAt(t, Options{URL: url}), former(t, url)
	totp := func() *storage.TOTP { return &storage.TOTP{Sealed: []byte("sealed"), ConfirmedAt: at(0)} }
	a := got(s.CreateAccount(ctx, storage.Account{
		Sub: "a", PasswordHash: "first", TOTP: totp(), TermsVersion: "2031", TermsAt: at(0), DeleteAt: at(time.Hour), CreatedAt: at(0), UpdatedAt: at(0),
	}, storage.Effects{}, at(0)))(t)
	must(t, s.CreatePasskey(ctx, storage.Passkey{ID: "p", AccountID: a.ID, SignCount: 7, CreatedAt: at(0)}, storage.Effects{}, at(0)))
	must(t, s.AppendEvents(ctx, []storage.AccountEvent{{AccountID: a.ID, ID: "e", ExpiresAt: at(time.Hour)}}, at(0)))
	must(t, s.PutConsent(ctx, storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"openid"}, GrantedAt: at(0)}, at(0)))
	must(t, s.UseConsent(ctx, a.ID, "app", at(time.Minute)))
	c := got(s.CreateClient(ctx, storage.Client{ID: "app", SecondFactor: true}, at(0)))(t)

	seen := got(old.Account(ctx, storage.AccountKey{ID: a.ID}))(t)
	if seen.TOTP != nil || seen.TermsVersion != "" || !seen.DeleteAt.IsZero() {
		t.Fatalf("that is no version before: %+v", seen)
	}
	seen.PasswordHash = "second"
	got(old.ReplaceAccount(ctx, seen, storage.Effects{}, at(time.Second)))(t)
	must(t, old.PutFile(ctx, a.ID, storage.FileResume, storage.FileInfo{ID: "f", UploadedAt: at(0)}, []byte("x"), at(time.Second)))
	now := got(s.Account(ctx, storage.AccountKey{ID: a.ID}))(t)
	equal(t, "what it wrote", now.PasswordHash, "second")
	equal(t, "authenticator app", string(now.TOTP.Sealed), "sealed")
	equal(t, "confirmed", now.TOTP.ConfirmedAt, at(0))
	equal(t, "terms", now.TermsVersion, "2031")
	equal(t, "accepted", now.TermsAt, at(0))
	equal(t, "deletion", now.DeleteAt, at(time.Hour))
	_, err := s.ReplaceAccount(ctx, a, storage.Effects{}, at(time.Second))
	if err == nil {
		t.Error("a write over one of the version before")
	}

	must(t, old.PutConsent(ctx, storage.Consent{AccountID: a.ID, ClientID: "app", Scopes: []string{"email"}, GrantedAt: at(time.Second)}, at(time.Second)))
	consent := got(s.Consent(ctx, a.ID, "app"))(t)
	equal(t, "scopes", strings.Join(consent.Scopes, " "), "openid email")
	equal(t, "last use", consent.UsedAt, at(time.Minute))
	plain := got(old.Client(ctx, "app"))(t)
	plain.Name = "Renamed"
	got(old.ReplaceClient(ctx, plain, at(time.Second)))(t)
	client := got(s.Client(ctx, "app"))(t)
	equal(t, "client", client.Name, "Renamed")
	equal(t, "which wants a second factor", client.SecondFactor, c.SecondFactor)

	b := got(old.CreateAccount(ctx, storage.Account{Sub: "b"}, storage.Effects{}, at(0)))(t)
	if made := got(s.Account(ctx, storage.AccountKey{ID: b.ID}))(t); made.TOTP != nil || made.TermsVersion != "" || !made.TermsAt.IsZero() || !made.DeleteAt.IsZero() {
		t.Errorf("an account of the version before: %+v", made)
	}
	equal(t, "passkeys before", got(s.Stats(ctx))(t)["passkeys"], 1)
	must(t, old.DeleteAccount(ctx, a.ID, storage.Effects{}, at(time.Second)))
	stats := got(s.Stats(ctx))(t)
	equal(t, "passkeys of who is gone", stats["passkeys"], 0)
	equal(t, "events of who is gone", stats["events"], 0)
}

// TestCodesOfVersionsBeside: each redeems the codes of the other, though the one knows them by their hash alone.
func TestCodesOfVersionsBeside(t *testing.T) {
	ctx, url := t.Context(), migrated(t)
	s, old := openAt(t, Options{URL: url}), former(t, url)
	a := got(s.CreateAccount(ctx, storage.Account{Sub: "a", CreatedAt: at(0), UpdatedAt: at(0)}, storage.Effects{}, at(0)))(t)
	g := storage.Grant{ID: "new", ClientID: "app", AccountID: a.ID, CreatedAt: at(0), ExpiresAt: at(time.Hour), Code: &storage.Code{Hash: "h-new", Named: true, ExpiresAt: at(time.Minute)}}
	must(t, s.CreateGrant(ctx, g, at(0)))
	byHash := storage.GrantKey{CodeHash: "h-new"}
	equal(t, "what its code stands on", got(old.Standing(ctx, storage.StandingKey{Grant: byHash}, at(0)))(t).Grant.ID, "new")
	equal(t, "redeemed by the version before", got(old.RedeemCode(ctx, byHash, nil, at(1)))(t).ID, "new")
	both := storage.GrantKey{ID: "new", CodeHash: "h-new"}
	if _, err := s.RedeemCode(ctx, both, nil, at(2)); !errors.Is(err, storage.ErrSpent) {
		t.Errorf("a replay: %v", err)
	}
	equal(t, "and named as before", got(s.Grant(ctx, both, at(2)))(t).Code.Named, true)

	g.ID, g.Code = "old", &storage.Code{Hash: "h-old", ExpiresAt: at(time.Minute)}
	must(t, old.CreateGrant(ctx, g, at(0)))
	equal(t, "a code of the version before", got(s.Standing(ctx, storage.StandingKey{Grant: storage.GrantKey{CodeHash: "h-old"}}, at(0)))(t).Grant.ID, "old")
	equal(t, "is not named", got(s.RedeemCode(ctx, storage.GrantKey{CodeHash: "h-old"}, nil, at(1)))(t).Code.Named, false)
}
