package account

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/passkey"
	"latchkey/provider/password"
	"latchkey/provider/picture"
	"latchkey/storage"
)

// Service is the rules of accounts. Its verbs return a [*Refusal] where the person may know the reason; any other error is a fault.
// It is safe for concurrent use.
type Service struct {
	config   Config
	store    Store
	outbox   storage.Outbox
	vault    Vault
	links    Links
	audit    audit.Sink
	now      func() time.Time
	random   io.Reader
	wake     func()
	groupsOf func(storage.Account) []string
	hashes   *hashPool
	flights  *flights
	pictures *picture.Cleaner
	judge    *password.Judge
	breaches Breaches
	passkeys *passkey.Party
	// setupCode makes the first account; "" where nobody can. setupDone: there is one, so that nobody needs to look.
	setupCode string
	setupDone atomic.Bool
	// dummy is checked where there is no account or no password, so that the refusal costs what a real one costs.
	dummy string
}

var _ Verbs = (*Service)(nil)

// New makes the service and starts its hash workers. Close ends them.
func New(config Config, deps Deps) (*Service, error) {
	if err := errors.Join(config.check(), deps.check()); err != nil {
		return nil, err
	}
	s := &Service{
		config: config, store: deps.Store, outbox: deps.Outbox, vault: deps.Vault, links: deps.Links, audit: deps.Audit,
		now: deps.Now, random: deps.Random, wake: deps.Wake, flights: newFlights(), pictures: picture.NewCleaner(config.PictureSlots),
		breaches: deps.Breaches, passkeys: deps.Passkeys, setupCode: spellSetup(deps.SetupSecret),
	}
	var err error
	if s.judge, err = password.NewJudge(); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	if s.wake == nil {
		s.wake = func() {}
	}
	if s.groupsOf = deps.GroupsOf; s.groupsOf == nil {
		s.groupsOf = func(a storage.Account) []string { return a.Groups }
	}
	salt, key := s.randomBytes(saltLength), s.randomBytes(keyLength)
	if salt == nil || key == nil {
		return nil, errors.New("account: no randomness")
	}
	p := params{memory: config.Hash.Memory, passes: config.Hash.Passes, lanes: config.Hash.Lanes, version: argonVersion}
	s.dummy = encodeHash(p, salt, key)
	s.hashes = newHashPool(config.Hash, s.now)
	return s, nil
}

// Close waits for the hashes under way and ends the hash workers. Verbs that need a hash afterwards are refused as Busy.
func (s *Service) Close() { s.hashes.close() }

// Stats tells the state of the hash queue, for metrics.
func (s *Service) Stats() HashStats { return s.hashes.stats() }

// Minimum is the password length that a dialect asks for, in characters.
func (s *Service) Minimum(d Dialect) int { return s.config.Minimum(d) }

// randomBytes returns n random bytes, or nil where the source fails (crypto/rand never does).
func (s *Service) randomBytes(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.random, b); err != nil {
		return nil
	}
	return b
}

// secret returns n random bytes as URL-safe text.
func (s *Service) secret(n int) (string, error) {
	b := s.randomBytes(n)
	if b == nil {
		return "", errors.New("read random bytes")
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// uuid returns a random UUID (RFC 9562 §5.4).
func (s *Service) uuid() (string, error) {
	b := s.randomBytes(16)
	if b == nil {
		return "", errors.New("read random bytes")
	}
	return uuidOf(b), nil
}

// digest is how secrets of high entropy are stored: SHA-256 as hex.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (s *Service) record(ctx context.Context, name audit.Name, c Caller, e audit.Event) {
	e.Name, e.Time, e.Address, e.UserAgent, e.RequestID = name, s.now(), c.Address, c.UserAgent, c.RequestID
	s.audit.Record(ctx, e)
}

// gone turns "not found" into the refusal, and wraps what else goes wrong with the verb that failed.
func gone(verb string, err error) error {
	if errors.Is(err, storage.ErrNotFound) {
		return &Refusal{Kind: Gone}
	}
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return fmt.Errorf("%s: %w", verb, err)
}

// IsKind says whether err is a refusal of this kind.
func IsKind(err error, k Kind) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Kind == k
}

// Account returns the account with that ID, disabled or not. Refusals: Gone.
func (s *Service) Account(ctx context.Context, accountID int64) (storage.Account, error) {
	a, err := s.store.Account(ctx, storage.AccountKey{ID: accountID})
	if err != nil {
		return storage.Account{}, gone("load account", err)
	}
	return a, nil
}

// active is Account for verbs that a disabled account may not use.
func (s *Service) active(ctx context.Context, accountID int64) (storage.Account, error) {
	a, err := s.Account(ctx, accountID)
	if err == nil && a.Disabled {
		return storage.Account{}, &Refusal{Kind: Gone}
	}
	return a, err
}

// change applies edit to the account and writes it, reading again where somebody else wrote meanwhile. edit may run more than once.
func (s *Service) change(ctx context.Context, a storage.Account, edit func(*storage.Account) (storage.Effects, error)) (storage.Account, error) {
	const tries = 8
	for try := 1; ; try++ {
		with, err := edit(&a)
		if err != nil {
			return storage.Account{}, err
		}
		now := s.now()
		a.UpdatedAt = now
		written, err := s.store.ReplaceAccount(ctx, a, with, now)
		if err == nil || !errors.Is(err, storage.ErrConflict) || try == tries {
			return written, err
		}
		if a, err = s.active(ctx, a.ID); err != nil {
			return storage.Account{}, err
		}
	}
}
