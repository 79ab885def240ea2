package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// TooLarge refuses a request whose body is over the endpoint's cap.
type TooLarge struct{}

// MethodNotAllowed refuses a method. Allow is the value of the Allow header, such as "GET, HEAD".
type MethodNotAllowed struct{ Allow string }

// NotFound says that there is nothing at this path.
type NotFound struct{}

// UnsupportedMedia refuses the Content-Type of a body.
type UnsupportedMedia struct{}

// BadRequest refuses a request that is broken below the protocol. Reason is shown: plain ASCII, no input echoed.
type BadRequest struct{ Reason string }

// Throttled refuses because the client asked too often.
type Throttled struct{ RetryAfter time.Duration }

// Unavailable refuses because we cannot serve now, though later we may.
type Unavailable struct {
	RetryAfter time.Duration
	// Cause is for the log; nil where the edge shed the request.
	Cause error
}

// CrossSite refuses a form that another site sent (net/http.CrossOriginProtection).
type CrossSite struct{ Cause error }

// Panicked is a panic in a handler, as an error.
type Panicked struct {
	Value any
	Stack []byte
}

func (*TooLarge) Error() string           { return "request body too large" }
func (e *MethodNotAllowed) Error() string { return "method not allowed; allowed: " + e.Allow }
func (*NotFound) Error() string           { return "no such path" }
func (*UnsupportedMedia) Error() string   { return "unsupported media type" }
func (e *BadRequest) Error() string       { return "bad request: " + e.Reason }
func (e *Throttled) Error() string        { return "throttled for " + e.RetryAfter.String() }
func (e *CrossSite) Error() string        { return fmt.Sprintf("cross-site request: %v", e.Cause) }
func (e *Panicked) Error() string         { return fmt.Sprintf("panic: %v", e.Value) }

func (e *Unavailable) Error() string {
	if e.Cause == nil {
		return "unavailable"
	}
	return "unavailable: " + e.Cause.Error()
}

// Unwrap gives the cause.
func (e *Unavailable) Unwrap() error { return e.Cause }

// Unwrap gives the cause.
func (e *CrossSite) Unwrap() error { return e.Cause }

// retryLater is told where nothing better is known.
const retryLater = 2 * time.Second

// Answer is what an error means on the wire, before a [Face] has put it into its own words.
type Answer struct {
	Status int
	// Code and Description are in the words of OAuth; they tell nothing of our insides.
	Code        oauth.Code
	Description string
	// Kind is as in [Problem].
	Kind string
	// Outcome is a short bounded word for metrics and log.
	Outcome string
	// Allow is the Allow header's value, "" if none.
	Allow string
	// RetryAfter is 0 where no Retry-After belongs.
	RetryAfter time.Duration
}

// SetHeaders writes Allow, Retry-After and, as no error may be cached, Cache-Control.
func (a Answer) SetHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	if a.Allow != "" {
		h.Set("Allow", a.Allow)
	}
	if a.RetryAfter > 0 {
		// Whole seconds, rounded up: too early would be refused again (RFC 9110 §10.2.3).
		h.Set("Retry-After", strconv.FormatInt(int64((a.RetryAfter+time.Second-1)/time.Second), 10))
	}
}

// Explain says what err means on the wire. It is the one place that knows; every [Face] starts from it.
func Explain(err error) Answer {
	if a, ok := explainEdge(err); ok {
		return a
	}
	if a, ok := explainProblem(err); ok {
		return a
	}
	if e, ok := oauth.AsError(err); ok {
		a := Answer{Status: e.Code.Status(), Code: e.Code, Description: e.Description, Kind: "request", Outcome: string(e.Code)}
		switch a.Status {
		case http.StatusServiceUnavailable:
			a.Kind, a.RetryAfter = "unavailable", retryLater
		case http.StatusInternalServerError:
			a.Kind = "internal"
		case http.StatusForbidden:
			a.Kind = "forbidden"
		}
		return a
	}
	unavailable := Answer{
		Status: http.StatusServiceUnavailable, Code: oauth.TemporarilyUnavailable, Kind: "unavailable",
		Description: "The service cannot answer now. Try again shortly.", RetryAfter: retryLater,
	}
	switch {
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, storage.ErrUnknown):
		unavailable.Outcome = "store_unavailable"
		return unavailable
	case errors.Is(err, context.DeadlineExceeded):
		unavailable.Outcome = "deadline"
		return unavailable
	case errors.Is(err, context.Canceled):
		unavailable.Outcome = "canceled"
		return unavailable
	}
	return Answer{
		Status: http.StatusInternalServerError, Code: oauth.ServerError, Kind: "internal", Outcome: "error",
		Description: "The service failed. The fault was recorded.",
	}
}

// explainEdge knows the edge's own errors.
func explainEdge(err error) (Answer, bool) {
	client := func(status int, kind, description string) Answer {
		return Answer{Status: status, Code: oauth.InvalidRequest, Kind: kind, Outcome: kind, Description: description}
	}
	if is[*TooLarge](err) || is[*http.MaxBytesError](err) {
		return client(http.StatusRequestEntityTooLarge, "too_large", "The request body is too large."), true
	}
	if e, ok := errors.AsType[*MethodNotAllowed](err); ok {
		a := client(http.StatusMethodNotAllowed, "method", "The method is not allowed here.")
		a.Allow = e.Allow
		return a, true
	}
	if is[*NotFound](err) {
		return client(http.StatusNotFound, "not_found", "There is nothing here."), true
	}
	if is[*UnsupportedMedia](err) {
		return client(http.StatusUnsupportedMediaType, "request", "The Content-Type is not supported here."), true
	}
	if e, ok := errors.AsType[*BadRequest](err); ok {
		return client(http.StatusBadRequest, "request", e.Reason), true
	}
	if is[*CrossSite](err) {
		return client(http.StatusForbidden, "cross_site", "The request came from another site."), true
	}
	if e, ok := errors.AsType[*Throttled](err); ok {
		a := client(http.StatusTooManyRequests, "throttled", "Too many requests. Try again later.")
		a.RetryAfter = max(e.RetryAfter, time.Second)
		return a, true
	}
	if e, ok := errors.AsType[*Unavailable](err); ok {
		a := Answer{Status: http.StatusServiceUnavailable, Code: oauth.TemporarilyUnavailable, Kind: "unavailable", Outcome: "unavailable"}
		a.Description, a.RetryAfter = "The service is busy. Try again shortly.", max(e.RetryAfter, time.Second)
		if e.Cause == nil {
			a.Outcome = "shed"
		}
		return a, true
	}
	if is[*Panicked](err) {
		return Answer{
			Status: http.StatusInternalServerError, Code: oauth.ServerError, Kind: "internal", Outcome: "panic",
			Description: "The service failed. The fault was recorded.",
		}, true
	}
	return Answer{}, false
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
