package accountapi

import (
	"errors"
	"net/http"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/serve"
	"latchkey/storage"
)

func asRefusal(err error) (*account.Refusal, bool) { return errors.AsType[*account.Refusal](err) }

// user is every field of an account that its owner sees. What is absent is null.
type user struct {
	ID              int64    `json:"id"`
	Sub             string   `json:"sub"`
	Username        *string  `json:"username"`
	Email           *string  `json:"email"`
	EmailVerified   bool     `json:"email_verified"`
	FullName        *string  `json:"full_name"`
	FirstName       *string  `json:"first_name"`
	LastName        *string  `json:"last_name"`
	Phone           *string  `json:"phone"`
	ExperienceYears *int     `json:"experience_years"`
	Skills          []string `json:"skills"`
	Resume          *resume  `json:"resume"`
	Picture         *string  `json:"picture"`
	CreatedAt       string   `json:"created_at"`
	UpdatedAt       string   `json:"updated_at"`
}

// resume describes the file, not where it is.
type resume struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	UploadedAt  string `json:"uploaded_at"`
}

func (a *API) user(acc storage.Account) user {
	skills := acc.Skills
	if skills == nil {
		skills = []string{}
	}
	return user{
		ID: acc.ID, Sub: acc.Sub, Username: present(acc.Username), Email: present(acc.Email), EmailVerified: acc.EmailVerified,
		FullName: present(acc.FullName), FirstName: present(acc.FirstName), LastName: present(acc.LastName), Phone: present(acc.Phone),
		ExperienceYears: acc.ExperienceYears, Skills: skills, Resume: resumeOf(acc.Resume), Picture: a.picture(acc.Picture),
		CreatedAt: stamp(acc.CreatedAt), UpdatedAt: stamp(acc.UpdatedAt),
	}
}

func resumeOf(f *storage.FileInfo) *resume {
	if f == nil {
		return nil
	}
	return &resume{f.Filename, f.ContentType, f.Size, stamp(f.UploadedAt)}
}

func (a *API) picture(f *storage.FileInfo) *string {
	if f == nil {
		return nil
	}
	return present(a.Issuer + "/media/" + f.ID)
}

func present(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// platformUser and simpleUser are what those dialects' sign-ups return.
type platformUser struct {
	ID       int64   `json:"id"`
	Sub      string  `json:"sub"`
	Username string  `json:"username"`
	Email    string  `json:"email"`
	FullName *string `json:"full_name"`
}

type simpleUser struct {
	ID       int64  `json:"id"`
	Sub      string `json:"sub"`
	Username string `json:"username"`
}

// done is the body of an answer that has nothing to tell.
type done struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

// tokenBody is the answer of sign-up and login in the platform and simple dialects.
type tokenBody struct {
	Success   bool   `json:"success"`
	Message   string `json:"message"`
	Token     string `json:"token"`
	TokenType string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	User      any    `json:"user"`
}

// tokens answers with an access token for the session.
func (a *API) tokens(w http.ResponseWriter, r *http.Request, status int, d account.Dialect, message string, in account.SignedIn, view any) error {
	ttl := a.PlatformTTL
	if d == account.Simple {
		ttl = a.SimpleTTL
	}
	token, expiresIn, err := a.Tokens.AccessToken(r.Context(), in.Account, in.Session, d, ttl)
	if err != nil {
		return err
	}
	signedIn(r, in.Account)
	return serve.WriteJSON(w, status, tokenBody{true, message, token, "Bearer", expiresIn, view})
}
