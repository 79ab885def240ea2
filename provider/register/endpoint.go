package register

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/bearer"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Route is the client registration endpoint, below the issuer's path; ManageRoute the client configuration endpoint of one client.
const (
	Route       = "/register"
	ManageRoute = Route + "/{client_id}"
)

// Clients is what looking after registered clients needs of the store.
type Clients interface {
	Client(ctx context.Context, id string) (storage.Client, error)
	ReplaceClient(ctx context.Context, c storage.Client, now time.Time) (storage.Client, error)
	DeleteClient(ctx context.Context, id string, now time.Time) error
}

// Registrations is what registering needs of the store.
type Registrations interface {
	RegistrationToken(ctx context.Context, hash string, now time.Time) (storage.RegistrationToken, error)
	RegisterClient(ctx context.Context, c storage.Client, tokenHash string, quota int, now time.Time) (storage.Client, error)
	TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error)
}

// Endpoint is the client registration endpoint (RFC 7591 §3) and the client configuration endpoint (RFC 7592 §2). Where nobody may register, neither
// is mounted. All fields are required, but Declared and Fetch.
type Endpoint struct {
	// Issuer is the issuer identifier, which begins registration_client_uri.
	Issuer string
	Policy Policy
	Store  interface {
		Clients
		Registrations
	}
	// Served is what there is to choose from now; the policy narrows it.
	Served func() client.Served
	// Vault keeps the secrets of clients whose algorithms need them in the clear.
	Vault client.Vault
	// Declared tells whether the operator's files have a client: what registered under its ID once has no say over it. nil: none are.
	Declared func(id string) bool
	// Fetch gets the document at a sector_identifier_uri; nil refuses clients that name one. It must be guarded: the address is a stranger's.
	Fetch func(ctx context.Context, uri string) ([]byte, error)
	Audit audit.Sink
	Now   func() time.Time
}

// Face answers errors: those about tokens as a protected resource does (RFC 6750 §3), all others as RFC 7591 §3.2.2 says.
func Face(w http.ResponseWriter, r *http.Request, err error) int {
	if e, ok := oauth.AsError(err); ok && e.Code == oauth.InvalidToken {
		return serve.BearerFace(w, r, err)
	}
	return serve.JSONFace(w, r, err)
}

// Register takes a client registration request (RFC 7591 §3.1).
func (e *Endpoint) Register(w http.ResponseWriter, r *http.Request) error {
	ctx, now := r.Context(), e.Now()
	if err := e.throttle(ctx, "register", now); err != nil {
		return err
	}
	initial, err := e.initial(r, now)
	if err != nil {
		return err
	}
	m, err := body(r)
	if err != nil {
		return err
	}
	c := storage.Client{ID: client.NewID(), Registered: true, PKCEExempt: initial.PKCEExempt, CreatedAt: now, UpdatedAt: now, ExpiresAt: e.Policy.end(now)}
	secret, err := e.fill(ctx, &c, m, now)
	if err != nil {
		return err
	}
	var token string
	token, c.RegistrationHash = client.NewRegistrationToken(client.ManagePrefix)
	c, err = e.Store.RegisterClient(ctx, c, initial.Hash, e.Policy.MaxClients, now)
	switch {
	case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrSpent): // it was good a moment ago
		return errToken().Because(err)
	case errors.Is(err, storage.ErrFull):
		return errFull(err)
	case err != nil:
		return fmt.Errorf("register client: %w", err)
	}
	e.note(ctx, c.ID, "registered")
	return serve.WriteJSON(w, http.StatusCreated, e.answer(c, secret, token)) // RFC 7591 §3.2.1
}

// initial reads the initial access token (RFC 7591 §3); the zero token where none is needed, and none came.
func (e *Endpoint) initial(r *http.Request, now time.Time) (storage.RegistrationToken, error) {
	var none storage.RegistrationToken
	token, err := bearer.Token(r)
	switch {
	case errors.Is(err, bearer.ErrMissing) && e.Policy.Mode == Open:
		return none, nil
	case errors.Is(err, bearer.ErrMissing):
		return none, oauth.E(oauth.InvalidToken, "") // RFC 6750 §3.1: without credentials, no reason is told
	case err != nil:
		return none, errToken().Because(err)
	}
	hash := client.HashRegistrationToken(client.InitialPrefix, token)
	if hash == "" {
		return none, errToken().Because(errors.New("not an initial access token"))
	}
	known, err := e.Store.RegistrationToken(r.Context(), hash, now)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrSpent) {
		return none, errToken().Because(err)
	}
	if err != nil {
		return none, fmt.Errorf("read registration token: %w", err)
	}
	return known, nil
}

// errToken is the one answer to every token that is not good, so that nothing is learned of others.
func errToken() *oauth.Error {
	return oauth.E(oauth.InvalidToken, "the token is unknown, expired or used up")
}

// errFull refuses for want of room. RFC 7591 has no word for it; the status says that it is nothing about the request.
func errFull(cause error) error {
	return &serve.ProblemError{Cause: cause, Problem: serve.Problem{
		Status: http.StatusForbidden, Kind: "forbidden", Code: string(oauth.AccessDenied), Description: "as many clients have registered as may; ask the operator",
	}}
}

// throttle takes one attempt from the client address's budget, whatever comes of it: so tokens cannot be guessed, nor others' addresses be fetched,
// faster than that.
func (e *Endpoint) throttle(ctx context.Context, class string, now time.Time) error {
	rec := serve.RecordOf(ctx)
	taken, err := e.Store.TakeAttempts(ctx, []storage.Limit{{Key: class + ":" + account.AddressKey(rec.Address), Max: e.Policy.PerAddress, Window: time.Hour}}, now)
	if err != nil {
		return fmt.Errorf("count registration: %w", err)
	}
	if !taken.OK {
		e.Audit.Record(ctx, audit.Event{Name: audit.Throttled, Time: now, Address: rec.Address, RequestID: rec.ID, Detail: class})
		return &serve.Throttled{RetryAfter: taken.RetryAfter}
	}
	return nil
}

// body reads the metadata of a request (RFC 7591 §3.1).
func body(r *http.Request) (client.Metadata, error) {
	values := r.Header.Values("Content-Type")
	if len(values) != 1 {
		return nil, &serve.UnsupportedMedia{}
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	if charset, has := params["charset"]; err != nil || mediaType != "application/json" || has && !strings.EqualFold(charset, "utf-8") {
		return nil, &serve.UnsupportedMedia{}
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, client.MaxMetadataBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	m, err := client.ParseMetadata(raw)
	if err != nil {
		return nil, oauth.E(oauth.InvalidClientMetadata, "the request "+err.Error())
	}
	return m, nil
}

// answer is the client information response (RFC 7591 §3.2.1, RFC 7592 §3). A secret is told when it was made, and never again.
func (e *Endpoint) answer(c storage.Client, secret, token string) client.Metadata {
	m := client.WriteMetadata(c, client.Registrant)
	m["client_id_issued_at"] = c.CreatedAt.Unix()
	if secret != "" {
		m["client_secret"], m["client_secret_expires_at"] = secret, 0
	}
	m["registration_client_uri"], m["registration_access_token"] = e.Issuer+Route+"/"+c.ID, token
	return m
}

func (e *Endpoint) note(ctx context.Context, clientID, detail string) {
	rec := serve.RecordOf(ctx)
	rec.ClientID = clientID
	e.Audit.Record(ctx, audit.Event{Name: audit.ClientChanged, Time: e.Now(), ClientID: clientID, Address: rec.Address, RequestID: rec.ID, Detail: detail})
}
