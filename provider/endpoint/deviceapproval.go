package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// ErrNoDevice: no device waits for this code, or not any more, or it was not this person who was asked: all alike, so that nobody learns of others' codes.
var ErrNoDevice = errors.New("no device waits for this code")

// The budgets of wrong user codes (RFC 8628 §5.1): one person at one address, and one address altogether. Against 2^34 codes they leave no hope.
var (
	guessBudget   = account.Budget{Max: 5, Window: 5 * time.Minute}
	guessesBudget = account.Budget{Max: 50, Window: 15 * time.Minute}
)

// DeviceStore is what [DeviceApproval] reads and writes.
type DeviceStore interface {
	Account(ctx context.Context, key storage.AccountKey) (storage.Account, error)
	PutConsent(ctx context.Context, c storage.Consent, now time.Time) error
	TouchSession(ctx context.Context, sid string, change storage.SessionChange, now time.Time) (storage.Session, error)
	storage.Devices
	storage.Limits
}

// DeviceApproval is the person's part of the device grant (RFC 8628 §3.3): which device asks for what, and the decision.
type DeviceApproval struct {
	Clients interface {
		Client(ctx context.Context, id string) (storage.Client, error)
	}
	Sessions interface {
		Current(r *http.Request) (storage.Session, bool, error)
	}
	Vault interface {
		Seal(purpose, context string, plain []byte) ([]byte, error)
		Open(purpose, context string, sealed []byte) ([]byte, error)
	}
	// Admits tells whether a person may use a client; nil: everybody may.
	Admits func(c storage.Client, a storage.Account) bool
	Store  DeviceStore
	Audit  audit.Sink
	Now    func() time.Time
}

// DeviceQuestion is what a person is asked about a device.
type DeviceQuestion struct {
	// Ticket goes into the form of the decision. It is bound to this session and to this device.
	Ticket string
	Client storage.Client
	// Scopes and Resources that the device will get.
	Scopes    oauth.Scopes
	Resources []string
	// AskedAt is when the device began.
	AskedAt time.Time
	// Barred: the client is for groups that the person is in none of; the device will get nothing, whatever they say.
	Barred bool
}

// Look finds the device that waits for a user code, as it was typed, and makes the question for the person who is signed in. Only a wrong code counts
// against the budgets. Errors: ErrNoDevice, also where nobody is signed in; *serve.Throttled; or a fault.
func (e *DeviceApproval) Look(r *http.Request, typed string) (DeviceQuestion, error) {
	ctx, now := r.Context(), e.Now()
	code, ok := oauth.NormalUserCode(typed)
	if !ok {
		return DeviceQuestion{}, ErrNoDevice
	}
	s, a, err := e.person(r)
	if err != nil {
		return DeviceQuestion{}, err
	}
	limits := guesses(serve.RecordOf(ctx).Address, s.SID)
	if err := take(ctx, e.Store, now, limits...); err != nil { // before the code is looked at, so that guesses at the same time are counted too
		if _, often := errors.AsType[*serve.Throttled](err); often {
			e.note(ctx, audit.Event{Name: audit.Throttled, AccountID: s.AccountID, SID: s.SID, Detail: "device code"})
		}
		return DeviceQuestion{}, err
	}
	hash := token.HashUserCode(code)
	d, c, err := e.waiting(ctx, hash, now)
	if err != nil {
		return DeviceQuestion{}, err
	}
	if err := e.Store.ReturnAttempts(context.WithoutCancel(ctx), limits, now); err != nil {
		return DeviceQuestion{}, fmt.Errorf("return attempt: %w", err)
	}
	sealed, err := e.ticket(hash, d.CodeHash, s.SID)
	if err != nil {
		return DeviceQuestion{}, err
	}
	return DeviceQuestion{Ticket: sealed, Client: c, Scopes: oauth.Scopes(d.Scopes).And(c.Scopes), Resources: d.Resources,
		AskedAt: d.CreatedAt, Barred: e.bars(c, a)}, nil
}

func guesses(address, sid string) []storage.Limit {
	key := account.AddressKey(address)
	return []storage.Limit{
		{Key: "guess.person:" + key + " " + sid, Max: guessBudget.Max, Window: guessBudget.Window},
		{Key: "guess.addr:" + key, Max: guessesBudget.Max, Window: guessesBudget.Window},
	}
}

// person is who is signed in. Errors: ErrNoDevice where nobody is, or a fault.
func (e *DeviceApproval) person(r *http.Request) (storage.Session, storage.Account, error) {
	s, ok, err := e.Sessions.Current(r)
	if err != nil {
		return s, storage.Account{}, err
	}
	if !ok {
		return s, storage.Account{}, ErrNoDevice
	}
	a, err := e.Store.Account(r.Context(), storage.AccountKey{ID: s.AccountID})
	if errors.Is(err, storage.ErrNotFound) || err == nil && a.Shut() {
		return s, a, ErrNoDevice
	}
	if err != nil {
		return s, a, fmt.Errorf("read account: %w", err)
	}
	serve.RecordOf(r.Context()).AccountID = a.ID
	return s, a, nil
}

// waiting is a device that nobody decided about yet, with its client.
func (e *DeviceApproval) waiting(ctx context.Context, userCodeHash string, now time.Time) (storage.Device, storage.Client, error) {
	d, err := e.Store.Device(ctx, storage.DeviceKey{UserCodeHash: userCodeHash}, now)
	if errors.Is(err, storage.ErrNotFound) {
		return d, storage.Client{}, ErrNoDevice
	}
	if err != nil {
		return d, storage.Client{}, fmt.Errorf("read device: %w", err)
	}
	if d.Decision.Made() {
		return d, storage.Client{}, ErrNoDevice
	}
	c, err := e.Clients.Client(ctx, d.ClientID)
	if errors.Is(err, client.ErrUnknown) {
		return d, c, ErrNoDevice
	}
	if err != nil {
		return d, c, fmt.Errorf("read client: %w", err)
	}
	serve.RecordOf(ctx).ClientID = c.ID
	return d, c, nil
}

// Decide notes what the person said to the question with that ticket, once and for all: who refused cannot go back and allow. Errors: ErrNoDevice, or
// a fault.
func (e *DeviceApproval) Decide(r *http.Request, sealed string, allow bool) error {
	ctx, now := r.Context(), e.Now()
	s, a, err := e.person(r)
	if err != nil {
		return err
	}
	t, err := e.open(sealed, s.SID)
	if err != nil {
		return err
	}
	d, c, err := e.waiting(ctx, t.UserCodeHash, now)
	if err != nil {
		return err
	}
	if d.CodeHash != t.CodeHash { // the code was given to another device meanwhile
		return ErrNoDevice
	}
	if allow && c.SecondFactor && !oauth.TwoFactors(s.AMR) { // the page asks for the second factor before it asks anything
		return ErrNoDevice
	}
	allow = allow && !e.bars(c, a)
	by := storage.DeviceDecision{Denied: !allow, Allowed: allow, AccountID: a.ID, SID: s.SID, AuthTime: s.AuthTime, AMR: s.AMR, ACR: s.ACR, At: now}
	if allow {
		if err := e.remember(ctx, s, d, c, now); err != nil {
			return err
		}
	}
	err = e.Store.DecideDevice(ctx, d.UserCodeHash, by, now)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return ErrNoDevice
	}
	if err != nil {
		return fmt.Errorf("decide about device: %w", err)
	}
	ev := audit.Event{Name: audit.DeviceRefused, AccountID: a.ID, ClientID: d.ClientID, SID: s.SID}
	if allow {
		ev.Name, ev.Detail = audit.DeviceAllowed, strings.Join(d.Scopes, " ")
	}
	e.note(ctx, ev)
	return nil
}

// remember keeps the consent, as at the authorization endpoint, and that the session reaches this client. It comes before the decision: whatever the device
// gets can be taken away again by what is remembered.
func (e *DeviceApproval) remember(ctx context.Context, s storage.Session, d storage.Device, c storage.Client, now time.Time) error {
	consent := storage.Consent{AccountID: s.AccountID, ClientID: c.ID, GrantedAt: now, Scopes: oauth.Consentable(oauth.Scopes(d.Scopes).And(c.Scopes), d.Resources)}
	if err := e.Store.PutConsent(ctx, consent, now); errors.Is(err, storage.ErrNotFound) { // the account was deleted a moment ago
		return ErrNoDevice
	} else if err != nil {
		return fmt.Errorf("remember consent: %w", err)
	}
	change := storage.SessionChange{AddClient: c.ID, LastSeenAt: now}
	if c.BackchannelLogoutURI != "" {
		change.AddNotify = c.ID // Back-Channel Logout §2.2
	}
	if slices.Contains(s.Clients, c.ID) && (change.AddNotify == "" || slices.Contains(s.Notify, c.ID)) {
		return nil
	}
	if _, err := e.Store.TouchSession(ctx, s.SID, change, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("note client in session: %w", err)
	}
	return nil
}

func (e *DeviceApproval) note(ctx context.Context, ev audit.Event) {
	rec := serve.RecordOf(ctx)
	ev.Time, ev.Address, ev.RequestID = e.Now(), rec.Address, rec.ID
	e.Audit.Record(ctx, ev)
}
