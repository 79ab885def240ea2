package account

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/provider/audit"
	"latchkey/storage"
)

func TestConsents(t *testing.T) {
	r := newRig(t)
	alice := r.alice().Account
	bob := must(r.SignUp(t.Context(), SignUp{Dialect: Platform, Username: "bob", Email: "bob@example.org", Password: "another password", Caller: here}))(t).Account
	if list := must(r.Consents(t.Context(), alice.ID))(t); len(list) != 0 {
		t.Errorf("got %v", list)
	}
	given := func(id int64, client string) storage.Consent {
		c := storage.Consent{AccountID: id, ClientID: client, Scopes: []string{"openid", "email"}, GrantedAt: r.clock}
		if err := r.store.PutConsent(t.Context(), c, r.clock); err != nil {
			t.Fatal(err)
		}
		g := storage.Grant{ID: client + "-" + string(rune('0'+id)), ClientID: client, AccountID: id, Offline: true, CreatedAt: r.clock, ExpiresAt: r.clock.Add(24 * time.Hour)}
		if err := r.store.CreateGrant(t.Context(), g, r.clock); err != nil {
			t.Fatal(err)
		}
		return c
	}
	notes, tides, others := given(alice.ID, "notes"), given(alice.ID, "tides"), given(bob.ID, "notes")
	if d := cmp.Diff([]storage.Consent{notes, tides}, must(r.Consents(t.Context(), alice.ID))(t)); d != "" {
		t.Error(d)
	}
	if err := r.RemoveConsent(t.Context(), alice.ID, "notes", here); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]storage.Consent{tides}, must(r.Consents(t.Context(), alice.ID))(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]storage.Consent{others}, must(r.Consents(t.Context(), bob.ID))(t)); d != "" {
		t.Errorf("somebody else's: %s", d)
	}
	for id, want := range map[string]error{"notes-1": storage.ErrSpent, "tides-1": nil, "notes-2": nil} {
		if _, err := r.store.Grant(t.Context(), storage.GrantKey{ID: id}, r.clock); !errors.Is(err, want) {
			t.Errorf("grant %s: %v", id, err)
		}
	}
	wantKind(t, r.RemoveConsent(t.Context(), alice.ID, "notes", here), Gone)
	wantKind(t, r.RemoveConsent(t.Context(), alice.ID, "", here), Gone)
	wantKind(t, r.RemoveConsent(t.Context(), 99, "tides", here), Gone)
	if n := r.heard(audit.ConsentRemoved); n != 1 {
		t.Fatalf("%d events", n)
	}
	if e := r.audit[len(r.audit)-1]; e.AccountID != alice.ID || e.ClientID != "notes" || e.Address != here.Address || e.RequestID != here.RequestID {
		t.Errorf("event %+v", e)
	}
}
