package serve

import (
	"context"
	"net/http"
	"time"
)

// Handler serves one endpoint. An error that it returns has not been answered: the endpoint's [Face] answers it.
// A handler writes no error status, no log line, no counter and no span of its own.
type Handler func(http.ResponseWriter, *http.Request) error

// Face puts an error on the wire in the way of one kind of endpoint and returns the status that it wrote.
type Face interface {
	Answer(w http.ResponseWriter, r *http.Request, err error) (status int)
}

// FaceFunc is a function as a [Face].
type FaceFunc func(w http.ResponseWriter, r *http.Request, err error) int

// Answer calls f.
func (f FaceFunc) Answer(w http.ResponseWriter, r *http.Request, err error) int { return f(w, r, err) }

// Record is what becomes of one request: filled while it is served, then written as one log line, one set of metric labels and
// the attributes of one span. A handler sets what it learns; every field is safe to log.
type Record struct {
	// ID is the request's reference: random, shown to the person in error pages and found in the log.
	ID string
	// Endpoint is the name of the endpoint in the route table: bounded, a metric label.
	Endpoint string
	// Start is when the request came; it is the `now` of everything done for it.
	Start time.Time
	// Address of the client, without port; trusted proxies considered.
	Address string
	// ClientID is the authenticated (or, at /authorize, the registered) client; "" if none.
	ClientID string
	// GrantType of a token request, once it is known to be one we serve: bounded, a metric label.
	GrantType string
	// AccountID of the person; 0 if none.
	AccountID int64
	// Outcome is a short bounded word, such as "ok", "invalid_grant", "throttled": a metric label. Set by the edge unless a handler did.
	Outcome string
	// Err is the error that was answered, for the log only.
	Err error
}

type recordKey struct{}

// WithRecord returns a context that carries rec.
func WithRecord(ctx context.Context, rec *Record) context.Context {
	return context.WithValue(ctx, recordKey{}, rec)
}

// RecordOf returns the request's record. Outside of a request it returns a fresh one that nobody reads.
func RecordOf(ctx context.Context) *Record {
	if rec, ok := ctx.Value(recordKey{}).(*Record); ok {
		return rec
	}
	return &Record{}
}
