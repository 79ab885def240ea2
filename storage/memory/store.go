package memory

import (
	"context"
	"fmt"
	"sync"

	"latchkey/storage"
	"latchkey/storage/internal/counter"
)

// Store is a [storage.Store] in memory. It is safe for concurrent use.
type Store struct {
	counters *counter.Table

	// mu guards everything below. Records in the maps are never changed in place, only replaced.
	mu     sync.RWMutex
	closed bool

	lastID     int64
	accounts   map[int64]storage.Account
	bySub      map[string]int64
	byUsername map[string]int64
	byEmail    map[string]int64

	files    map[string]file
	sessions map[string]storage.Session
	grants   map[string]grant
	codes    map[string]string // hash → grant ID
	oneTimes map[storage.OneTimeKey]storage.OneTime
	consents map[consentKey]storage.Consent
	denials  map[string]denial
	mails    map[string]storage.Mail
	clients  map[string]storage.Client
	keyring  storage.Keyring

	sessionsOf index[int64]  // account → SIDs
	grantsOf   index[int64]  // account → grant IDs
	grantsBy   index[string] // client → grant IDs
	grantsIn   index[string] // SID → grant IDs

	expiry expiryHeap
}

var _ storage.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{
		counters:   counter.New(0),
		accounts:   make(map[int64]storage.Account),
		bySub:      make(map[string]int64),
		byUsername: make(map[string]int64),
		byEmail:    make(map[string]int64),
		files:      make(map[string]file),
		sessions:   make(map[string]storage.Session),
		grants:     make(map[string]grant),
		codes:      make(map[string]string),
		oneTimes:   make(map[storage.OneTimeKey]storage.OneTime),
		consents:   make(map[consentKey]storage.Consent),
		denials:    make(map[string]denial),
		mails:      make(map[string]storage.Mail),
		clients:    make(map[string]storage.Client),
		sessionsOf: make(index[int64]),
		grantsOf:   make(index[int64]),
		grantsBy:   make(index[string]),
		grantsIn:   make(index[string]),
	}
}

// read runs fn while nobody writes.
func (s *Store) read(ctx context.Context, verb string, fn func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return fmt.Errorf("%s: %w", verb, storage.ErrUnavailable)
	}
	return named(verb, fn())
}

// write runs fn alone, and takes back what it did if it fails or panics.
func (s *Store) write(ctx context.Context, verb string, fn func(t *tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%s: %w", verb, storage.ErrUnavailable)
	}
	t := &tx{}
	defer t.rollback()
	if err := fn(t); err != nil {
		return named(verb, err)
	}
	t.undo = nil
	return nil
}

func named(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", verb, err)
}
