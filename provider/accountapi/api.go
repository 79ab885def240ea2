package accountapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/bearer"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// Tokens makes and ends the tokens of the API.
type Tokens interface {
	// AccessToken signs a JWT access token (RFC 9068) for the session, with user_id and username, and tells its lifetime in seconds.
	AccessToken(ctx context.Context, a storage.Account, s storage.Session, dialect account.Dialect, ttl time.Duration) (token string, expiresIn int, err error)
	// RefreshToken makes the session's refresh token, which never rotates.
	RefreshToken(ctx context.Context, a storage.Account, s storage.Session, ttl time.Duration) (string, error)
	// Refresh makes an access token. Errors: [ErrRefresh] where the refresh token is unknown, revoked or expired, or its account
	// is disabled or gone.
	Refresh(ctx context.Context, refreshToken string) (access string, expiresIn int, err error)
	// RevokeRefresh removes the refresh token. Errors: ErrRefresh where there was none.
	RevokeRefresh(ctx context.Context, refreshToken string) error
}

// ErrRefresh is a refresh token that is not good.
var ErrRefresh = errors.New("refresh token is not good")

// Limits are the budgets that a face has to ask for itself, since no account verb stands behind it. [account.Service] has them.
type Limits interface {
	// AttemptAny takes an attempt from the caller's address.
	AttemptAny(ctx context.Context, c account.Caller) error
	// Failed counts a failure at a door.
	Failed(ctx context.Context, door account.Door, c account.Caller) error
}

// Config holds the numbers of the faces.
type Config struct {
	// Issuer is the address that picture addresses begin with.
	Issuer string
	// Lifetimes of tokens. A session must live at least as long (account.Config.SessionTTL).
	PlatformTTL, SessionTTL, SimpleTTL, RefreshTTL time.Duration
	// MaxBody, MaxResume and MaxPicture are in bytes; the last two without the multipart frame.
	MaxBody, MaxResume, MaxPicture int64
	// PasswordMin words the minimum where a refusal does not tell it.
	PasswordMin func(account.Dialect) int
	// Off are the dialects that are not served.
	Off map[account.Dialect]bool
}

// Defaults are the numbers of the contract.
func Defaults() Config {
	return Config{
		PlatformTTL: 24 * time.Hour, SessionTTL: 15 * time.Minute, SimpleTTL: 7 * 24 * time.Hour, RefreshTTL: 30 * 24 * time.Hour,
		MaxBody: 64 << 10, MaxResume: 5 << 20, MaxPicture: 2 << 20,
	}
}

// Deps is what the faces stand on. All are required.
type Deps struct {
	Accounts account.Verbs
	Limits   Limits
	Tokens   Tokens
	Verifier bearer.Verifier
}

// API is the four dialects.
type API struct {
	Config
	Deps
}

// New makes the API.
func New(config Config, deps Deps) (*API, error) {
	if deps.Accounts == nil || deps.Limits == nil || deps.Tokens == nil || deps.Verifier == nil {
		return nil, errors.New("accountapi: a dependency is missing")
	}
	if config.PlatformTTL <= 0 || config.SessionTTL <= 0 || config.SimpleTTL <= 0 || config.RefreshTTL <= 0 {
		return nil, errors.New("accountapi: token lifetimes must be positive")
	}
	config.Issuer = strings.TrimSuffix(config.Issuer, "/")
	return &API{Config: config, Deps: deps}, nil
}

// Route is one row of the table.
type Route struct {
	Method, Path string
	// Endpoint is the metric label.
	Endpoint string
	Handler  serve.Handler
	// MaxBody is the most a request's body can have, in bytes.
	MaxBody int64
}

// multipartFrame is room for the boundaries and headers of an upload.
const multipartFrame = 16 << 10

// Routes lists every route. Errors of all of them are answered by [API.Face].
func (a *API) Routes() []Route {
	var routes []Route
	add := func(d account.Dialect, method, path, endpoint string, h serve.Handler) {
		if !a.Off[d] {
			routes = append(routes, Route{method, path, endpoint, h, a.MaxBody})
		}
	}
	add(account.Platform, http.MethodPost, "/api/signup", "api_signup", a.platformSignUp)
	add(account.Platform, http.MethodPost, "/api/login", "api_login", a.platformLogin)
	add(account.Platform, http.MethodPost, "/api/logout", "api_logout", a.platformLogout)
	add(account.Platform, http.MethodPost, "/api/forgot-password", "api_forgot_password", a.forgotPassword)
	add(account.Platform, http.MethodPost, "/api/reset-password", "api_reset_password", a.resetPassword)
	add(account.Platform, http.MethodGet, "/api/profile", "api_profile", a.profile)
	add(account.Platform, http.MethodPost, "/api/update_profile", "api_update_profile", a.updateProfile)
	add(account.Page, http.MethodGet, "/api/signup/check", "api_signup_check", a.signUpCheck) // the sign-up page asks it

	add(account.Session, http.MethodPost, "/api/auth/register", "api_auth_register", a.sessionRegister)
	add(account.Session, http.MethodPost, "/api/auth/refresh", "api_auth_refresh", a.sessionRefresh)

	add(account.Simple, http.MethodPost, "/api/auth/signup", "api_auth_signup", a.simpleSignUp)
	add(account.Simple, http.MethodGet, "/api/auth/me", "api_auth_me", a.simpleMe)
	add(account.Simple, http.MethodGet, "/api/auth/session", "api_auth_session", a.simpleSession)

	shared := account.Session // and Simple: both have these two
	if a.Off[shared] {
		shared = account.Simple
	}
	add(shared, http.MethodPost, "/api/auth/login", "api_auth_login", a.authLogin)
	add(shared, http.MethodPost, "/api/auth/logout", "api_auth_logout", a.authLogout)
	return append(routes, a.fileRoutes()...)
}

// fileRoutes are those of résumé and picture, which belong to the platform dialect.
func (a *API) fileRoutes() (routes []Route) {
	if a.Off[account.Platform] {
		return nil
	}
	for _, f := range []file{
		{storage.FileResume, "/api/profile/resume", "api_profile_resume", a.MaxResume, account.Verbs.PutResume},
		{storage.FilePicture, "/api/profile/picture", "api_profile_picture", a.MaxPicture, account.Verbs.PutPicture},
	} {
		routes = append(routes,
			Route{http.MethodPost, f.path, f.endpoint, a.putFile(f), f.most + multipartFrame},
			Route{http.MethodGet, f.path, f.endpoint, a.getFile(f), a.MaxBody},
			Route{http.MethodDelete, f.path, f.endpoint, a.deleteFile(f), a.MaxBody})
	}
	return routes
}

func caller(r *http.Request) account.Caller {
	rec := serve.RecordOf(r.Context())
	agent := r.UserAgent()
	return account.Caller{Address: rec.Address, UserAgent: agent[:min(len(agent), 512)], RequestID: rec.ID, Locale: firstLanguage(r)}
}

// firstLanguage is the language that the client asks for first: for mails. What is no tag the account service drops.
func firstLanguage(r *http.Request) string {
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	tag, _, _ := strings.Cut(first, ";")
	return strings.TrimSpace(tag)
}

// signedIn notes in the request's record who it is.
func signedIn(r *http.Request, a storage.Account) { serve.RecordOf(r.Context()).AccountID = a.ID }
