package account

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// rig is the real service on the memory store, with a clock that is set by hand and cheap hashes.
type rig struct {
	*Service
	t     *testing.T
	store *ledger
	mu    sync.Mutex
	clock time.Time
	audit []audit.Event
}

// ledger is the memory store, writing down which verbs were used.
type ledger struct {
	*memory.Store
	mu  sync.Mutex
	ops []string
	// before runs before a verb, by its name.
	before map[string]func()
}

func (l *ledger) note(op string) {
	l.mu.Lock()
	l.ops = append(l.ops, op)
	hook := l.before[op]
	delete(l.before, op)
	l.mu.Unlock()
	if hook != nil {
		hook()
	}
}

func (l *ledger) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	ops := l.ops
	l.ops = nil
	return ops
}

func (l *ledger) Account(ctx context.Context, k storage.AccountKey) (storage.Account, error) {
	l.note("Account")
	return l.Store.Account(ctx, k)
}

func (l *ledger) CreateAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (storage.Account, error) {
	l.note("write")
	return l.Store.CreateAccount(ctx, a, with, now)
}

func (l *ledger) ReplaceAccount(ctx context.Context, a storage.Account, with storage.Effects, now time.Time) (storage.Account, error) {
	l.note("ReplaceAccount")
	return l.Store.ReplaceAccount(ctx, a, with, now)
}

func (l *ledger) CreateSession(ctx context.Context, s storage.Session, now time.Time) error {
	l.note("CreateSession")
	return l.Store.CreateSession(ctx, s, now)
}

func (l *ledger) QueueMail(ctx context.Context, m []storage.Mail, now time.Time) error {
	l.note("write")
	return l.Store.QueueMail(ctx, m, now)
}

func (l *ledger) ApplyEffects(ctx context.Context, id int64, with storage.Effects, now time.Time) error {
	l.note("ApplyEffects")
	return l.Store.ApplyEffects(ctx, id, with, now)
}

func (l *ledger) OneTime(ctx context.Context, k storage.OneTimeKey, now time.Time) (storage.OneTime, error) {
	l.note("OneTime")
	return l.Store.OneTime(ctx, k, now)
}

func (l *ledger) TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error) {
	l.note("TakeAttempts")
	return l.Store.TakeAttempts(ctx, limits, now)
}

func (l *ledger) ReturnAttempts(ctx context.Context, limits []storage.Limit, now time.Time) error {
	l.note("ReturnAttempts")
	return l.Store.ReturnAttempts(ctx, limits, now)
}

// openVault seals by putting a mark and the context before the plain text.
type openVault struct{}

func (openVault) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "\x00" + context + "\x00" + string(plain)), nil
}

func (openVault) Open(purpose, context string, sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), purpose+"\x00"+context+"\x00")
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return []byte(plain), nil
}

type testLinks struct{}

func (testLinks) Verify(token, flow string) string { return "https://id.test/verify#" + token }
func (testLinks) Reset(token string) string        { return "https://id.test/reset#" + token }
func (testLinks) Revoke(token string) string       { return "https://id.test/revoke#" + token }
func (testLinks) Mailed(link, token string) string { return "https://id.test/" + link + "#" + token }

func cheap() Config {
	c := Defaults()
	c.Hash.Memory, c.Hash.Passes, c.Hash.Slots, c.Hash.MaxWait = 8, 1, 2, 20*time.Second
	return c
}

func newRig(t *testing.T, edit ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, clock: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	r.store = &ledger{Store: memory.New(), before: map[string]func(){}}
	c := cheap()
	for _, e := range edit {
		e(&c)
	}
	var err error
	r.Service, err = New(c, Deps{
		Store: r.store, Outbox: r.store, Vault: openVault{}, Links: testLinks{}, Random: rand.Reader,
		Audit: audit.SinkFunc(func(_ context.Context, e audit.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.audit = append(r.audit, e)
		}),
		Now: func() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

func (r *rig) pass(d time.Duration) { r.mu.Lock(); r.clock = r.clock.Add(d); r.mu.Unlock() }

func (r *rig) heard(name audit.Name) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.audit {
		if e.Name == name {
			n++
		}
	}
	return n
}

var here = Caller{Address: "192.0.2.1", UserAgent: "test", RequestID: "req"}

func from(address string) Caller { return Caller{Address: address} }

// must fails the test on an error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// alice signs up through the platform from an address of her own.
func (r *rig) alice() SignedIn {
	r.t.Helper()
	return must(r.SignUp(r.t.Context(), SignUp{
		Dialect: Platform, Username: "Alice", Email: "Alice@Example.org", Password: "first password", Caller: from("198.51.100.200"),
		NoSession: r.config.Second.Required || len(r.config.Second.Groups) > 0, // or nobody could sign up without a page
	}))(r.t)
}

func (r *rig) signIn(login, password string, c Caller) (SignedIn, error) {
	return r.SignIn(r.t.Context(), Credentials{Dialect: Platform, Login: login, Password: password, Caller: c})
}

type letter struct {
	Kind string
	Letter
}

// courier does what the courier does, and returns what would be sent.
func (r *rig) courier() []letter {
	r.t.Helper()
	var out []letter
	for {
		r.mu.Lock()
		now := r.clock
		r.mu.Unlock()
		batch := must(r.store.LeaseMail(r.t.Context(), 10, now.Add(time.Minute), now))(r.t)
		if len(batch) == 0 {
			return out
		}
		for _, m := range batch {
			if mail := must(r.Expand(r.t.Context(), m))(r.t); mail {
				plain := must(openVault{}.Open(MailVaultPurpose, m.ID, m.Sealed))(r.t)
				l := letter{Kind: m.Kind}
				if err := json.Unmarshal(plain, &l.Letter); err != nil {
					r.t.Fatal(err)
				}
				out = append(out, l)
			}
			if err := r.store.FinishMail(r.t.Context(), m.ID, now); err != nil {
				r.t.Fatal(err)
			}
		}
	}
}

// token is what stands behind the # of the link of the one mail of that kind.
func (r *rig) mailed(kind string) (token string, l letter) {
	r.t.Helper()
	all := r.courier()
	i := slices.IndexFunc(all, func(l letter) bool { return l.Kind == kind })
	if i < 0 {
		r.t.Fatalf("no %s mail among %v", kind, all)
	}
	link := all[i].Link
	if kind == MailPasswordChanged {
		link = all[i].Undo
	}
	_, token, _ = strings.Cut(link, "#")
	return token, all[i]
}

func wantKind(t *testing.T, err error, k Kind) *Refusal {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Kind != k {
		t.Fatalf("got %v, want %s", err, k)
	}
	return r
}
