package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/storage"
)

// Users is what operators do with accounts; [account.Service] offers it. Refusals are *account.Refusal. SetPassword ends every
// session and grant of the account and mails a notice.
type Users interface {
	ListAccounts(ctx context.Context, after int64, limit int) ([]storage.Account, error)
	FindAccount(ctx context.Context, key storage.AccountKey) (storage.Account, error)
	SetDisabled(ctx context.Context, accountID int64, disabled bool, caller account.Caller) (storage.Account, error)
	SetPassword(ctx context.Context, accountID int64, password string, caller account.Caller) error
	Delete(ctx context.Context, accountID int64, caller account.Caller) error
}

// Clients keeps the clients that operators create at run time.
type Clients interface{ storage.Clients }

// Keys are the signing keys. Times that are not decided are zero.
type Keys interface {
	List(ctx context.Context) ([]Key, error)
	// Rotate brings the next key forward, of one algorithm or, with "", of all, and tells when the last one changes over.
	Rotate(ctx context.Context, alg string) (time.Time, error)
	// Revoke is the emergency. Errors: storage.ErrNotFound.
	Revoke(ctx context.Context, kid string) (Revoked, error)
	// Reseal seals everything anew with the current sealing key and counts what it sealed.
	Reseal(ctx context.Context) (int, error)
}

// Key is one signing key.
type Key struct {
	KID            string    `json:"kid"`
	Alg            string    `json:"alg"`
	State          string    `json:"state"`
	PublishedAt    time.Time `json:"published_at,omitzero"`
	ActivatesAt    time.Time `json:"activates_at,omitzero"`
	RetiresAt      time.Time `json:"retires_at,omitzero"`
	GoneAt         time.Time `json:"gone_at,omitzero"`
	RevokedAt      time.Time `json:"revoked_at,omitzero"`
	NextTransition time.Time `json:"next_transition,omitzero"`
	SealKeyID      string    `json:"seal_key_id"`
}

// Revoked tells what a revocation did.
type Revoked struct {
	KID string `json:"kid"`
	Alg string `json:"alg"`
	// Was is the key's state before; ActiveKID signs in its place, "" if none does.
	Was       string `json:"was"`
	ActiveKID string `json:"active_kid,omitempty"`
	// MayFailUntil: until then verifiers with an older JWK set may refuse good tokens; zero where none is.
	MayFailUntil time.Time `json:"may_fail_until,omitzero"`
}

// Config is what the API stands on. Every field is required, but Declared and SecretUsed.
type Config struct {
	Users Users
	// SignUp makes an account by an operator's word: it must work where sign-up is closed to the public.
	SignUp func(context.Context, account.SignUp) (account.SignedIn, error)
	// SetClaims is [account.Service.SetClaims].
	SetClaims func(ctx context.Context, accountID int64, change account.Profile, vouched account.Vouched, caller account.Caller) (storage.Account, error)
	// KeepAccount is [account.Service.KeepByOperator].
	KeepAccount func(ctx context.Context, accountID int64, caller account.Caller) (storage.Account, error)
	Factors     Factors
	Clients     Clients
	// Invite is [account.Service.Invite].
	Invite func(ctx context.Context, in account.Invitation, caller account.Caller) (storage.Account, time.Time, error)
	// Declared lists the clients of the configuration, which cannot be changed here; nil for none.
	Declared func() []storage.Client
	// Declaration is what the files declare, and what of it is in use. Its clients are in any order.
	Declaration func(context.Context) (Declaration, error)
	// Groups are those of the files. SetMember is [account.Service.SetMember].
	Groups    Groups
	SetMember func(ctx context.Context, accountID int64, group string, member bool, caller account.Caller) (storage.Account, error)
	// SecretUsed is when this server last saw a secret of a client; nil where no server runs.
	SecretUsed func(clientID, secretID string) time.Time
	Keys       Keys
	// Registrations keeps initial access tokens.
	Registrations Registrations
	// Notices says what came of telling applications that sessions ended.
	Notices Notices
	// Served is what clients can choose from now; its Algs are those that there are keys for.
	Served func() client.Served
	// Vault keeps the secrets of clients whose algorithms need them in the clear.
	Vault  client.Vault
	Audit  audit.Sink
	Logger *slog.Logger
	Now    func() time.Time
}

type api struct{ Config }

// Handler serves the API under /v1/.
func Handler(cfg Config) http.Handler {
	a := api{cfg}
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(*http.Request) (any, error){
		"GET /v1/users":                 a.listUsers,
		"POST /v1/users":                a.createUser,
		"POST /v1/invitations":          a.invite,
		"GET /v1/users/{user}":          a.showUser,
		"PATCH /v1/users/{user}":        a.changeUser,
		"DELETE /v1/users/{user}":       a.deleteUser,
		"POST /v1/users/{user}/keep":    a.keepUser,
		"POST /v1/users/{user}/disable": func(r *http.Request) (any, error) { return a.setDisabled(r, true) },
		"POST /v1/users/{user}/enable":  func(r *http.Request) (any, error) { return a.setDisabled(r, false) },
		"PUT /v1/users/{user}/password": a.setPassword,
		"GET /v1/users/{user}/logouts":  a.listLogouts,

		"POST /v1/users/{user}/reset-factors": a.resetFactors,

		"GET /v1/clients":                  a.listClients,
		"POST /v1/clients":                 a.createClient,
		"GET /v1/clients/{client}":         a.showClient,
		"PATCH /v1/clients/{client}":       a.updateClient,
		"DELETE /v1/clients/{client}":      a.deleteClient,
		"POST /v1/clients/{client}/secret": a.rotateSecret,

		"GET /v1/declared":                         a.showDeclaration,
		"GET /v1/groups":                           a.listGroups,
		"GET /v1/groups/{group}":                   a.showGroup,
		"PUT /v1/groups/{group}/members/{user}":    func(r *http.Request) (any, error) { return a.setMember(r, true) },
		"DELETE /v1/groups/{group}/members/{user}": func(r *http.Request) (any, error) { return a.setMember(r, false) },

		"GET /v1/registration-tokens":            a.listTokens,
		"POST /v1/registration-tokens":           a.createToken,
		"DELETE /v1/registration-tokens/{token}": a.deleteToken,

		"GET /v1/keys":               a.listKeys,
		"POST /v1/keys/rotate":       a.rotateKeys,
		"POST /v1/keys/reseal":       a.resealKeys,
		"POST /v1/keys/{kid}/revoke": a.revokeKey,
	} {
		mux.Handle(pattern, a.serve(h))
	}
	mux.Handle("/", a.serve(func(*http.Request) (any, error) { return nil, storage.ErrNotFound }))
	return mux
}

// Fault is the body of every error.
type Fault struct {
	// Code is "not_found", "exists", "conflict", "invalid", "unavailable" or "internal".
	Code string `json:"error"`
	// Message is one line for the operator; Fields tells more where Code is "invalid".
	Message string            `json:"message"`
	Fields  map[string]string `json:"fields,omitempty"`
}

// Error is for [errors.AsType].
func (f *Fault) Error() string { return f.Code + ": " + f.Message }

func (a api) serve(h func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		status, out := http.StatusOK, any(nil)
		answer, err := h(r)
		if err != nil {
			var fault *Fault
			status, fault = a.explain(r, err)
			out = fault
		} else {
			out = answer
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(out); err != nil {
			a.Logger.LogAttrs(r.Context(), slog.LevelError, "answer an operator", slog.String("error", err.Error()))
		}
	})
}

func (a api) explain(r *http.Request, err error) (int, *Fault) {
	if f, ok := errors.AsType[*Fault](err); ok {
		return http.StatusBadRequest, f
	}
	if refusal, ok := errors.AsType[*account.Refusal](err); ok {
		return explainRefusal(r, refusal)
	}
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return http.StatusNotFound, &Fault{Code: "not_found", Message: "there is no " + named(r)}
	case errors.Is(err, storage.ErrExists):
		return http.StatusConflict, &Fault{Code: "exists", Message: "it exists already"}
	case errors.Is(err, storage.ErrConflict):
		return http.StatusConflict, &Fault{Code: "conflict", Message: "it was changed meanwhile; try again"}
	case errors.Is(err, storage.ErrUnavailable), errors.Is(err, storage.ErrUnknown), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, &Fault{Code: "unavailable", Message: "the store cannot be used now; try again"}
	}
	a.Logger.LogAttrs(r.Context(), slog.LevelError, "operator's request failed", slog.String("route", r.Pattern), slog.String("error", err.Error()))
	return http.StatusInternalServerError, &Fault{Code: "internal", Message: "it failed; the log says why"}
}

// named says what a request was about, as it named it.
func named(r *http.Request) string {
	for _, what := range [][2]string{{"user", "user "}, {"client", "client "}, {"kid", "key "}, {"token", "registration token "}, {"group", "group "}} {
		if v := r.PathValue(what[0]); v != "" {
			return what[1] + strconv.Quote(v)
		}
	}
	return "such thing"
}

func explainRefusal(r *http.Request, refusal *account.Refusal) (int, *Fault) {
	switch refusal.Kind {
	case account.Gone:
		return http.StatusNotFound, &Fault{Code: "not_found", Message: "there is no " + named(r)}
	case account.UsernameTaken:
		return http.StatusConflict, &Fault{Code: "exists", Message: "the username is taken"}
	case account.EmailTaken:
		return http.StatusConflict, &Fault{Code: "exists", Message: "the e-mail address is taken"}
	case account.Busy, account.Throttled:
		return http.StatusServiceUnavailable, &Fault{Code: "unavailable", Message: "too much is going on; try again"}
	case account.Invalid:
		f := &Fault{Code: "invalid", Message: "some fields are not valid", Fields: map[string]string{}}
		for field, problem := range refusal.Fields {
			f.Fields[field] = string(problem)
		}
		return http.StatusBadRequest, f
	}
	return http.StatusBadRequest, &Fault{Code: "invalid", Message: "refused: " + string(refusal.Kind)}
}

// read decodes a body strictly; an empty one leaves into as it is.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	if err != nil {
		return &Fault{Code: "invalid", Message: "the body is not what was expected"}
	}
	return nil
}

// caller is how operators stand in audit events and people's mails.
func caller() account.Caller { return account.Caller{UserAgent: "latchkey command"} }

func (a api) record(r *http.Request, name audit.Name, clientID, detail string) {
	a.Audit.Record(r.Context(), audit.Event{Name: name, Time: a.Now(), ClientID: clientID, Detail: detail})
}
