package reconcile

import (
	"slices"
	"strings"
	"sync/atomic"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/admin"
	"latchkey/storage"
)

// Directory tells requests what files say of groups and scopes. It is in memory: what counts for a person is worked out anew whenever it is asked, so
// nothing needs to be written, and replicas that have the same files say the same.
type Directory struct{ now atomic.Pointer[index] }

type index struct {
	groups []config.Group
	// byCommand says of each declared group whether members by command count.
	byCommand                  map[string]bool
	byEmail, byUsername, bySub map[string][]string
	scopes                     map[string]config.Scope
	claims                     map[string][]string
	listed                     []string
}

// NewDirectory makes one in which nothing is declared.
func NewDirectory() *Directory {
	d := &Directory{}
	d.Set(config.Declared{})
	return d
}

// Set replaces what is declared, at once for all requests that come.
func (d *Directory) Set(c config.Declared) {
	x := &index{groups: c.Groups, byCommand: map[string]bool{}, byEmail: map[string][]string{}, byUsername: map[string][]string{}, bySub: map[string][]string{},
		scopes: map[string]config.Scope{}, claims: map[string][]string{}}
	for _, g := range c.Groups {
		x.byCommand[g.Name] = g.ByCommand
		for _, m := range g.Members {
			switch {
			case m.Email != "":
				x.byEmail[m.Email] = append(x.byEmail[m.Email], g.Name)
			case m.Sub != "":
				x.bySub[m.Sub] = append(x.bySub[m.Sub], g.Name)
			default:
				x.byUsername[m.Username] = append(x.byUsername[m.Username], g.Name)
			}
		}
	}
	for _, s := range c.Scopes {
		x.scopes[s.Name], x.claims[s.Name] = s, s.Claims
		if !s.Hidden {
			x.listed = append(x.listed, s.Name)
		}
	}
	d.now.Store(x)
}

// Of implements [admin.Groups]: the groups of a person, sorted, each once. An address counts once it is proven: whoever signs up can write any.
func (d *Directory) Of(a storage.Account) []string {
	x := d.now.Load()
	var out []string
	for _, g := range a.Groups {
		if byCommand, declared := x.byCommand[g]; !declared || byCommand {
			out = append(out, g)
		}
	}
	if a.EmailVerified && a.EmailKey != "" {
		out = append(out, x.byEmail[a.EmailKey]...)
	}
	if a.UsernameKey != "" {
		out = append(out, x.byUsername[a.UsernameKey]...)
	}
	out = append(out, x.bySub[a.Sub]...)
	slices.Sort(out)
	return slices.Compact(out)
}

// Declared implements [admin.Groups].
func (d *Directory) Declared() []admin.DeclaredGroup {
	return groupsOf(d.now.Load().groups)
}

func groupsOf(groups []config.Group) []admin.DeclaredGroup {
	out := make([]admin.DeclaredGroup, 0, len(groups))
	for _, g := range groups {
		one := admin.DeclaredGroup{Name: g.Name, ByCommand: g.ByCommand}
		for _, m := range g.Members {
			one.Members = append(one.Members, m.String())
		}
		out = append(out, one)
	}
	return out
}

// Claims are those that each declared scope brings. They are not to be changed.
func (d *Directory) Claims() map[string][]string { return d.now.Load().claims }

// Listed are the declared scopes that discovery tells of, in order of name. They are not to be changed.
func (d *Directory) Listed() []string { return d.now.Load().listed }

func scopeOf(s config.Scope) admin.DeclaredScope {
	return admin.DeclaredScope{Name: s.Name, Descriptions: s.Descriptions, Claims: s.Claims, Hidden: s.Hidden}
}

// Text is what people are told of a scope, in their language, else in the one that it is without a region, else in that of all others; "" if nothing
// is.
func (d *Directory) Text(scope, locale string) string {
	words := d.now.Load().scopes[scope].Descriptions
	for locale != "" {
		for tag, text := range words {
			if strings.EqualFold(tag, locale) {
				return text
			}
		}
		i := strings.LastIndex(locale, "-")
		locale = locale[:max(i, 0)]
	}
	return words[""]
}
