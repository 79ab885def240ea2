package account

import (
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"latchkey/storage"
)

// The names of fields that only an import has, in Refusal.Fields.
const (
	FieldSub          = "sub"
	FieldPasswordHash = "password_hash"
	FieldGroups       = "groups"
)

// Import is a person as another system knew them.
type Import struct {
	// Sub is what applications know the person by; "" for a new one.
	Sub string
	// Username and Email, of which there must be one; as sign-up takes them.
	Username, Email string
	// PasswordHash is as [IsPasswordHash] has it; "" where the person has no password here.
	PasswordHash string
	Groups       []string
	Disabled     bool
	// CreatedAt is zero where it is not known.
	CreatedAt time.Time
	Profile   Profile
	Vouched   Vouched
}

// importedSub is what a foreign sub may be (OpenID Connect Core §2: at most 255 ASCII characters), without what would have to be escaped anywhere.
var importedSub = shape(`^[A-Za-z0-9._~:|=+/-]{1,255}$`)

// Account makes the account, by the rules of sign-up. Refusals: Invalid.
func (in Import) Account(now time.Time) (storage.Account, error) {
	r := &Refusal{Kind: Invalid}
	now = now.UTC().Truncate(time.Microsecond) // as finely as every store keeps it
	a := storage.Account{Sub: in.Sub, Disabled: in.Disabled, CreatedAt: now, UpdatedAt: now}
	if !in.CreatedAt.IsZero() {
		a.CreatedAt = in.CreatedAt.UTC().Truncate(time.Microsecond)
	}
	switch {
	case in.Sub == "":
		a.Sub = randomUUID()
	case !importedSub().MatchString(in.Sub):
		r.add(FieldSub, Malformed)
	}
	in.names(&a, r)
	if in.PasswordHash != "" {
		if !IsPasswordHash(in.PasswordHash) {
			r.add(FieldPasswordHash, Malformed)
		}
		a.PasswordHash, a.PasswordHistory, a.PasswordSetAt = in.PasswordHash, []string{in.PasswordHash}, a.CreatedAt
	}
	for _, g := range in.Groups {
		if storage.CheckGroup(g) != nil {
			r.add(FieldGroups, Malformed)
			break
		}
	}
	a.Groups = slices.Compact(slices.Sorted(slices.Values(in.Groups)))
	if len(a.Groups) == 0 {
		a.Groups = nil
	}
	if err := CheckClaims(&a, in.Profile, in.Vouched); err != nil && len(r.Fields) == 0 {
		return storage.Account{}, err
	}
	if len(r.Fields) > 0 {
		return storage.Account{}, r
	}
	return a, nil
}

func (in Import) names(a *storage.Account, r *Refusal) {
	if in.Username == "" && in.Email == "" {
		r.add(FieldUsername, Missing)
	}
	if in.Username != "" {
		if p, bad := checkUsername(Page, in.Username); bad {
			r.add(FieldUsername, p)
		}
		a.Username, a.UsernameKey = in.Username, UsernameKey(in.Username)
	}
	if in.Email != "" {
		e, ok := ParseEmail(in.Email)
		if !ok {
			r.add(FieldEmail, Malformed)
		}
		a.Email, a.EmailKey = e.Address, e.Key
	}
}

func randomUUID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return uuidOf(b)
}

// uuidOf makes 16 random bytes a UUID (RFC 9562 §5.4).
func uuidOf(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
