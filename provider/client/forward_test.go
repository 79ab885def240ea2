package client

import (
	"strings"
	"testing"
	"time"

	"latchkey/storage"
)

// What of forward_auth is refused when the client is made.
func TestCheckForward(t *testing.T) {
	rule := func(r string) string { return `{"hosts": ["wiki.test", "docs.test:8443"], "rules": [` + r + `]}` }
	for _, row := range []struct{ name, doc, want string }{
		{"hosts alone", `{"hosts": ["wiki.test"]}`, ""},
		{"an IPv6 address", `{"hosts": ["[2001:db8::1]:8443"]}`, ""},
		{"everything", `{"hosts": ["wiki.test"], "headers": "x-auth-request", "user": "email", "bearer_audience": "https://api.test", "session_ttl": 3600, "rules": [
			{"hosts": ["wiki.test"], "methods": ["GET", "M-SEARCH"], "paths": ["/a/*", "/b"], "access": "public"}, {"paths": ["/c*"], "access": "deny"},
			{"groups": ["a b"], "users": ["ada"], "emails": ["ada@x.test"], "email_domains": ["x.test"], "access": "people"}]}`, ""},
		{"a session of days", `{"hosts": ["wiki.test"], "session_ttl": "30d"}`, ""},
		{"a session of too many days", `{"hosts": ["wiki.test"], "session_ttl": "31d"}`, "from 1m"},
		{"a method of its own", rule(`{"methods": ["DELETE"], "groups": ["admins"]}`), ""},

		{"no hosts", `{}`, "has no hosts"},
		{"no mapping", `[]`, "must be a mapping"},
		{"a member that nobody knows", `{"hosts": ["wiki.test"], "host": "x"}`, "is not known"},
		{"an address as host", `{"hosts": ["https://wiki.test"]}`, "is no host"},
		{"a host with a path", `{"hosts": ["wiki.test/x"]}`, "is no host"},
		{"a pattern as host", `{"hosts": ["*.wiki.test"]}`, "is no host"},
		{"a host with user information", `{"hosts": ["a@wiki.test"]}`, "is no host"},
		{"capitals", `{"hosts": ["Wiki.test"]}`, "capitals"},
		{"the port of https", `{"hosts": ["wiki.test:443"]}`, "port 443"},
		{"a dot at the end", `{"hosts": ["wiki.test."]}`, "dot"},
		{"a host twice", `{"hosts": ["wiki.test", "wiki.test"]}`, "twice"},
		{"our own host", `{"hosts": ["id.test"]}`, "this server itself"},
		{"headers of another kind", `{"hosts": ["wiki.test"], "headers": "x"}`, "must be one of"},
		{"a user of another kind", `{"hosts": ["wiki.test"], "user": "name"}`, "must be one of"},
		{"RFC 8707 §2 an audience that is none", `{"hosts": ["wiki.test"], "bearer_audience": "x"}`, "absolute URI"},
		{"an endless session", `{"hosts": ["wiki.test"], "session_ttl": "8760h"}`, "from 1m"},
		{"a session of no time", `{"hosts": ["wiki.test"], "session_ttl": 0}`, "from 1m"},
		{"a rule that says nothing", rule(`{}`), "empty"},
		{"a rule for all, for everybody", rule(`{"access": "people"}`), "says nothing"},
		{"everything public", rule(`{"access": "public"}`), "public without paths"},
		{"public for some", rule(`{"paths": ["/x"], "access": "public", "groups": ["a"]}`), "names people"},
		{"a host of another application", rule(`{"hosts": ["docs.test"], "access": "deny"}`), "not among hosts"},
		{"a method in small letters", rule(`{"methods": ["get"], "access": "deny"}`), "capitals"},
		{"a path without slash", rule(`{"paths": ["x"], "access": "deny"}`), "no plain one"},
		{"a pattern within a path", rule(`{"paths": ["/*/x"], "access": "deny"}`), "no plain one"},
		{"a path with dots", rule(`{"paths": ["/a/../b"], "access": "deny"}`), "no plain one"},
		{"a path that is encoded", rule(`{"paths": ["/a%20b"], "access": "deny"}`), "no plain one"},
		{"a query", rule(`{"paths": ["/a?b"], "access": "deny"}`), "no plain one"},
		{"a path that ends with a dot", rule(`{"paths": ["/a."], "access": "deny"}`), "no plain one"},
		{"a folder that ends with a space", rule(`{"paths": ["/a /b"], "access": "deny"}`), "no plain one"},
		{"how names with a dot begin", rule(`{"paths": ["/a.*", "/.well-known/*", "/*"], "access": "deny"}`), ""},
		{"letters in two parts, which no plain path has", rule(`{"paths": ["/e\u0301"], "access": "deny"}`), "no plain one"},
		{"wide letters", rule(`{"paths": ["/\uff41/*"], "access": "deny"}`), "no plain one"},
		{"letters in one part", rule(`{"paths": ["/\u00e9/*", "/\u674e"], "access": "deny"}`), ""},
		{"every path", rule(`{"paths": ["*"], "access": "deny"}`), "no plain one"},
		{"somebody in capitals", rule(`{"users": ["Ada"]}`), "lower case"},
		{"an address as username", rule(`{"users": ["ada@x.test"]}`), "username"},
		{"no address", rule(`{"emails": ["ada"]}`), "e-mail"},
		{"a group that cannot be", rule(`{"groups": ["a,b"]}`), "group"},
		{"a list of nothing", rule(`{"groups": []}`), "1 to"},
		{"a list with a number", rule(`{"users": [7]}`), "no string"},
	} {
		c := storage.Client{ID: "wiki", Forward: []byte(row.doc)}
		Complete(&c)
		Complete(&c) // what follows follows once
		var all []string
		for _, f := range Check(c, Served{Issuer: "https://id.test"}) {
			all = append(all, f.Field+" "+f.String())
		}
		text := strings.Join(all, "; ")
		if (row.want == "") != (text == "") || !strings.Contains(text, row.want) || row.want != "" && !strings.Contains(text, "forward_auth") {
			t.Errorf("%s: %s", row.name, text)
		}
	}
	for name, change := range map[string]func(*storage.Client){
		"RFC 7591 §2 keys":         func(c *storage.Client) { c.JWKS = []byte(ecKeys) },
		"RFC 7591 §3 registered":   func(c *storage.Client) { c.Registered = true; c.SkipConsent = false },
		"RFC 7523 §3 an identity":  func(c *storage.Client) { c.Federated = []byte(`[` + identity + `]`) },
		"RFC 6749 §2.3.1 a secret": func(c *storage.Client) { c.Secrets = []storage.ClientSecret{{}} },
	} {
		c := storage.Client{ID: "wiki", Forward: []byte(`{"hosts": ["wiki.test"]}`)}
		Complete(&c)
		change(&c)
		if Check(c, Served{}) == nil {
			t.Errorf("%s is let through", name)
		}
	}
}

// Files alone have it, and a host belongs to one client.
func TestForwarded(t *testing.T) {
	var c storage.Client
	for _, who := range []Who{Registrant, Operator} {
		if faults := ReadMetadata(&c, parse(t, `{"forward_auth": {"hosts": ["wiki.test"]}}`), who, true); len(faults) != 1 || c.Forward != nil {
			t.Errorf("RFC 7591 §2 taken: %v", faults)
		}
	}
	r := NewRegistry(nil)
	app := func(id string, disabled bool) storage.Client {
		c := storage.Client{ID: id, Disabled: disabled, Forward: []byte(`{"hosts": ["wiki.test"], "session_ttl": "90m"}`)}
		Complete(&c)
		return c
	}
	for range 20 { // whatever the order of a map
		r.Declare([]storage.Client{app("b", false), app("a", true), app("c", false)})
		if f, ok := r.Forwarded("wiki.test"); !ok || f.Client.ID != "b" || f.TTL != 90*time.Minute || f.User != UserByName || f.Headers != RemoteHeaders {
			t.Fatalf("%+v %t", f, ok)
		}
	}
	if _, ok := r.Forwarded("WIKI.test"); ok {
		t.Error("found in capitals")
	}
	if told, ok := WriteMetadata(app("a", false), Operator)["forward_auth"]; !ok {
		t.Error("operators are not shown it", told)
	}
}
