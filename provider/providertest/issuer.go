package providertest

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"latchkey/keys"
	"latchkey/provider"
	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/endpoint"
	"latchkey/provider/forward"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// URL is the issuer of every [Issuer] that says nothing else.
const URL = "https://id.example.test"

// unusedTTL is how long a client that registered itself lives unused.
const unusedTTL = 90 * 24 * time.Hour

// Password is that of everybody here.
const Password = "correct horse battery staple"

// Issuer is a whole issuer in memory.
type Issuer struct {
	T        testing.TB
	URL      string
	Clock    *Clock
	Store    storage.Store
	Watch    *Watch
	Keys     *keys.Rings
	Accounts *account.Service
	Registry *client.Registry
	Provider *provider.Provider
	Handler  http.Handler
	Edge     *serve.Edge
	// AtDoor counts what the edge answered before any handler.
	AtDoor atomic.Int64
	// Log is what the edge logged.
	Log *bytes.Buffer

	mu     sync.Mutex
	events []audit.Event
}

// Option changes an issuer before it is made.
type Option func(*options)

type options struct {
	config  provider.Config
	account account.Config
	clients []storage.Client
	store   func(storage.Store) storage.Store
	algs    []string
	ring    func() (storage.Keyring, error)
}

// Clients declares clients.
func Clients(c ...storage.Client) Option {
	return func(o *options) { o.clients = append(o.clients, c...) }
}

// Config changes the configuration.
func Config(f func(*provider.Config)) Option { return func(o *options) { f(&o.config) } }

// WrapStore puts something between the protocol and the store.
func WrapStore(f func(storage.Store) storage.Store) Option { return func(o *options) { o.store = f } }

// EveryAlg gives the issuer a ring for every algorithm.
func EveryAlg() Option {
	return func(o *options) { o.algs, o.ring = keys.Algorithms(), wholeRing }
}

// firstRing and wholeRing are made once: keys are dear.
var (
	firstRing = sync.OnceValues(func() (storage.Keyring, error) { return newRing(nil) })
	wholeRing = sync.OnceValues(func() (storage.Keyring, error) { return newRing(keys.Algorithms()) })
)

func newRing(algs []string) (storage.Keyring, error) {
	store, clock := memory.New(), NewClock()
	sealer, err := keys.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		return storage.Keyring{}, err
	}
	if _, err := keys.Open(context.Background(), keyConfig(clock, algs), store, sealer); err != nil {
		return storage.Keyring{}, err
	}
	return store.Keyring(context.Background())
}

func keyConfig(clock *Clock, algs []string) keys.Config {
	return keys.Config{Algs: algs, RotateEvery: 90 * 24 * time.Hour, PublishAhead: 48 * time.Hour, JWKSMaxAge: time.Hour, Skew: time.Minute,
		LongestToken: 30 * 24 * time.Hour, Now: clock.Now}
}

// New makes an issuer; it ends with the test.
func New(t testing.TB, opts ...Option) *Issuer {
	t.Helper()
	i := &Issuer{T: t, URL: URL, Clock: NewClock(), Watch: &Watch{}, Log: &bytes.Buffer{}}
	o := options{ring: firstRing, account: account.Defaults(), config: provider.Config{
		SignUpOpen: true,
		Issuer:     URL, RefreshGrace: 10 * time.Second, AccountTTL: time.Hour, Locales: []string{"en"},
		Tokens: token.Config{AccessAlg: "ES256", AccessTTL: 5 * time.Minute, IDTTL: time.Hour, RefreshTTL: 24 * time.Hour, CodeTTL: time.Minute},
	}}
	o.account.Hash = account.HashConfig{Memory: 8, Passes: 1, Lanes: 1, Slots: 1, MaxWaiting: 64, MaxWait: 10 * time.Second}
	for _, opt := range opts {
		opt(&o)
	}
	i.URL = o.config.Issuer
	i.open(&o)
	i.assemble(&o)
	return i
}

func (i *Issuer) must(err error) {
	i.T.Helper()
	if err != nil {
		i.T.Fatal(err)
	}
}

func (i *Issuer) open(o *options) {
	ctx, raw := i.T.Context(), memory.New()
	ring, err := o.ring()
	i.must(err)
	ring.Revision = 0
	_, err = raw.SwapKeyring(ctx, ring, Start)
	i.must(err)
	sealer, err := keys.NewSealer(bytes.Repeat([]byte{7}, 32))
	i.must(err)
	i.Keys, err = keys.Open(ctx, keyConfig(i.Clock, o.algs), raw, sealer)
	i.must(err)
	i.Store = i.Watch.wrap(raw)
	if o.store != nil {
		i.Store = o.store(i.Store)
	}
	i.Accounts, err = account.New(o.account, account.Deps{Store: i.Store, Outbox: i.Store, Vault: i.Keys, Links: links{}, Audit: audit.SinkFunc(i.record),
		Now: i.Clock.Now, Random: rand.Reader})
	i.must(err)
	i.T.Cleanup(i.Accounts.Close)
	i.Registry = client.NewRegistry(i.Store)
	i.Registry.Follow(client.Use{Store: i.Store, UnusedTTL: unusedTTL, Now: i.Clock.Now})
	i.Registry.Declare(o.clients)
}

func (i *Issuer) assemble(o *options) {
	edge, err := serve.New(serve.Config{Answered: func() { i.AtDoor.Add(1) }, Issuer: i.URL, Guest: forward.Guest(""), Proxies: o.config.Proxies, Logger: serve.NewLogger(i.Log, "json", slog.LevelInfo), Registry: prometheus.NewRegistry(), Now: i.Clock.Now})
	i.must(err)
	c := o.config
	c.Store, c.Keys, c.Clients, c.Account, c.CanStepUp = i.Store, i.Keys, i.Registry, i.Accounts, i.Accounts.CanStepUp
	c.Proved = i.Accounts.Proved
	c.JWKS = func() endpoint.Document {
		d := i.Keys.JWKS()
		return endpoint.Document{Body: d.Body, ETag: d.ETag, MaxAge: d.MaxAge}
	}
	c.JWKSFetched, c.MaxAge = i.Keys.NoteJWKSFetch, i.Keys.MaxAge
	c.SlowSecrets = func(context.Context, string, string) (bool, error) { return false, nil }
	c.Pages, c.Edge, c.Audit, c.Now = pages{}, edge, audit.SinkFunc(i.record), i.Clock.Now
	i.Provider, err = provider.New(c)
	i.must(err)
	i.Edge, i.Handler = edge, edge.Wrap(i.Provider.Mount(i.site()))
}

func (i *Issuer) record(_ context.Context, e audit.Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.events = append(i.events, e)
}

// Audited counts the events of that name.
func (i *Issuer) Audited(name audit.Name) (n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, e := range i.events {
		if e.Name == name {
			n++
		}
	}
	return n
}

// Person makes an account with [Password], without a session.
func (i *Issuer) Person(username string) storage.Account {
	i.T.Helper()
	out, err := i.Accounts.SignUp(i.T.Context(), account.SignUp{Dialect: account.Page, Username: username, Email: username + "@example.test",
		FullName: "Person " + username, Password: Password, NoSession: true})
	i.must(err)
	return out.Account
}

// Disable disables an account, and nothing else.
func (i *Issuer) Disable(a storage.Account) {
	i.T.Helper()
	a, err := i.Store.Account(i.T.Context(), storage.AccountKey{ID: a.ID})
	i.must(err)
	a.Disabled = true
	_, err = i.Store.ReplaceAccount(i.T.Context(), a, storage.Effects{}, i.Clock.Now())
	i.must(err)
}

// Doom makes an account one that is about to be deleted, and nothing else: its sessions and grants stay, as no deletion would leave them.
func (i *Issuer) Doom(a storage.Account) {
	i.T.Helper()
	a, err := i.Store.Account(i.T.Context(), storage.AccountKey{ID: a.ID})
	i.must(err)
	a.DeleteAt = i.Clock.Now().Add(time.Hour)
	_, err = i.Store.ReplaceAccount(i.T.Context(), a, storage.Effects{}, i.Clock.Now())
	i.must(err)
}

type links struct{}

func (links) Verify(token, _ string) string { return URL + "/verify?token=" + token }
func (links) Reset(token string) string     { return URL + "/reset?token=" + token }
func (links) Revoke(token string) string    { return URL + "/revoke?token=" + token }
func (links) Mailed(page, token string) string {
	return URL + "/" + page + "?token=" + token
}
