package storage

import (
	"context"
	"time"
)

// Session is a sign-in: of a browser, or of a client of the account API.
type Session struct {
	// SID is the OpenID Connect session identifier (`sid`): public, random, never reused.
	SID string
	// SecretHash is the hash of the cookie's secret; "" for sessions without a cookie.
	SecretHash string
	AccountID  int64
	// AuthTime is when the person last proved who they are; AMR (RFC 8176) and ACR say how.
	AuthTime time.Time
	AMR      []string
	ACR      string
	// Kind tells through which door the session came: "page", "platform", "session", "simple".
	Kind string
	// UserAgent and Address of the sign-in, for the person's own list of sessions. At most 256 and 64 bytes.
	UserAgent, Address string
	CreatedAt          time.Time
	// LastSeenAt is refreshed at most once in a while (see [Sessions.TouchSession]).
	LastSeenAt time.Time
	ExpiresAt  time.Time
	// Persistent: the cookie outlives the browser ("keep me signed in").
	Persistent bool
	// Clients lists the clients that this session has signed in to, each once, in order of first use.
	Clients []string
	// Notify are those of Clients that are to be told when the session ends (Back-Channel Logout): ending it queues a [LogoutNotice] for each,
	// in the same transaction.
	Notify []string
}

// Sessions keeps sign-ins. An ended session is removed: from then on it is ErrNotFound.
type Sessions interface {
	// CreateSession stores s. Errors: ErrExists (SID), ErrNotFound (account).
	CreateSession(ctx context.Context, s Session, now time.Time) error
	// Session returns the live session. Errors: ErrNotFound (none, ended, or expired).
	Session(ctx context.Context, sid string, now time.Time) (Session, error)
	// TouchSession applies the change to the live session and returns it. Errors: ErrNotFound.
	TouchSession(ctx context.Context, sid string, change SessionChange, now time.Time) (Session, error)
	// EndSessions removes the sessions in scope and revokes the grants they bought, queues a [LogoutNotice] for each of their Notify, and
	// returns the sessions it removed.
	// With SID alone, the account is that of the session. No session in scope is no error.
	EndSessions(ctx context.Context, scope EndScope, now time.Time) ([]Session, error)
	// ListSessions returns the live sessions of an account, newest LastSeenAt first.
	ListSessions(ctx context.Context, accountID int64, now time.Time) ([]Session, error)
}

// SessionChange says what [Sessions.TouchSession] sets; zero fields stay.
type SessionChange struct {
	LastSeenAt, AuthTime, ExpiresAt time.Time
	AMR                             []string
	ACR                             string
	SecretHash                      string
	// AddClient is appended to Clients unless it is there.
	AddClient string
	// AddNotify is appended to Notify unless it is there.
	AddNotify string
	// DropClient is taken out of Clients and Notify; where it was in Notify, a [LogoutNotice] is queued for it as if the session had ended.
	DropClient string
}
