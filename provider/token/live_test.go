package token

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

// standing is a store of one of each.
type standing struct {
	grant   storage.Grant
	session storage.Session
	account storage.Account
	denied  string
	fault   error
}

func (s standing) Standing(_ context.Context, key storage.StandingKey, _ time.Time) (st storage.Standing, err error) {
	st.Denied, st.Live = key.JTI == s.denied, key.SID != "" && key.SID == s.session.SID
	if key.Grant.ID != "" {
		if key.Grant.ID != s.grant.ID {
			return storage.Standing{}, storage.ErrNotFound
		}
		st.Grant, key.Account.ID = s.grant, s.grant.AccountID
	}
	if key.Account.ID != 0 && key.Account.ID == s.account.ID || key.Account.Sub != "" && key.Account.Sub == s.account.Sub {
		st.Account = s.account
	}
	return st, s.fault
}

func TestLive(t *testing.T) {
	app := storage.Client{ID: "app", SubjectType: Pairwise}
	alice := storage.Account{ID: 7, Sub: "alice"}
	g := storage.Grant{ID: "g", AccountID: 7, Claims: []byte("{}")}
	own := storage.Grant{ID: "own"}
	s := storage.Session{SID: "sid", AccountID: 7}
	api := storage.Client{ID: AccountClientID}
	for _, c := range []struct {
		name  string
		token Access
		store standing
		want  Standing
		err   error
	}{
		{"OpenID Connect Core §8.1 by the grant, whatever sub is", Access{ID: "g.x", ClientID: "app", Subject: "pairwise"}, standing{grant: g, account: alice}, Standing{Account: alice, Grant: g, Client: app}, nil},
		{"OpenID Connect Core §8.1 sub of another account", Access{ID: "g.x", ClientID: "app", Subject: "bob"}, standing{grant: g, account: alice}, Standing{Account: alice, Grant: g, Client: app}, nil},
		{"a grant of a client for itself", Access{ID: "own.x", ClientID: "app", Subject: "app"}, standing{grant: own, account: alice}, Standing{Grant: own, Client: app}, nil},
		{"a grant that is gone", Access{ID: "g.x", ClientID: "app", Subject: "alice"}, standing{account: alice}, Standing{}, ErrEnded},
		{"RFC 7009 §2.1 a grant that was revoked", Access{ID: "g.x", ClientID: "app"}, standing{grant: g, account: alice, fault: storage.ErrSpent}, Standing{}, ErrEnded},
		{"RFC 7009 §2.2 a token that was revoked", Access{ID: "g.x", ClientID: "app"}, standing{grant: g, account: alice, denied: "g.x"}, Standing{}, ErrEnded},
		{"a store that is away", Access{ID: "g.x", ClientID: "app"}, standing{grant: g, account: alice, fault: storage.ErrUnavailable}, Standing{}, storage.ErrUnavailable},
		{"an account that is gone", Access{ID: "g.x", ClientID: "app"}, standing{grant: g}, Standing{}, ErrEnded},
		{"an account that is disabled", Access{ID: "g.x", ClientID: "app"}, standing{grant: g, account: storage.Account{ID: 7, Disabled: true}}, Standing{}, ErrEnded},
		{"a client that is gone", Access{ID: "g.x", ClientID: "gone"}, standing{grant: g, account: alice}, Standing{}, ErrEnded},
		{"the account API by session", Access{ID: "x", ClientID: AccountClientID, Subject: "alice", SID: "sid"}, standing{session: s, account: alice}, Standing{Account: alice, Client: api}, nil},
		{"the account API, session ended", Access{ID: "x", ClientID: AccountClientID, Subject: "alice", SID: "old"}, standing{session: s, account: alice}, Standing{}, ErrEnded},
		{"RFC 9068 §2.2 a client for itself", Access{ID: "x", ClientID: "app", Subject: "app"}, standing{account: alice}, Standing{Client: app}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			live := Live{Store: c.store, Now: func() time.Time { return now }, Client: func(_ context.Context, id string) (storage.Client, error) {
				if id != app.ID {
					return storage.Client{}, storage.ErrNotFound
				}
				return app, nil
			}}
			got, err := live.Check(t.Context(), c.token)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
