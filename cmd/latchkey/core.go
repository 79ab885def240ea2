package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/validator"
	"latchkey/keys"
	"latchkey/provider/account"
	"latchkey/provider/activity"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/fetch"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/storage/cache"
	"latchkey/storage/watch"
	"latchkey/web"
)

// core is what the server and the commands share: store, keys, accounts, clients.
type core struct {
	cfg      *config.Config
	log      *slog.Logger
	now      func() time.Time
	store    storage.Store // with metrics, spans and cache before the driver's
	rings    *keys.Rings
	registry *client.Registry
	// declared is what files declare, in force.
	declared *declaring
	fetcher  *fetch.Fetcher
	accounts *account.Service
	// activity is the record that people can read of their own account; endActivity waits until all of it is written.
	activity    *activity.Log
	endActivity func()
	// driver is the store without what is before it.
	driver opened
	// cache answers from memory while changes are told; nil where no other process has the store.
	cache *cache.Cache
	// mint makes tokens for tests of applications, in development mode; nil elsewhere.
	mint *validator.Mint
	// wake is told when mail was queued; the server sets its courier.
	wake atomic.Pointer[func()]
}

// coreOptions are what the server adds.
type coreOptions struct {
	// standby is called when another process has the store, before openCore waits for it. nil: do not wait.
	standby func()
	// away is called, with the reason, when the database cannot be reached, before openCore waits for it; nil: nobody wants to know.
	away func(error)
	// observe times and traces the store's verbs; may be nil.
	observe func(context.Context, string) (context.Context, func(error))
	sink    audit.Sink
	// derive computes password hashes; nil: this process does.
	derive account.Derive
}

// openCore opens the store, the keys and the account service. Close it.
func openCore(ctx context.Context, cfg *config.Config, log *slog.Logger, o coreOptions) (*core, error) {
	c := &core{cfg: cfg, log: log, now: clock(), declared: newDeclaring()}
	opened, err := openStore(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	c.driver = opened
	if c.store = opened.store; o.observe != nil {
		c.store = watch.Wrap(c.store, o.observe)
	}
	if opened.watch != nil {
		c.cache = cache.New(c.store, 0)
		c.store = c.cache
	}
	if err := c.open(ctx, o); err != nil {
		return nil, errors.Join(err, opened.store.Close())
	}
	return c, nil
}

func (c *core) open(ctx context.Context, o coreOptions) (err error) {
	sealer, err := sealer(c.cfg)
	if err != nil {
		return err
	}
	c.registry = client.NewRegistry(c.store)
	c.follow()
	if c.fetcher, err = newFetcher(c.cfg.Fetch); err != nil {
		return err
	}
	c.rings, err = keys.Open(ctx, keys.Config{
		Algs: c.cfg.Keys.Algorithms, RotateEvery: c.cfg.Keys.RotateEvery.D(), PublishAhead: c.cfg.Keys.PublishAhead.D(),
		JWKSMaxAge: c.cfg.Keys.JWKSMaxAge.D(), Skew: c.cfg.Keys.Skew.D(), LongestToken: longestToken(c.cfg), RSABits: c.cfg.Keys.RSABits,
		Now: c.now, Logger: c.log,
	}, c.store, sealer)
	if err != nil {
		return err
	}
	breaches, err := breachService(c.cfg)
	if err != nil {
		return err
	}
	party, err := c.passkeyParty()
	if err != nil {
		return err
	}
	rules := accountConfig(c.cfg)
	rules.Hash.Derive, rules.Hash.Away = o.derive, serve.Away
	c.accounts, err = account.New(rules, account.Deps{
		Passkeys: party,
		Breaches: breaches,
		Store:    c.store, Outbox: c.store, Vault: c.rings, Links: web.Links(c.cfg.Issuer), Audit: o.sink, Now: c.now, Random: rand.Reader,
		GroupsOf:    c.declared.directory.Of,
		SetupSecret: c.setupSecret(),
		Wake: func() {
			if f := c.wake.Load(); f != nil {
				(*f)()
			}
		},
	})
	if err != nil {
		return err
	}
	c.endActivity, err = c.startActivity()
	return err
}

// Close releases everything.
func (c *core) Close() error {
	c.accounts.Close()
	c.endActivity()
	return c.store.Close()
}

// sealer holds the key-encryption keys. In development mode the key's file is made where it is missing.
func sealer(cfg *config.Config) (*keys.Sealer, error) {
	text := []byte(cfg.Keys.SealingKey.Reveal())
	if len(text) == 0 && cfg.Dev {
		var err error
		if text, err = devSealingKey(cfg.Keys.SealingKeyFile); err != nil {
			return nil, err
		}
	}
	all := [][]byte{}
	for _, t := range append([]string{string(text)}, strings.Fields(cfg.Keys.PreviousSealingKeys.Reveal())...) {
		k, err := keys.ParseSealingKey([]byte(t))
		if err != nil {
			return nil, fmt.Errorf("keys.sealing_key: %w", err)
		}
		all = append(all, k)
	}
	return keys.NewSealer(all...)
}

func devSealingKey(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return text, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, err
	}
	text = []byte(keys.GenerateSealingKey() + "\n")
	return text, os.WriteFile(file, text, 0o600)
}

// longestToken is the longest lifetime of anything signed: keys stay published that long. Clients cannot go beyond it.
func longestToken(cfg *config.Config) time.Duration {
	api := cfg.Accounts.API
	longest := max(cfg.Tokens.AccessTTL, cfg.Tokens.IDTTL, api.Platform.TokenTTL, api.Session.TokenTTL, api.Simple.TokenTTL).D()
	for _, c := range cfg.Clients {
		longest = max(longest, c.AccessTokenTTL.D(), c.IDTokenTTL.D())
	}
	return longest
}

func accountConfig(cfg *config.Config) account.Config {
	a, c := cfg.Accounts, account.Defaults()
	c.MinPassword = map[account.Dialect]int{account.Platform: a.API.Platform.PasswordMinLength, account.Session: a.API.Session.PasswordMinLength,
		account.Simple: a.API.Simple.PasswordMinLength, account.Page: a.PasswordMinLength}
	if cfg.IsSet("accounts.password.min_length") {
		c.PasswordMinLength = a.PasswordMinLength
	}
	c.Hash.Memory, c.Hash.Passes, c.Hash.Lanes = uint32(a.Hash.Memory/1024), uint32(a.Hash.Passes), uint8(a.Hash.Lanes) // #nosec G115 -- bounded by the table of keys
	c.Hash.Slots, c.Hash.MaxWait = a.Hash.Slots, a.Hash.QueueWait.D()
	if limit := memoryLimit(); limit > 0 {
		c.Hash.MemoryBudget = limit / 4
		c.MaxPicturePixels = min(c.MaxPicturePixels, int(limit/64)) // decoding takes some 15 bytes a pixel at worst
	}
	c.SessionTTL = map[account.Dialect]time.Duration{
		account.Platform: a.API.Platform.TokenTTL.D(), account.Simple: a.API.Simple.TokenTTL.D(), account.Page: a.Session.TTL.D(),
		account.Session: max(a.API.Session.RefreshTTL, a.API.Session.TokenTTL).D(),
	}
	c.PersistentTTL, c.ResetTTL, c.VerifyTTL = a.Session.PersistentTTL.D(), a.ResetTTL.D(), a.VerifyTTL.D()
	window := a.Limits.Window.D()
	c.Limits.Pair = account.Budget{Max: a.Limits.PairFailures, Window: window}
	c.Limits.Account = account.Budget{Max: a.Limits.AccountFailures, Window: window}
	c.Limits.Address = account.Budget{Max: a.Limits.AddressAttempts, Window: window}
	c.Limits.Forgot = account.Budget{Max: a.Limits.ForgotMails, Window: window}
	c.MaxResume, c.MaxPicture = int(a.Files.ResumeMax), int(a.Files.PictureMax)
	c.PasswordMinBits, c.BreachClosed = a.NewPassword.MinBits, a.NewPassword.Breach.WhenAway == "closed"
	c.Lifecycle, c.Deletion = a.Lifecycle.Rules(c.Lifecycle, a.SignUp), a.Deletion.Rules()
	c.SignUpOpen, c.RequireVerified = a.SignUp == "open", a.RequireVerifiedEmail
	c.Second = a.SecondFactor.Rules(c.Second, cfg.Web.Brand, a.StepUpAge)
	return c
}

// auditLog writes every event as a line of its own. That of a token may wait a moment for others, as the line of its request does; every other is
// written before whatever it tells of is answered.
func auditLog(log *slog.Logger, also audit.Sink) audit.Sink {
	routine := serve.Routine(log)
	return audit.SinkFunc(func(ctx context.Context, e audit.Event) {
		also.Record(ctx, e)
		attrs := append(make([]slog.Attr, 0, 8), slog.String("event", string(e.Name)))
		add := func(name, v string) {
			if v != "" {
				attrs = append(attrs, slog.String(name, v))
			}
		}
		if e.AccountID != 0 {
			attrs = append(attrs, slog.Int64("account_id", e.AccountID))
		}
		add("client_id", e.ClientID)
		add("sid", e.SID)
		add("grant_id", e.GrantID)
		add("address", e.Address)
		if serve.RecordOf(ctx).ID != e.RequestID { // else the logger says it, with the trace
			add("request_id", e.RequestID)
		}
		add("detail", e.Detail)
		to := log
		if e.Name == audit.TokenIssued {
			to = routine
		}
		to.LogAttrs(ctx, slog.LevelInfo, "audit", attrs...)
	})
}
