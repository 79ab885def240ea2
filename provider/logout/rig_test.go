package logout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// secret stands in every logout token here; it must not get anywhere but to the client.
const secret = "signed-and-secret"

// clients finds by ID.
type clients map[string]storage.Client

func (c clients) Client(_ context.Context, id string) (storage.Client, error) {
	if id == "unreadable" {
		return storage.Client{}, storage.ErrUnavailable
	}
	found, ok := c[id]
	if !ok {
		return found, client.ErrUnknown
	}
	return found, nil
}

// tokens makes tokens that can be read.
type tokens struct{}

func (tokens) LogoutToken(_ context.Context, c storage.Client, sub, sid string) (string, error) {
	if c.ID == "unsignable" {
		return "", errors.New("no key")
	}
	return strings.Join([]string{secret, c.ID, sub, sid}, "|"), nil
}

// poster answers as the client whose address is asked for.
type poster func(ctx context.Context, to string, form url.Values) (int, error)

func (p poster) Post(ctx context.Context, uri, contentType string, body []byte) (int, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil || contentType != "application/x-www-form-urlencoded" {
		return 0, fmt.Errorf("%s: %w", contentType, err)
	}
	return p(ctx, uri, form)
}

// rig is a dispatcher over the memory store, on the clock of a synctest bubble.
type rig struct {
	*Dispatcher
	t       *testing.T
	store   *memory.Store
	clients clients
	log     *bytes.Buffer
	logger  *slog.Logger

	mu      sync.Mutex
	posted  []string // the tokens that were posted, without what is the same in all
	events  []audit.Event
	account storage.Account
}

func newRig(t *testing.T, answer poster, change ...func(*Config)) *rig {
	t.Helper()
	r := &rig{t: t, store: memory.New(), log: &bytes.Buffer{}, clients: clients{}}
	r.logger = slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	for _, id := range []string{"a", "b", "unsignable"} {
		r.clients[id] = storage.Client{ID: id, BackchannelLogoutURI: "https://" + id + ".example/bc"}
	}
	r.clients["no-address"] = storage.Client{ID: "no-address"}
	var err error
	r.account, err = r.store.CreateAccount(t.Context(), storage.Account{Sub: "sub-1", Username: "ada", UsernameKey: "ada"}, storage.Effects{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r.Dispatcher = r.another(answer, change...)
	return r
}

// another is a dispatcher on the same queue, as after a restart or in another process.
func (r *rig) another(answer poster, change ...func(*Config)) *Dispatcher {
	r.t.Helper()
	config := Defaults()
	for _, f := range change {
		f(&config)
	}
	d, err := New(config, Deps{
		Notices: r.store, Clients: r.clients, Tokens: tokens{}, Now: time.Now, Audit: audit.SinkFunc(func(_ context.Context, e audit.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.events = append(r.events, e)
		}),
		Fetcher: poster(func(ctx context.Context, to string, form url.Values) (int, error) {
			r.mu.Lock()
			r.posted = append(r.posted, strings.TrimPrefix(form.Get("logout_token"), secret+"|"))
			r.mu.Unlock()
			return answer(ctx, to, form)
		}),
		Log: r.logger,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// end ends a session that these clients want to be told of.
func (r *rig) end(sid string, notify ...string) {
	r.t.Helper()
	now := time.Now()
	err := r.store.CreateSession(r.t.Context(), storage.Session{SID: sid, AccountID: r.account.ID, ExpiresAt: now.Add(time.Hour), Clients: notify, Notify: notify}, now)
	if err == nil {
		_, err = r.store.EndSessions(r.t.Context(), storage.EndScope{SID: sid}, now)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// once is one round.
func (r *rig) once() {
	r.t.Helper()
	if _, err := r.Once(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// notice is the record of one.
func (r *rig) notice(sid, clientID string) storage.LogoutNotice {
	r.t.Helper()
	list, err := r.store.ListNotices(r.t.Context(), r.account.ID, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, n := range list {
		if n.SID == sid && n.ClientID == clientID {
			return n
		}
	}
	r.t.Fatalf("no notice %s %s", sid, clientID)
	return storage.LogoutNotice{}
}

func (r *rig) tokens() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.posted...)
}

// start runs the dispatcher until the test ends or stop is called.
func (r *rig) start(d *Dispatcher) (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		if err := d.Run(ctx); err != nil {
			r.t.Error(err)
		}
	}()
	return func() {
		cancel()
		<-over
	}
}

func always(status int) poster {
	return func(context.Context, string, url.Values) (int, error) { return status, nil }
}
