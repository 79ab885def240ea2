package memory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"latchkey/storage"
	"latchkey/storage/internal/counter"
	"latchkey/storage/internal/lease"
)

// Store is a [storage.Store] in memory. It is safe for concurrent use.
type Store struct {
	counters *counter.Table
	leases   lease.Table

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
	// registered counts the clients with Registered set.
	registered int
	// filling is what [Store.Fill] noted last; nil where nobody fills the store.
	filling []byte

	devices            map[string]storage.Device // by code hash
	userCodes          map[string]string         // user code hash → code hash
	pushed             map[string]storage.PushedRequest
	replays            map[string]time.Time
	registrations      map[string]storage.RegistrationToken // by ID
	registrationHashes map[string]string                    // hash → ID
	notices            map[storage.NoticeKey]storage.LogoutNotice
	waiting            map[storage.NoticeKey]struct{} // those of notices that are not over
	passkeys           map[string]storage.Passkey
	events             map[eventKey]storage.AccountEvent

	sessionsOf index[int64]  // account → SIDs
	passkeysOf index[int64]  // account → passkey IDs
	eventsOf   index[int64]  // account → event IDs
	grantsOf   index[int64]  // account → grant IDs
	grantsBy   index[string] // client → grant IDs
	grantsIn   index[string] // SID → grant IDs
	clientsAt  index[string] // origin → IDs of clients that are not disabled

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
		devices:    make(map[string]storage.Device),
		userCodes:  make(map[string]string),
		pushed:     make(map[string]storage.PushedRequest),
		replays:    make(map[string]time.Time),
		notices:    make(map[storage.NoticeKey]storage.LogoutNotice),
		waiting:    make(map[storage.NoticeKey]struct{}),
		passkeys:   make(map[string]storage.Passkey),
		events:     make(map[eventKey]storage.AccountEvent),
		sessionsOf: make(index[int64]),
		passkeysOf: make(index[int64]),
		eventsOf:   make(index[int64]),
		grantsOf:   make(index[int64]),
		grantsBy:   make(index[string]),
		grantsIn:   make(index[string]),
		clientsAt:  make(index[string]),

		registrations:      make(map[string]storage.RegistrationToken),
		registrationHashes: make(map[string]string),
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
