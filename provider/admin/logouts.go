package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"latchkey/storage"
)

// Notices tells what applications were told of ended sessions (OpenID Connect Back-Channel Logout).
type Notices interface {
	// ListNotices returns an account's notices that are kept, those of the session that ended last first.
	ListNotices(ctx context.Context, accountID int64, now time.Time) ([]storage.LogoutNotice, error)
}

// Logout is one application that is to be told of one session's end, and what came of it.
type Logout struct {
	ClientID string    `json:"client_id"`
	SID      string    `json:"sid"`
	EndedAt  time.Time `json:"ended_at"`
	// State is "waiting", "delivered" or "given_up".
	State string `json:"state"`
	// Attempts so far. At is when it was delivered or given up, or when it is tried next.
	Attempts int       `json:"attempts"`
	At       time.Time `json:"at,omitzero"`
	// LastError is why the last try failed, "" if none did.
	LastError string `json:"last_error,omitempty"`
}

func logoutOf(n storage.LogoutNotice) Logout {
	out := Logout{ClientID: n.ClientID, SID: n.SID, EndedAt: n.EndedAt.UTC(), State: "waiting", Attempts: n.Attempts, At: n.DueAt().UTC(), LastError: n.LastError}
	switch {
	case !n.DeliveredAt.IsZero():
		out.State, out.At = "delivered", n.DeliveredAt.UTC()
	case !n.GivenUpAt.IsZero():
		out.State, out.At = "given_up", n.GivenUpAt.UTC()
	}
	return out
}

// listLogouts answers for [storage.NoticeKept] after a session's end, and for an account that is gone by its number.
func (a api) listLogouts(r *http.Request) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("user"), 10, 64)
	if err != nil {
		found, err := a.user(r)
		if err != nil {
			return nil, err
		}
		id = found.ID
	}
	list, err := a.Notices.ListNotices(r.Context(), id, a.Now())
	if err != nil {
		return nil, err
	}
	out := []Logout{}
	for _, n := range list {
		out = append(out, logoutOf(n))
	}
	return out, nil
}
