package accountapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/bearer"
	"latchkey/provider/serve"
)

// apiError is an answer that a face has words for.
type apiError struct {
	status     int
	message    string
	fields     map[string]string
	second     []string
	challenge  string
	outcome    string
	retryAfter time.Duration
	cause      error
}

// Error is for logs: what the client was told, and why.
func (e *apiError) Error() string {
	if e.cause != nil {
		return e.message + ": " + e.cause.Error()
	}
	return e.message
}

// Unwrap gives the cause.
func (e *apiError) Unwrap() error { return e.cause }

func refuse(status int, message string) *apiError {
	return &apiError{status: status, message: message, outcome: "invalid"}
}

// errorBody says the same twice: the documents differ in which they read.
type errorBody struct {
	Success bool              `json:"success"`
	Message string            `json:"message"`
	Error   string            `json:"error"`
	Fields  map[string]string `json:"fields,omitempty"`
	// SecondFactor are the ways in which a login can prove the second factor that it lacks.
	SecondFactor []string `json:"second_factor,omitempty"`
	ID           string   `json:"id,omitempty"`
}

// Messages that belong to no dialect.
const (
	msgThrottled   = "Too many authentication attempts"
	msgInternal    = "Internal server error"
	msgUnavailable = "Service unavailable"
	msgNotFound    = "Not found"
	msgMethod      = "Method not allowed"
	msgTooLarge    = "Request body too large"
	msgBadJSON     = "Malformed JSON"
	msgMediaType   = "Unsupported media type"
)

// Face answers errors of the account API, and of every path below /api/, as JSON.
func (a *API) Face() serve.Face { return serve.FaceFunc(answer) }

// Refuse answers what the edge refuses before routing, in the API's words, where the path is the API's: below prefix. It says whether it did.
func Refuse(prefix string) func(w http.ResponseWriter, r *http.Request, status int, text string) bool {
	return func(w http.ResponseWriter, r *http.Request, status int, text string) bool {
		if !strings.HasPrefix(r.URL.Path, prefix+"/api/") {
			return false
		}
		return serve.WriteJSON(w, status, errorBody{Message: text, Error: text}) == nil
	}
}

func answer(w http.ResponseWriter, r *http.Request, err error) int {
	e, own := wire(err)
	body := errorBody{Message: e.message, Error: e.message, Fields: e.fields, SecondFactor: e.second}
	rec := serve.RecordOf(r.Context())
	if e.status == http.StatusInternalServerError {
		body.ID = rec.ID
	}
	if rec.Outcome == "" || own {
		rec.Outcome = e.outcome // the edge has no word for it
	}
	explained := serve.Explain(err)
	explained.RetryAfter = e.retryAfter
	explained.SetHeaders(w.Header())
	if e.status == http.StatusUnauthorized {
		challenge := e.challenge
		if challenge == "" {
			challenge = bearer.Challenge(realm, bearer.ErrMissing)
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	if err := serve.WriteJSON(w, e.status, body); err != nil {
		w.WriteHeader(http.StatusInternalServerError) // strings always encode
		return http.StatusInternalServerError
	}
	return e.status
}

// wire puts what reaches the face into the API's words. own: the error is of the API or the account service, not of the edge.
func wire(err error) (e *apiError, own bool) {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e, true
	}
	if r, ok := errors.AsType[*account.Refusal](err); ok {
		return refusal(account.Platform, r), true
	}
	x := serve.Explain(err)
	e = &apiError{status: x.Status, outcome: x.Outcome, retryAfter: x.RetryAfter, cause: err}
	switch x.Status {
	case http.StatusNotFound:
		e.message = msgNotFound
	case http.StatusMethodNotAllowed:
		e.message = msgMethod
	case http.StatusRequestEntityTooLarge:
		e.message = msgTooLarge
	case http.StatusUnsupportedMediaType:
		e.message = msgMediaType
	case http.StatusTooManyRequests:
		e.message = msgThrottled
	case http.StatusServiceUnavailable:
		e.message = msgUnavailable
	case http.StatusInternalServerError:
		e.message = msgInternal
	default:
		e.message = x.Description
	}
	return e, false
}
