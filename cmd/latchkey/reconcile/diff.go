package reconcile

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/admin"
)

// Change is one thing that differs.
type Change struct {
	// Kind is "client", "group" or "scope"; Name names it; What is "created", "changed" or "removed".
	Kind string `json:"kind"`
	Name string `json:"name"`
	What string `json:"change"`
	// Members are what differs of something that changed, or what something created has.
	Members []Member `json:"members,omitempty"`
}

// Member is a member that differs: From is in use, To is declared; nil where there is none.
type Member struct {
	Name string `json:"name"`
	From any    `json:"from,omitempty"`
	To   any    `json:"to,omitempty"`
}

// Declared is what files declare, in the form in which a server tells what it uses.
func Declared(c config.Declared) admin.Declaration {
	out := admin.Declaration{Source: "files", Groups: groupsOf(c.Groups)}
	for _, one := range c.Clients {
		out.Clients = append(out.Clients, admin.DeclaredClient(one))
	}
	for _, s := range c.Scopes {
		out.Scopes = append(out.Scopes, scopeOf(s))
	}
	return out
}

// Compare tells what differs between what is in use and what files declare, in order of kind and name. Where a store was asked in place of a server,
// clients are all that can be compared, and not whether they are disabled.
func Compare(used, files admin.Declaration) ([]Change, error) {
	fromStore := used.Source == "store"
	var out []Change
	for _, kind := range []struct {
		name        string
		used, files map[string]map[string]any
	}{
		{"client", clientMembers(used, fromStore), clientMembers(files, fromStore)},
		{"group", groupMembers(used), groupMembers(files)},
		{"scope", scopeMembers(used), scopeMembers(files)},
	} {
		if fromStore && kind.name != "client" {
			continue
		}
		changes, err := compare(kind.name, kind.used, kind.files)
		if err != nil {
			return nil, err
		}
		out = append(out, changes...)
	}
	return out, nil
}

func clientMembers(d admin.Declaration, fromStore bool) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, c := range d.Clients {
		members := c.Members()
		if fromStore {
			delete(members, "disabled")
		}
		out[c.Text("client_id")] = members
	}
	return out
}

func groupMembers(d admin.Declaration) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, g := range d.Groups {
		members := map[string]any{}
		if g.ByCommand {
			members["by_command"] = true
		}
		for _, m := range g.Members {
			members["members["+m+"]"] = m
		}
		out[g.Name] = members
	}
	return out
}

func scopeMembers(d admin.Declaration) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, s := range d.Scopes {
		members := map[string]any{}
		for locale, text := range s.Descriptions {
			members[strings.TrimSuffix("description#"+locale, "#")] = text
		}
		if len(s.Claims) > 0 {
			members["claims"] = s.Claims
		}
		if s.Hidden {
			members["hidden"] = true
		}
		out[s.Name] = members
	}
	return out
}

func compare(kind string, used, files map[string]map[string]any) ([]Change, error) {
	names := map[string]bool{}
	for _, side := range []map[string]map[string]any{used, files} {
		for name := range side {
			names[name] = true
		}
	}
	var out []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, inUse := used[name]
		to, declared := files[name]
		c := Change{Kind: kind, Name: name, What: "changed"}
		switch {
		case !declared:
			c.What, from = "removed", nil
		case !inUse:
			c.What = "created"
		}
		var err error
		if c.Members, err = differing(from, to); err != nil {
			return nil, err
		}
		if c.What != "changed" || len(c.Members) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// differing compares as JSON: one side may have come through it.
func differing(from, to map[string]any) (out []Member, err error) {
	plainFrom, err := plain(from)
	if err != nil {
		return nil, err
	}
	plainTo, err := plain(to)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(plainFrom)
	maps.Copy(names, plainTo)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if f, t := plainFrom[name], plainTo[name]; !reflect.DeepEqual(f, t) {
			out = append(out, Member{Name: name, From: f, To: t})
		}
	}
	return out, nil
}

func plain(m map[string]any) (out map[string]any, err error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	out = map[string]any{}
	if m == nil {
		return out, nil
	}
	return out, json.Unmarshal(raw, &out)
}

// Revision names what is declared: two that use the same have the same, and nothing can be learned from it.
func Revision(d admin.Declaration) string { return revision(d.Clients, d.Groups, d.Scopes) }
