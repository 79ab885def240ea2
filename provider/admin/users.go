package admin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// User is an account as operators see it.
type User struct {
	ID            int64     `json:"id"`
	Sub           string    `json:"sub"`
	Username      string    `json:"username,omitempty"`
	Email         string    `json:"email,omitempty"`
	EmailVerified bool      `json:"email_verified"`
	FullName      string    `json:"full_name,omitempty"`
	Disabled      bool      `json:"disabled"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	// DeleteAt is when the account will be deleted, as its owner asked; nil where it will not.
	DeleteAt *time.Time `json:"delete_at,omitempty"`
	// Factors are the second factors, where one account is shown.
	Factors *UserFactors `json:"factors,omitempty"`
	// Groups are those that count for the account, of files and by command.
	Groups []string `json:"groups,omitempty"`
	// Claims are the standard claims that the account holds, in the form of [Claims].
	Claims map[string]any `json:"claims,omitempty"`
}

// NewUser asks for an account.
type NewUser struct {
	Username string `json:"username,omitempty"`
	Email    string `json:"email,omitempty"`
	FullName string `json:"full_name,omitempty"`
	Password string `json:"password"`
	// Claims are set once the account is there; where one is not valid there is no account.
	Claims Claims `json:"claims,omitempty"`
}

// Password sets one.
type Password struct {
	Password string `json:"password"`
}

// Done says that it is done, where there is nothing else to say.
type Done struct {
	Done bool `json:"done"`
}

// pageSize is how many are listed at once, at most.
const pageSize = 1000

func userOf(a storage.Account) User {
	u := User{
		ID: a.ID, Sub: a.Sub, Username: a.Username, Email: a.Email, EmailVerified: a.EmailVerified, FullName: a.FullName, Disabled: a.Disabled,
		CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(), Claims: claimsOf(a),
	}
	if !a.DeleteAt.IsZero() {
		at := a.DeleteAt.UTC()
		u.DeleteAt = &at
	}
	return u
}

// keepUser takes back that an account is deleted.
func (a api) keepUser(r *http.Request) (any, error) {
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	if found, err = a.KeepAccount(r.Context(), found.ID, caller()); err != nil {
		return nil, err
	}
	return userOf(found), nil
}

func userWith(a storage.Account, groups []string) User {
	out := userOf(a)
	out.Groups = groups
	return out
}

// limit is the query's, bounded.
func limit(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("limit"))
	if err != nil || n < 1 || n > pageSize {
		return pageSize
	}
	return n
}

func (a api) listUsers(r *http.Request) (any, error) {
	after, err := strconv.ParseInt("0"+r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		return nil, &Fault{Code: "invalid", Message: "after is no number"}
	}
	accounts, err := a.Users.ListAccounts(r.Context(), after, limit(r))
	if err != nil {
		return nil, err
	}
	out := make([]User, 0, len(accounts))
	for _, account := range accounts {
		out = append(out, userOf(account))
	}
	return out, nil
}

// user finds who is meant: by number, sub, e-mail address or username.
func (a api) user(r *http.Request) (storage.Account, error) {
	name := r.PathValue("user")
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		return a.Users.FindAccount(r.Context(), storage.AccountKey{ID: id})
	}
	if len(name) == 36 && strings.Count(name, "-") == 4 {
		return a.Users.FindAccount(r.Context(), storage.AccountKey{Sub: name})
	}
	if strings.Contains(name, "@") {
		email, ok := account.ParseEmail(name)
		if !ok {
			return storage.Account{}, storage.ErrNotFound
		}
		return a.Users.FindAccount(r.Context(), storage.AccountKey{EmailKey: email.Key})
	}
	return a.Users.FindAccount(r.Context(), storage.AccountKey{UsernameKey: account.UsernameKey(name)})
}

func (a api) showUser(r *http.Request) (any, error) {
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	out := userWith(found, a.Groups.Of(found))
	out.Factors, err = a.factorsOf(r.Context(), found)
	return out, err
}

func (a api) createUser(r *http.Request) (any, error) {
	var in NewUser
	if err := read(r, &in); err != nil {
		return nil, err
	}
	change, vouched, err := in.Claims.change()
	if err != nil {
		return nil, err
	}
	if err := account.CheckClaims(&storage.Account{Email: in.Email}, change, vouched); err != nil {
		return nil, claimFault(err)
	}
	dialect := account.Page
	if in.Email == "" {
		dialect = account.Simple // the one that does without an address
	}
	out, err := a.SignUp(r.Context(), account.SignUp{
		Dialect: dialect, Username: in.Username, Email: in.Email, FullName: in.FullName, Password: in.Password, Caller: caller(), NoSession: true,
	})
	if err != nil {
		return nil, err
	}
	if out.Account.ID == 0 { // pages must not tell that the address is known; operators may
		return nil, &account.Refusal{Kind: account.EmailTaken}
	}
	if len(in.Claims) == 0 {
		return userOf(out.Account), nil
	}
	return a.setClaims(r, out.Account, in.Claims)
}

func (a api) setDisabled(r *http.Request, disabled bool) (any, error) {
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	if found, err = a.Users.SetDisabled(r.Context(), found.ID, disabled, caller()); err != nil {
		return nil, err
	}
	return userOf(found), nil
}

func (a api) setPassword(r *http.Request) (any, error) {
	var in Password
	if err := read(r, &in); err != nil {
		return nil, err
	}
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	return Done{true}, a.Users.SetPassword(r.Context(), found.ID, in.Password, caller())
}

func (a api) deleteUser(r *http.Request) (any, error) {
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	return Done{true}, a.Users.Delete(r.Context(), found.ID, caller())
}
