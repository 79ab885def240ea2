package logout

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/storage"
)

const password = "correct horse battery staple"

type vault struct{}

func (vault) Seal(_, _ string, plain []byte) ([]byte, error) { return bytes.Clone(plain), nil }
func (vault) Open(_, _ string, sealed []byte) ([]byte, error) {
	return bytes.Clone(sealed), nil
}

type links struct{}

func (links) Verify(token, _ string) string { return "verify " + token }
func (links) Reset(token string) string     { return "reset " + token }
func (links) Revoke(token string) string    { return "revoke " + token }
func (links) Mailed(page, token string) string {
	return page + " " + token
}

// house is a dispatcher beside the rules of accounts.
type house struct {
	*rig
	accounts *account.Service
	ada      storage.Account
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{rig: newRig(t, always(200))}
	config := account.Defaults()
	config.Hash = account.HashConfig{Memory: 8, Passes: 1, Lanes: 1, Slots: 1, MaxWaiting: 64, MaxWait: time.Minute}
	var err error
	h.accounts, err = account.New(config, account.Deps{Store: h.store, Outbox: h.store, Vault: vault{}, Links: links{}, Audit: audit.Discard, Now: time.Now, Random: rand.Reader})
	h.must(err)
	in, err := h.accounts.SignUp(t.Context(), account.SignUp{Dialect: account.Page, Username: "ada_b", Email: "ada@example.test", Password: password, NoSession: true})
	h.must(err)
	h.ada = in.Account
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// signIn signs in with a browser, and from there with two applications of which one wants to be told.
func (h *house) signIn() string {
	h.t.Helper()
	ctx := h.t.Context()
	in, err := h.accounts.SignIn(ctx, account.Credentials{Dialect: account.Page, Login: "ada_b", Password: password})
	h.must(err)
	for _, change := range []storage.SessionChange{{AddClient: "a", AddNotify: "a"}, {AddClient: "b"}} {
		_, err = h.store.TouchSession(ctx, in.Session.SID, change, time.Now())
		h.must(err)
	}
	return in.Session.SID
}

// mailed is the token of the link in the next mail that has one of that kind.
func (h *house) mailed(kind string) string {
	h.t.Helper()
	ctx := h.t.Context()
	for range 3 {
		batch, err := h.store.LeaseMail(ctx, 10, time.Now().Add(time.Minute), time.Now())
		h.must(err)
		for _, m := range batch {
			isMail, err := h.accounts.Expand(ctx, m)
			h.must(err)
			var l account.Letter
			if isMail {
				h.must(json.Unmarshal(m.Sealed, &l))
			}
			for _, link := range []string{l.Link, l.Undo} {
				if token, ok := strings.CutPrefix(link, kind+" "); ok {
					return token
				}
			}
		}
	}
	h.t.Fatalf("no %s mail", kind)
	return ""
}

func (h *house) forgotten() string {
	h.t.Helper()
	h.must(h.accounts.ForgotPassword(h.t.Context(), "ada@example.test", account.Caller{}))
	return h.mailed("reset")
}

// TestEverywhere: whatever ends a session, the applications that it signed in to are told.
func TestEverywhere(t *testing.T) {
	type sids struct{ this, other string }
	for _, c := range []struct {
		name string
		do   func(ctx context.Context, h *house, s sids) error
		this bool // does this browser's session end?
		that bool // does the other's?
	}{
		{"sign-out", func(ctx context.Context, h *house, s sids) error {
			return h.accounts.SignOut(ctx, s.this, account.Caller{})
		}, true, false},
		{"a device signed out from the list", func(ctx context.Context, h *house, s sids) error {
			return h.accounts.EndSession(ctx, h.ada.ID, s.other, account.Caller{})
		}, false, true},
		{"all other devices signed out", func(ctx context.Context, h *house, s sids) error {
			_, err := h.accounts.EndOtherSessions(ctx, h.ada.ID, s.this, account.Caller{})
			return err
		}, false, true},
		{"sign out everywhere", func(ctx context.Context, h *house, _ sids) error {
			_, err := h.accounts.EndOtherSessions(ctx, h.ada.ID, "", account.Caller{})
			return err
		}, true, true},
		{"password changed", func(ctx context.Context, h *house, s sids) error {
			return h.accounts.ChangePassword(ctx, h.ada.ID, password, "another horse battery", s.this, account.Caller{})
		}, false, true},
		{"password reset", func(ctx context.Context, h *house, _ sids) error {
			_, err := h.accounts.ResetPassword(ctx, h.forgotten(), "another horse battery", account.Page, account.Caller{})
			return err
		}, true, true},
		{"it was not me", func(ctx context.Context, h *house, s sids) error {
			if err := h.accounts.ChangePassword(ctx, h.ada.ID, password, "another horse battery", s.this, account.Caller{}); err != nil {
				return err
			}
			return h.accounts.RevokeByMail(ctx, h.mailed("revoke"), account.Caller{})
		}, true, true},
		{"password set by an operator", func(ctx context.Context, h *house, _ sids) error {
			return h.accounts.SetPassword(ctx, h.ada.ID, "another horse battery", account.Caller{})
		}, true, true},
		{"account disabled", func(ctx context.Context, h *house, _ sids) error {
			_, err := h.accounts.SetDisabled(ctx, h.ada.ID, true, account.Caller{})
			return err
		}, true, true},
		{"account deleted", func(ctx context.Context, h *house, _ sids) error {
			return h.accounts.Delete(ctx, h.ada.ID, account.Caller{})
		}, true, true},
		{"somebody else signed in with the same browser", func(ctx context.Context, h *house, s sids) error {
			_, err := h.accounts.SignUp(ctx, account.SignUp{Dialect: account.Page, Username: "bob_b", Email: "bob@example.test", Password: password, NoSession: true})
			h.must(err)
			_, err = h.accounts.SignIn(ctx, account.Credentials{Dialect: account.Page, Login: "bob_b", Password: password, Replace: s.this})
			return err
		}, true, false},
		{"the same person proved again who they are", func(ctx context.Context, h *house, s sids) error {
			_, err := h.accounts.SignIn(ctx, account.Credentials{Dialect: account.Page, Login: "ada_b", Password: password, Replace: s.this})
			return err
		}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t)
				defer h.accounts.Close()
				s := sids{this: h.signIn(), other: h.signIn()}
				h.once()
				if got := h.tokens(); len(got) != 0 {
					t.Fatalf("told before anything ended: %v", got)
				}
				h.must(c.do(t.Context(), h, s))
				h.once()
				var want []string
				if c.this {
					want = append(want, "a|"+h.ada.Sub+"|"+s.this)
				}
				if c.that {
					want = append(want, "a|"+h.ada.Sub+"|"+s.other)
				}
				slices.Sort(want)
				got := h.tokens()
				slices.Sort(got)
				if !slices.Equal(got, want) {
					t.Errorf("told %v, want %v", got, want)
				}
			})
		})
	}
}

// TestExpired: a session that merely ran out tells nobody.
func TestExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.accounts.Close()
		sid := h.signIn()
		time.Sleep(365 * 24 * time.Hour)
		if err := h.accounts.SignOut(t.Context(), sid, account.Caller{}); err == nil {
			t.Error("there was one to end")
		}
		if _, err := h.store.Sweep(t.Context(), 100, time.Now()); err != nil {
			t.Fatal(err)
		}
		h.once()
		if got := h.tokens(); len(got) != 0 {
			t.Errorf("told %v", got)
		}
	})
}

// TestClientRemoved: who deletes a client has nothing sent to it any more.
func TestClientRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		defer h.accounts.Close()
		_, err := h.store.CreateClient(t.Context(), storage.Client{ID: "a", Registered: true}, time.Now())
		h.must(err)
		h.must(h.accounts.SignOut(t.Context(), h.signIn(), account.Caller{}))
		h.must(h.store.DeleteClient(t.Context(), "a", time.Now()))
		h.once()
		st, err := h.store.NoticeState(t.Context(), time.Now())
		if got := h.tokens(); len(got) != 0 || err != nil || st.Waiting != 0 {
			t.Errorf("told %v, waiting %+v %v", got, st, err)
		}
		if _, err := h.store.Client(t.Context(), "a"); !errors.Is(err, storage.ErrNotFound) {
			t.Error(err)
		}
	})
}
