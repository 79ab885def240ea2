package storage_test

import (
	"slices"
	"strings"
	"testing"

	"latchkey/storage"
)

func TestCheckGroup(t *testing.T) {
	for name, good := range map[string]bool{
		"admins": true, "system:masters": true, "/team/a": true, "Domain Admins": true, "équipe": true, strings.Repeat("x", 128): true,
		"": false, " a": false, "a ": false, "a,b": false, "a*": false, `a"`: false, `a\`: false, "a\nb": false, "a\u202eb": false, "a\xff": false,
		strings.Repeat("x", 129): false,
	} {
		if err := storage.CheckGroup(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestJoinAndLeave(t *testing.T) {
	start := []string{"b", "d"}
	for _, row := range []struct {
		what      string
		got, want []string
	}{
		{"first", storage.JoinGroup(nil, "x"), []string{"x"}},
		{"in its place", storage.JoinGroup(start, "c"), []string{"b", "c", "d"}},
		{"twice", storage.JoinGroup(start, "b"), []string{"b", "d"}},
		{"leave", storage.LeaveGroup(start, "b"), []string{"d"}},
		{"leave what one is not in", storage.LeaveGroup(start, "c"), []string{"b", "d"}},
		{"what was given stays", start, []string{"b", "d"}},
	} {
		if !slices.Equal(row.got, row.want) {
			t.Errorf("%s: %v, want %v", row.what, row.got, row.want)
		}
	}
}
