package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"latchkey/e2e/harness"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/postgres"
)

// factored is how many people of a crowd there are to one who has two-step verification, a passkey and a security log.
const factored = 5

// since is when person i of a crowd set that up; until nothing of it expires.
func since(i int) time.Time { return time.Unix(1_767_000_000+int64(i), 0).UTC() }

var until = time.Unix(4_000_000_000, 0).UTC()

func crowdTOTP(i int) *storage.TOTP {
	return &storage.TOTP{Sealed: fmt.Appendf(nil, "sealed-%d", i), ConfirmedAt: since(i)}
}

func crowdPasskey(accountID int64, i int) storage.Passkey {
	return storage.Passkey{
		ID: fmt.Sprintf("passkey-%d", i), AccountID: accountID, Name: "Ångström's key", PublicKey: []byte("\xa5\x01\x00"), AAGUID: make([]byte, 16),
		Transports: []string{"internal", "hybrid"}, SignCount: int64(i%3) * 7, BackupEligible: true, BackedUp: i%2 == 0, UserVerified: true,
		CreatedAt: since(i), LastUsedAt: since(i).Add(time.Hour),
	}
}

func crowdEvents(accountID int64, i int) (list []storage.AccountEvent) {
	for n := range 2 {
		list = append(list, storage.AccountEvent{
			ID: fmt.Sprintf("%020d-%d", i, 1-n), AccountID: accountID, At: since(i), Name: "session.started", Detail: "passkey", SID: "sid", ClientID: harness.QuietID,
			Address: "198.51.100.7", UserAgent: "Mozilla/5.0", RequestID: "r", ExpiresAt: until,
		})
	}
	return list
}

func crowdCode(accountID int64, i int) storage.OneTime {
	return storage.OneTime{
		OneTimeKey: storage.OneTimeKey{Purpose: storage.PurposeRecoveryCode, Hash: fmt.Sprint("code-", i)}, AccountID: accountID, Data: []byte("1"),
		CreatedAt: since(i), ExpiresAt: until,
	}
}

func crowdConsent(accountID int64, i int) storage.Consent {
	return storage.Consent{AccountID: accountID, ClientID: "used", Scopes: []string{"openid"}, GrantedAt: since(i), UsedAt: since(i).Add(time.Hour)}
}

// withFactors gives person i what one in [factored] has, and returns the records of it.
func withFactors(a storage.Account, i int) (list []storage.Item) {
	if i%factored != 0 {
		return []storage.Item{a}
	}
	a.TOTP, a.TermsVersion, a.TermsAt = crowdTOTP(i), "2026-01", since(i)
	list = append(list, a, crowdConsent(a.ID, i), crowdPasskey(a.ID, i), crowdCode(a.ID, i))
	for _, e := range crowdEvents(a.ID, i) {
		list = append(list, e)
	}
	return list
}

// roles is what of a store it takes to see that.
type roles interface {
	storage.Accounts
	storage.Passkeys
	storage.Events
	storage.Consents
	storage.OneTimes
	storage.Upkeep
}

// checkFactors looks for what people of a crowd of n have, and closes the store. codes: recovery codes are there, too.
func checkFactors(t *testing.T, s roles, n int, codes bool) {
	t.Helper()
	ctx, now := context.Background(), time.Now()
	defer func() { check(t, s.Close()) }()
	same := func(what string, have, want any) {
		t.Helper()
		if d := cmp.Diff(want, have, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got)\n%s", what, d)
		}
	}
	stats, err := s.Stats(ctx)
	check(t, err)
	people := int64((n + factored - 1) / factored)
	same("passkeys", stats["passkeys"], people)
	if stats["events"] < 2*people { // beside what the server wrote
		t.Errorf("%d events of %d people", stats["events"], people)
	}
	for i := 0; i < n; i += max(factored, n/50/factored*factored) {
		a, err := s.Account(ctx, storage.AccountKey{UsernameKey: fmt.Sprint("person-", i)})
		check(t, err)
		same("authenticator app", a.TOTP, crowdTOTP(i))
		same("terms", []any{a.TermsVersion, a.TermsAt}, []any{"2026-01", since(i)})
		passkeys, err := s.ListPasskeys(ctx, a.ID)
		check(t, err)
		same("passkey", passkeys, []storage.Passkey{crowdPasskey(a.ID, i)})
		if shown := crowdPasskey(a.ID, i).SignCount; shown > 0 {
			_, err = s.TouchPasskey(ctx, a.ID, passkeys[0].ID, storage.PasskeyChange{Used: true, SignCount: shown}, now)
			if !errors.Is(err, storage.ErrConflict) {
				t.Errorf("a counter of before: %v", err)
			}
		}
		events, err := s.ListEvents(ctx, storage.EventQuery{AccountID: a.ID, Limit: storage.EventsListed}, now)
		check(t, err)
		same("security log", events, crowdEvents(a.ID, i))
		consent, err := s.Consent(ctx, a.ID, "used")
		check(t, err)
		same("consent", consent, crowdConsent(a.ID, i))
		list, err := s.ListOneTimes(ctx, a.ID, storage.PurposeRecoveryCode, now)
		check(t, err)
		var want []storage.OneTime
		if codes {
			want = []storage.OneTime{crowdCode(a.ID, i)}
		}
		same("recovery codes", list, want)
	}
}

// boltAt is a bolt store that no server has.
func boltAt(t *testing.T, path string) roles {
	t.Helper()
	s, err := bolt.OpenAlone(context.Background(), path)
	check(t, err)
	return s
}

// postgresAt is a store in a database.
func postgresAt(t *testing.T, url string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(context.Background(), postgres.Options{URL: url})
	check(t, err)
	return s
}

// keptFactors gives an account second factors, and returns what has a replica write the account and sees that they stay as they were.
func keptFactors(t *testing.T, r *harness.Replicas) func(who string, i int) {
	t.Helper()
	ctx, now := context.Background(), time.Now()
	r.SignUp(t, "guarded", "guarded@example.test", "s3cret!")
	token := r.At(0).Must(t, "POST", "/api/login", object{"username": "guarded", "password": "s3cret!"}, nil).Want(t, 200).S("token")
	s := postgresAt(t, r.Database)
	defer func() { check(t, s.Close()) }()
	a, err := s.Account(ctx, storage.AccountKey{UsernameKey: "guarded"})
	check(t, err)
	a.TOTP, a.TermsVersion, a.TermsAt = crowdTOTP(1), "2026-01", since(1)
	with := storage.Effects{Put: []storage.OneTime{crowdCode(a.ID, 1)}}
	_, err = s.ReplaceAccount(ctx, a, with, now)
	check(t, err)
	check(t, s.CreatePasskey(ctx, crowdPasskey(a.ID, 1), storage.Effects{}, now))
	check(t, s.AppendEvents(ctx, crowdEvents(a.ID, 1), now))
	check(t, s.PutConsent(ctx, crowdConsent(a.ID, 1), now))
	check(t, s.UseConsent(ctx, a.ID, "used", crowdConsent(a.ID, 1).UsedAt))
	return func(who string, i int) {
		t.Helper()
		r.At(i).Must(t, "POST", "/api/update_profile", object{"full_name": who}, harness.Bearer(token)).Want(t, 200)
		s := postgresAt(t, r.Database)
		defer func() { check(t, s.Close()) }()
		is, err := s.Account(ctx, storage.AccountKey{ID: a.ID})
		check(t, err)
		passkey, err := s.Passkey(ctx, crowdPasskey(a.ID, 1).ID)
		check(t, err)
		consent, err := s.Consent(ctx, a.ID, "used")
		check(t, err)
		events, err := s.ListEvents(ctx, storage.EventQuery{AccountID: a.ID, Before: crowdEvents(a.ID, 1)[0].ID + "z", Limit: 2}, now)
		check(t, err)
		have := []any{is.FullName, is.TOTP, is.TermsVersion, is.TermsAt, passkey, consent, events}
		want := []any{who, crowdTOTP(1), "2026-01", since(1), crowdPasskey(a.ID, 1), crowdConsent(a.ID, 1), crowdEvents(a.ID, 1)}
		if d := cmp.Diff(want, have, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got)\n%s", who, d)
		}
	}
}
