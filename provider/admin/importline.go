package admin

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// Line is an account as a line of JSON: what moves between systems. Beside these members it has the claims of [Claims].
type Line struct {
	Sub      string `json:"sub,omitempty"`
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	// PasswordHash is argon2id or bcrypt, see [account.IsPasswordHash].
	PasswordHash string    `json:"password_hash,omitempty"`
	Groups       []string  `json:"groups,omitempty"`
	Disabled     bool      `json:"disabled,omitempty"`
	CreatedAt    time.Time `json:"created_at,omitzero"`
}

// ReadLine makes an account of a line. Errors: *Fault, whose Fields name what is wrong with each member.
func ReadLine(text []byte, now time.Time) (storage.Account, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || members == nil {
		return storage.Account{}, &Fault{Code: "invalid", Message: "is no JSON object"}
	}
	f := &Fault{Code: "invalid", Message: "is not valid", Fields: map[string]string{}}
	var l Line
	for name, into := range map[string]any{"sub": &l.Sub, "username": &l.Username, "email": &l.Email, "password_hash": &l.PasswordHash,
		"groups": &l.Groups, "disabled": &l.Disabled, "created_at": &l.CreatedAt} {
		if raw, has := members[name]; has && json.Unmarshal(raw, into) != nil {
			f.Fields[name] = "has the wrong type"
		}
		delete(members, name)
	}
	claims := Claims(members)
	change, vouched, err := claims.change()
	if wrong, ok := errors.AsType[*Fault](err); ok {
		maps.Copy(f.Fields, wrong.Fields)
	}
	if len(f.Fields) > 0 {
		return storage.Account{}, f
	}
	a, err := account.Import{Sub: l.Sub, Username: l.Username, Email: l.Email, PasswordHash: l.PasswordHash, Groups: l.Groups, Disabled: l.Disabled,
		CreatedAt: l.CreatedAt, Profile: change, Vouched: vouched}.Account(now)
	return a, claimFault(err)
}

// WriteLine is the line that [ReadLine] makes that account of. Files, sessions, second factors and passkeys are not in it.
func WriteLine(a storage.Account) ([]byte, error) {
	out := claimsOf(a)
	head, err := json.Marshal(Line{Sub: a.Sub, Username: a.Username, Email: a.Email, PasswordHash: a.PasswordHash, Groups: a.Groups, Disabled: a.Disabled, CreatedAt: a.CreatedAt.UTC()})
	if err != nil {
		return nil, err
	}
	var members map[string]any
	if err := json.Unmarshal(head, &members); err != nil {
		return nil, err
	}
	maps.Copy(out, members)
	if a.Email != "" {
		out["email_verified"] = a.EmailVerified
	}
	return json.Marshal(out)
}

// Differences names the members in which the account differs from what a line says, of those that the line says anything about. A password may have
// been changed since, and its hash is made anew at the next sign-in: it does not count.
func Differences(line []byte, is, imported storage.Account) []string {
	var says map[string]json.RawMessage
	if json.Unmarshal(line, &says) != nil {
		return []string{"line"}
	}
	a, b := membersOf(is), membersOf(imported)
	var names []string
	for name := range says {
		if name != "password_hash" && a[name] != b[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// membersOf are the members of an account's line, each as JSON.
func membersOf(a storage.Account) map[string]string {
	out := map[string]string{}
	text, err := WriteLine(a)
	if err != nil {
		return out
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(text, &members) // what was just written
	for name, raw := range members {
		out[name] = string(raw)
	}
	return out
}
