package authorize

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/oauth"
	"latchkey/provider/serve"
	"latchkey/provider/token"
	"latchkey/storage"
)

// PushRoute is the pushed authorization request endpoint, below the issuer's path.
const PushRoute = "/par"

// pushedPrefix begins the request_uri of what was pushed (RFC 9126 §2.2). What follows it is random, of at most maxReference bytes.
const (
	pushedPrefix = "urn:ietf:params:oauth:request_uri:"
	maxReference = 128
)

// Bounds where the configuration gives none: how long a pushed request may be used, and how many a client address may push a minute for
// clients that anybody can speak as.
const (
	DefaultPushTTL = time.Minute
	maxPushes      = 60
)

// Pushed keeps pushed requests, and which of them were answered.
type Pushed interface {
	storage.PushedRequests
	storage.Replays
}

// Authenticator decides which client sent a request.
type Authenticator interface {
	Authenticate(ctx context.Context, r *http.Request, f oauth.Form) (storage.Client, error)
}

// Limits counts attempts.
type Limits interface {
	TakeAttempts(ctx context.Context, limits []storage.Limit, now time.Time) (storage.Taken, error)
}

// pushAnswer is RFC 9126 §2.2.
type pushAnswer struct {
	RequestURI string `json:"request_uri"`
	ExpiresIn  int64  `json:"expires_in"`
}

// Push takes an authorization request from the client itself (RFC 9126 §2.1). All rules hold already here, so that what is stored is good.
func (e *Endpoint) Push(w http.ResponseWriter, r *http.Request) error {
	ctx, now := r.Context(), e.Now()
	form, err := oauth.PostForm(r)
	if err != nil {
		return err
	}
	c, err := e.Authenticator.Authenticate(ctx, r, form)
	if err != nil {
		return err
	}
	serve.RecordOf(ctx).ClientID = c.ID
	if client.Anybodys(c) { // and yet the store is written to
		if err := e.limit(ctx, "par", c); err != nil {
			return err
		}
	}
	reference := token.Random(32)
	q := &Request{StartedAt: now, Pushed: hashReference(reference)}
	if q.Form, err = pushable(form, c); err != nil {
		return err
	}
	if object := q.Form.Get("request"); object != "" {
		q.Client = c
		if err := e.object(ctx, q, object, true); err != nil { // RFC 9126 §3: all that concerns the request is inside
			return err
		}
	}
	if err := e.judge(ctx, q); err != nil {
		return err
	}
	err = e.Pushed.PutPushedRequest(ctx, storage.PushedRequest{ID: q.Pushed, ClientID: c.ID, Form: q.Form.Encode(), Signed: q.Signed,
		CreatedAt: now, ExpiresAt: now.Add(e.pushTTL())}, now)
	if err != nil {
		return fmt.Errorf("store pushed request: %w", err)
	}
	return serve.WriteJSON(w, http.StatusCreated, pushAnswer{RequestURI: pushedPrefix + reference, ExpiresIn: int64(e.pushTTL() / time.Second)})
}

// pushable is the form without what proved the client.
func pushable(form oauth.Form, c storage.Client) (oauth.Form, error) {
	if form.Get("request_uri") != "" {
		return oauth.Form{}, oauth.E(oauth.InvalidRequest, "request_uri cannot be pushed") // RFC 9126 §2.1
	}
	values := form.Values()
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type"} {
		values.Del(name)
	}
	values.Set("client_id", c.ID)
	return oauth.NewForm(values)
}

func (e *Endpoint) pushTTL() time.Duration {
	if e.PushTTL > 0 {
		return e.PushTTL
	}
	return DefaultPushTTL
}

// limit bounds what a client address may make us do for clients that anybody can speak as.
func (e *Endpoint) limit(ctx context.Context, class string, c storage.Client) error {
	rec, now := serve.RecordOf(ctx), e.Now()
	taken, err := e.Limits.TakeAttempts(ctx, []storage.Limit{{Key: class + ":" + account.AddressKey(rec.Address), Max: maxPushes, Window: time.Minute}}, now)
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if !taken.OK {
		e.Audit.Record(ctx, audit.Event{Name: audit.Throttled, Time: now, ClientID: c.ID, Address: rec.Address, RequestID: rec.ID, Detail: class})
		return &serve.Throttled{RetryAfter: taken.RetryAfter}
	}
	return nil
}

// hashReference is what the store knows of a request_uri of ours.
func hashReference(reference string) string {
	sum := sha256.Sum256([]byte("pushed request:" + reference))
	return hex.EncodeToString(sum[:])
}

// settle uses a pushed request up: of any number of answers to it, in any number of tabs and processes, one leaves. The request itself may have
// expired while the person signed in, so it is not what decides; what does is kept for as long as any flow can still hold the request.
func (e *Endpoint) settle(ctx context.Context, q *Request) error {
	if q.Pushed == "" {
		return nil
	}
	now := e.Now()
	err := e.Pushed.SpendOnce(ctx, "pushed "+q.Pushed, now.Add(e.pushTTL()+FlowTTL), now)
	if errors.Is(err, storage.ErrSpent) { // RFC 9126 §4
		return errPushed(err)
	}
	if err != nil {
		return fmt.Errorf("use pushed request up: %w", err)
	}
	if err := e.Pushed.TakePushedRequest(ctx, q.Pushed, now); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("take pushed request: %w", err)
	}
	return nil
}
