package client

import (
	"strings"

	"latchkey/storage"
)

// full has a list say something where it is there.
func full(m member, empty string) member {
	m.empty = empty
	return m
}

// EmptyMember says what is wrong with a member that is there and holds nothing, such as an empty list of those who may use the client; "" where that is
// as if it were not there.
func EmptyMember(name string) string {
	row, _ := find(members(), name)
	return row.empty
}

// groups checks which groups a client is for, and which it is told.
func (k *checker) groups() {
	c := k.c
	for _, list := range []struct {
		field  string
		values []string
		open   bool
	}{{"allowed_groups", c.AllowedGroups, false}, {"groups_filter", c.GroupsFilter, true}} {
		k.bad(len(list.values) > MaxListed, list.field, "has more than %d", MaxListed)
		for _, v := range list.values {
			name := v
			if list.open {
				name = strings.TrimSuffix(v, "*")
			}
			if list.open && v == "*" { // every beginning
				continue
			}
			if err := storage.CheckGroup(name); err != nil {
				k.badValue(true, list.field, v, "is no name of a group: it %v", err)
			}
		}
	}
	k.bad(c.SecondFactor && len(c.GrantTypes) == 1 && k.has("client_credentials"), "second_factor", "is set, but nobody signs in to a client that has client_credentials alone")
	// Who is nobody is in no group.
	k.bad(len(c.AllowedGroups) > 0 && len(c.GrantTypes) == 1 && k.has("client_credentials"), "allowed_groups", "is set, but nobody signs in to a client that has client_credentials alone")
}
