package config

import (
	"fmt"
	"slices"
	"strings"

	"latchkey/provider/account"
	"latchkey/provider/token"
	"latchkey/storage"
)

// Declared is what files declare: a file, or all files of a folder.
type Declared struct {
	// Clients in order of ID; Groups and Scopes in order of name.
	Clients []storage.Client
	Groups  []Group
	Scopes  []Scope
}

// Group is a group of people.
type Group struct {
	Name    string
	Members []Member
	// ByCommand: it has the members too that an operator put into it by command. Without it, it has those of the file alone.
	ByCommand bool
}

// Member names a person, by exactly one of the three, in the form in which the store compares it.
type Member struct{ Email, Username, Sub string }

// String is the member as a file names it.
func (m Member) String() string {
	switch {
	case m.Email != "":
		return m.Email
	case m.Sub != "":
		return m.Sub
	}
	return m.Username
}

// Scope is a scope that is declared.
type Scope struct {
	Name string
	// Description is what people are told of it, by language; "" is the language for all others.
	Descriptions map[string]string
	// Claims that it brings, of [token.ScopeClaims].
	Claims []string
	// Hidden: discovery does not tell of it.
	Hidden bool
}

// MaxMembers bounds the members of one group in a file. MaxDescription bounds what people are told of a scope, in bytes.
const (
	MaxMembers     = 10000
	MaxDescription = 200
)

// UsernamesAreGiven says whether people have the usernames that an operator gave them. Where they can take any that is free, a stranger could take one
// that a file names.
func (c *Config) UsernamesAreGiven() bool { return c.Accounts.SignUp != "open" }

// parseMember reads what a file calls a member: an e-mail address has an "@", a sub is a UUID, and all else is a username.
func parseMember(text string, usernames bool) (Member, error) {
	switch {
	case strings.Contains(text, "@"):
		email, ok := account.ParseEmail(text)
		if !ok {
			return Member{}, fmt.Errorf("has the member %q, which is no e-mail address", text)
		}
		return Member{Email: email.Key}, nil
	case len(text) == 36 && strings.Count(text, "-") == 4:
		return Member{Sub: strings.ToLower(text)}, nil
	case text == "" || strings.ContainsAny(text, " \t\n"):
		return Member{}, fmt.Errorf("has the member %q, which is neither an e-mail address, a sub nor a username", text)
	case !usernames:
		return Member{}, fmt.Errorf("has the member %q, a username: whoever signs up could take it. Name an e-mail address or a sub, or set accounts.signup to closed", text)
	}
	return Member{Username: account.UsernameKey(text)}, nil
}

// GroupSpec is a group as a file describes it.
type GroupSpec struct {
	Name      string
	Members   []string
	ByCommand bool
	line      int
}

func (g *GroupSpec) table() []key {
	return []key{{path: "name", to: &g.Name}, {path: "members", to: &g.Members}, {path: "by_command", to: &g.ByCommand}}
}

// record checks the group.
func (g *GroupSpec) record(usernames bool) (Group, []error) {
	var wrong []error
	if err := storage.CheckGroup(g.Name); err != nil {
		wrong = append(wrong, fmt.Errorf("has a name that %w", err))
	}
	if len(g.Members) > MaxMembers {
		return Group{}, append(wrong, fmt.Errorf("has more than %d members", MaxMembers))
	}
	out := Group{Name: g.Name, ByCommand: g.ByCommand}
	for _, text := range g.Members {
		m, err := parseMember(text, usernames)
		if err != nil {
			wrong = append(wrong, err)
		}
		out.Members = append(out.Members, m)
	}
	storage.Sort(out.Members, func(a, b Member) int { return strings.Compare(a.String(), b.String()) })
	out.Members = slices.Compact(out.Members)
	return out, wrong
}

// ScopeSpec is a scope as a file describes it.
type ScopeSpec struct {
	Name, Description string
	Claims            []string
	Hidden            bool
	localized         []localizedText
	line              int
}

func (s *ScopeSpec) table() []key {
	t := []key{{path: "name", to: &s.Name}, {path: "description", to: &s.Description}, {path: "claims", to: &s.Claims, oneOf: token.ScopeClaims()}, {path: "hidden", to: &s.Hidden}}
	for i := range s.localized {
		t = append(t, key{path: s.localized[i].name, to: &s.localized[i].text})
	}
	return t
}
