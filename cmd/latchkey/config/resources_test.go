package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResources(t *testing.T) {
	for _, c := range []struct{ name, yaml, fault string }{
		{"RFC 8707 §2 two of them", "[{resource: 'https://a.example', scope: read}, {resource: 'urn:b', scope: ''}]", ""},
		{"RFC 8707 §2 a fragment", "[{resource: 'https://a.example#x', scope: read}]", "resources[0].resource"},
		{"RFC 8707 §2 not absolute", "[{resource: a, scope: read}]", "resources[0].resource"},
		{"one twice", "[{resource: 'https://a.example'}, {resource: 'https://a.example'}]", "resources[1].resource"},
		{"RFC 6749 §3.3 a scope that is none", `[{resource: 'https://a.example', scope: 'a"b'}]`, "resources[0].scope"},
		{"an unknown member", "[{uri: 'https://a.example'}]", "not a known key"},
		{"no list", "{resource: 'https://a.example'}", "must be a list"},
	} {
		t.Run(c.name, func(t *testing.T) {
			loaded, err := Load(Sources{Env: []string{"LATCHKEY_DEV=true", "LATCHKEY_RESOURCES=" + c.yaml}})
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(map[string][]string{"https://a.example": {"read"}, "urn:b": {}}, loaded.ResourceScopes()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestFetchCA(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(file, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + ".missing"} {
		_, err := Load(Sources{Env: []string{"LATCHKEY_DEV=true", "LATCHKEY_FETCH_CA_FILE=" + name}})
		if err == nil || !strings.Contains(err.Error(), "fetch.ca_file") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
