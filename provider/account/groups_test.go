package account

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"latchkey/provider/audit"
	"latchkey/storage"
)

func TestSetMember(t *testing.T) {
	r := newRig(t)
	a, err := r.store.CreateAccount(t.Context(), storage.Account{Sub: "s"}, storage.Effects{}, r.clock)
	if err != nil {
		t.Fatal(err)
	}
	set := func(group string, member bool) (storage.Account, error) {
		return r.SetMember(t.Context(), a.ID, group, member, Caller{})
	}
	for _, row := range []struct {
		group  string
		member bool
		want   []string
		events int
	}{
		{"staff", true, []string{"staff"}, 1},
		{"staff", true, []string{"staff"}, 1},
		{"admins", true, []string{"admins", "staff"}, 2},
		{"other", false, []string{"admins", "staff"}, 2},
		{"staff", false, []string{"admins"}, 3},
	} {
		got, err := set(row.group, row.member)
		n := 0
		for _, e := range r.audit {
			if e.Name == audit.GroupsChanged {
				n++
			}
		}
		if err != nil || !slices.Equal(got.Groups, row.want) || n != row.events {
			t.Errorf("%s %v: %v, %v, %d events", row.group, row.member, got.Groups, err, n)
		}
	}
	r.store.before = map[string]func(){"ReplaceAccount": func() { // somebody else writes in between
		other, err := r.store.Store.Account(t.Context(), storage.AccountKey{ID: a.ID})
		if err != nil {
			t.Fatal(err)
		}
		other.Groups = append(other.Groups, "between")
		if _, err := r.store.Store.ReplaceAccount(t.Context(), other, storage.Effects{}, r.clock); err != nil {
			t.Fatal(err)
		}
	}}
	if got, err := set("zoo", true); err != nil || !slices.Equal(got.Groups, []string{"admins", "between", "zoo"}) {
		t.Errorf("%v %v", got.Groups, err)
	}
	for i := range storage.MaxGroups - 3 {
		if _, err := set(fmt.Sprintf("g%02d", i), true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := set("more", true); !errors.Is(err, ErrGroups) {
		t.Errorf("%v", err)
	}
	if _, err := set("a,b", true); err == nil {
		t.Error("a name that is none")
	}
	if _, err := r.SetMember(t.Context(), 99, "staff", true, Caller{}); !isKind(err, Gone) {
		t.Errorf("%v", err)
	}
}

func isKind(err error, kind Kind) bool {
	refusal, ok := errors.AsType[*Refusal](err)
	return ok && refusal.Kind == kind
}
