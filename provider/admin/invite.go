package admin

import (
	"errors"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// NewInvitation asks for an account whose owner sets the password, by a mailed link.
type NewInvitation struct {
	Email    string   `json:"email"`
	FullName string   `json:"full_name,omitempty"`
	Groups   []string `json:"groups,omitempty"`
	// Locale is the language of the mail, "" for the default.
	Locale string `json:"locale,omitempty"`
}

// Invited is the account that waits for its owner.
type Invited struct {
	User
	// ExpiresAt is when the invitation stops working.
	ExpiresAt time.Time `json:"invitation_expires_at"`
}

func (a api) invite(r *http.Request) (any, error) {
	var in NewInvitation
	if err := read(r, &in); err != nil {
		return nil, err
	}
	for _, g := range in.Groups {
		if err := storage.CheckGroup(g); err != nil {
			return nil, &Fault{Code: "invalid", Message: "a group has a name that " + err.Error()}
		}
	}
	made, expires, err := a.Invite(r.Context(), account.Invitation{Email: in.Email, FullName: in.FullName, Groups: in.Groups, Locale: in.Locale}, caller())
	if errors.Is(err, account.ErrGroups) {
		return nil, &Fault{Code: "invalid", Message: "these are too many groups"}
	}
	if err != nil {
		return nil, err
	}
	return Invited{userWith(made, a.Groups.Of(made)), expires.UTC()}, nil
}
