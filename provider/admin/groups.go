package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"latchkey/provider/account"
	"latchkey/storage"
)

// Groups is what is known of groups beside the accounts: what the operator's files say.
type Groups interface {
	// Of are the groups that count for an account, sorted.
	Of(a storage.Account) []string
	// Declared lists the groups of files, in order of name.
	Declared() []DeclaredGroup
}

// DeclaredGroup is a group of the operator's files.
type DeclaredGroup struct {
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
	// ByCommand: it has members too that were put into it by command.
	ByCommand bool `json:"by_command,omitempty"`
}

// Group is a group as operators see it.
type Group struct {
	Name string `json:"name"`
	// Declared: a file has it. ByCommand: membership by command counts.
	Declared  bool `json:"declared"`
	ByCommand bool `json:"by_command"`
	// Count is how many accounts are in it; Members are they, where one group is asked for.
	Count   int      `json:"count"`
	Members []Member `json:"members,omitempty"`
	// Waiting are those whom a file names and who are not in it yet, with the reason.
	Waiting []Waiting `json:"waiting,omitempty"`
}

// Member is an account in a group. ByCommand: it was put into it by command, else a file names it.
type Member struct {
	ID        int64  `json:"id"`
	Username  string `json:"username,omitempty"`
	Email     string `json:"email,omitempty"`
	ByCommand bool   `json:"by_command"`
}

// Waiting is a member of a file who does not count: nobody has the account, or has not proven the address.
type Waiting struct {
	Member string `json:"member"`
	Reason string `json:"reason"`
}

// accounts calls do for every account, page by page.
func (a api) accounts(ctx context.Context, do func(storage.Account)) error {
	for after := int64(0); ; {
		page, err := a.Users.ListAccounts(ctx, after, pageSize)
		if err != nil {
			return err
		}
		for _, one := range page {
			do(one)
			after = one.ID
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

// declaredGroup is what the files say of a group.
func (a api) declaredGroup(name string) (DeclaredGroup, bool) {
	all := a.Groups.Declared()
	if i := slices.IndexFunc(all, func(g DeclaredGroup) bool { return g.Name == name }); i >= 0 {
		return all[i], true
	}
	return DeclaredGroup{}, false
}

// listGroups looks at every account: an operator asks seldom, and a token needs no list.
func (a api) listGroups(r *http.Request) (any, error) {
	found := map[string]*Group{}
	for _, g := range a.Groups.Declared() {
		found[g.Name] = &Group{Name: g.Name, Declared: true, ByCommand: g.ByCommand}
	}
	err := a.accounts(r.Context(), func(one storage.Account) {
		for _, name := range a.Groups.Of(one) {
			if found[name] == nil {
				found[name] = &Group{Name: name, ByCommand: true}
			}
			found[name].Count++
		}
	})
	if err != nil {
		return nil, err
	}
	out := make([]Group, 0, len(found))
	for _, g := range found {
		out = append(out, *g)
	}
	storage.Sort(out, func(x, y Group) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}

func (a api) showGroup(r *http.Request) (any, error) {
	name := r.PathValue("group")
	declared, is := a.declaredGroup(name)
	out := Group{Name: name, Declared: is, ByCommand: !is || declared.ByCommand}
	waiting := map[string]string{}
	for _, m := range declared.Members {
		waiting[m] = "there is no such account"
	}
	err := a.accounts(r.Context(), func(one storage.Account) {
		in, named := slices.Contains(a.Groups.Of(one), name), false
		for _, m := range []string{one.EmailKey, one.Sub, one.UsernameKey} {
			if !slices.Contains(declared.Members, m) || m == one.EmailKey && !one.EmailVerified && in {
				continue
			}
			if named = in; in {
				delete(waiting, m)
			} else {
				waiting[m] = "the address is not proven"
			}
		}
		if in {
			out.Members = append(out.Members, Member{ID: one.ID, Username: one.Username, Email: one.Email, ByCommand: !named})
		}
	})
	if err != nil {
		return nil, err
	}
	if !is && len(out.Members) == 0 {
		return nil, storage.ErrNotFound
	}
	out.Count = len(out.Members)
	for _, m := range declared.Members {
		if reason, waits := waiting[m]; waits {
			out.Waiting = append(out.Waiting, Waiting{m, reason})
		}
	}
	return out, nil
}

// setMember puts a user into a group, or takes them out.
func (a api) setMember(r *http.Request, member bool) (any, error) {
	name := r.PathValue("group")
	if err := storage.CheckGroup(name); err != nil {
		return nil, &Fault{Code: "invalid", Message: "the group's name " + err.Error()}
	}
	if g, is := a.declaredGroup(name); is && !g.ByCommand && member {
		return nil, &Fault{Code: "invalid", Message: "the group stands in a file with its members: change it there, or set by_command there"}
	}
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	was := slices.Contains(found.Groups, name)
	found, err = a.SetMember(r.Context(), found.ID, name, member, caller())
	if errors.Is(err, account.ErrGroups) {
		return nil, &Fault{Code: "invalid", Message: fmt.Sprintf("the account is in %d groups already", storage.MaxGroups)}
	}
	if err != nil {
		return nil, err
	}
	if !member && slices.Contains(a.Groups.Of(found), name) {
		return nil, &Fault{Code: "invalid", Message: "a file names the user as a member: change it there"}
	}
	if !member && !was {
		return nil, &Fault{Code: "invalid", Message: "the user is not in that group"}
	}
	return userWith(found, a.Groups.Of(found)), nil
}
