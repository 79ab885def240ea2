package admin

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
	"time"
	"unicode"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/storage"
)

// Registrations keeps initial access tokens (RFC 7591 §3).
type Registrations interface {
	CreateRegistrationToken(ctx context.Context, t storage.RegistrationToken, now time.Time) error
	ListRegistrationTokens(ctx context.Context, now time.Time) ([]storage.RegistrationToken, error)
	DeleteRegistrationToken(ctx context.Context, id string, now time.Time) error
}

// NewToken asks for an initial access token.
type NewToken struct {
	// Name is the operator's word for it.
	Name string `json:"name"`
	// MaxUses is how many clients may be registered with it, 0 for no bound; ExpiresIn is in seconds, 0 for no end.
	MaxUses   int   `json:"max_uses,omitempty"`
	ExpiresIn int64 `json:"expires_in,omitempty"`
	// PKCEExempt: its clients are excused from PKCE. Public ones never are.
	PKCEExempt bool `json:"pkce_exempt,omitempty"`
}

// Token tells of an initial access token.
type Token struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Uses       int       `json:"uses"`
	MaxUses    int       `json:"max_uses,omitempty"`
	PKCEExempt bool      `json:"pkce_exempt,omitempty"`
	CreatedAt  time.Time `json:"created_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	// Token is told once, when it was made.
	Token string `json:"token,omitempty"`
}

// maxTokenLife and maxTokenUses bound what is asked.
const (
	maxTokenLife = 10 * 365 * 24 * 60 * 60 // seconds
	maxTokenUses = 1_000_000
)

func tokenOf(t storage.RegistrationToken) Token {
	return Token{ID: t.ID, Name: t.Name, Uses: t.Uses, MaxUses: t.MaxUses, PKCEExempt: t.PKCEExempt, CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt}
}

func (a api) createToken(r *http.Request) (any, error) {
	var in NewToken
	if err := read(r, &in); err != nil {
		return nil, err
	}
	fields := map[string]string{}
	if in.Name == "" || len(in.Name) > client.MaxText || strings.ContainsFunc(in.Name, unicode.IsControl) {
		fields["name"] = "must have 1 to 200 bytes, and no control characters"
	}
	if in.MaxUses < 0 || in.MaxUses > maxTokenUses {
		fields["max_uses"] = "must be from 0, for no bound, to 1000000"
	}
	if in.ExpiresIn < 0 || in.ExpiresIn > maxTokenLife {
		fields["expires_in"] = "must be from 0, for no end, to 315360000 seconds"
	}
	if len(fields) > 0 {
		return nil, &Fault{Code: "invalid", Message: "the token is not valid", Fields: fields}
	}
	id := make([]byte, 6)
	_, _ = rand.Read(id) // never fails
	now := a.Now().UTC()
	token, hash := client.NewRegistrationToken(client.InitialPrefix)
	t := storage.RegistrationToken{ID: hex.EncodeToString(id), Hash: hash, Name: in.Name, MaxUses: in.MaxUses, PKCEExempt: in.PKCEExempt, CreatedAt: now}
	if in.ExpiresIn > 0 {
		t.ExpiresAt = now.Add(time.Duration(in.ExpiresIn) * time.Second)
	}
	if err := a.Registrations.CreateRegistrationToken(r.Context(), t, now); err != nil {
		return nil, err
	}
	a.record(r, audit.RegTokenChanged, "", "created")
	out := tokenOf(t)
	out.Token = token
	return out, nil
}

func (a api) listTokens(r *http.Request) (any, error) {
	list, err := a.Registrations.ListRegistrationTokens(r.Context(), a.Now())
	if err != nil {
		return nil, err
	}
	out := []Token{}
	for _, t := range list {
		out = append(out, tokenOf(t))
	}
	return out, nil
}

func (a api) deleteToken(r *http.Request) (any, error) {
	if err := a.Registrations.DeleteRegistrationToken(r.Context(), r.PathValue("token"), a.Now()); err != nil {
		return nil, err
	}
	a.record(r, audit.RegTokenChanged, "", "deleted")
	return Done{true}, nil
}
