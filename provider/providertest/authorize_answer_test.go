package providertest

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"latchkey/provider/authorize"
	"latchkey/storage"
)

// TestSessionState: who gets session_state, and who does not.
func TestSessionState(t *testing.T) {
	i := testIssuer(t, Config(everyType), Clients(WebClient("front", front)))
	i.Person("alice")
	i.Provider.Authorize.SessionState = func(_ *http.Request, clientID, redirectURI string) string { return clientID + " " + redirectURI }
	a, b := i.App("front"), i.Browser()
	first, _ := b.Get(a.Authorize("prompt", "none")).Response()
	for _, c := range []struct {
		name  string
		pairs []string
		want  bool
	}{
		{"Session Management §2 code", nil, true},
		{"Session Management §2 id_token", []string{"response_type", "id_token"}, true},
		{"Session Management §2 without openid", []string{"scope", "read"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := b.Through(b.Get(a.Authorize(c.pairs...)), "alice").Response()
			if got.Has("error") || got.Has("session_state") != c.want || c.want && got.Get("session_state") != "front "+Callback {
				t.Errorf("%v", got)
			}
		})
	}
	if first.Get("error") != "login_required" || first.Get("session_state") == "" {
		t.Errorf("Session Management §3.1 prompt=none: %v", first)
	}
	if got, _ := b.Get(a.Authorize("prompt", "consent")).Submit("decision", "deny").Response(); got.Has("session_state") {
		t.Errorf("a refusal: %v", got)
	}
	i.Provider.Authorize.SessionState = nil
	if got, _ := b.Get(a.Authorize()).Response(); got.Get("code") == "" || got.Has("session_state") {
		t.Errorf("turned off: %v", got)
	}
}

// TestSessionKnowsItsClients: what logout goes by.
func TestSessionKnowsItsClients(t *testing.T) {
	told := func(c *storage.Client) { c.BackchannelLogoutURI = "https://app.example.test/bye" }
	i := testIssuer(t, Config(everyType), Clients(WebClient("front", front), WebClient("back", front, told), WebClient("later", front)))
	i.Person("alice")
	b := i.Browser()
	for _, step := range []struct {
		name, client, responseType string
		clients, notify            []string
	}{
		{"Front-Channel Logout §2 each client that got an answer", "front", "id_token", []string{"front"}, nil},
		{"Back-Channel Logout §2.3 those that want to be told", "back", "id_token", []string{"front", "back"}, []string{"back"}},
		{"Back-Channel Logout §2.3 each once", "back", "code id_token", []string{"front", "back"}, []string{"back"}},
		{"a code", "later", "code", []string{"front", "back", "later"}, []string{"back"}},
	} {
		t.Run(step.name, func(t *testing.T) {
			b.Through(b.Get(i.App(step.client).Authorize("response_type", step.responseType)), "alice").Response()
			if s := session(t, i, b); !slices.Equal(s.Clients, step.clients) || !slices.Equal(s.Notify, step.notify) {
				t.Errorf("%v, to be told %v", s.Clients, s.Notify)
			}
		})
	}
	t.Run("Back-Channel Logout §2.3 a client that wants to be told from now on", func(t *testing.T) {
		declared := i.Registry.Declared()
		for n := range declared {
			if declared[n].ID == "later" {
				told(&declared[n])
			}
		}
		i.Registry.Declare(declared)
		b.Get(i.App("later").Authorize()).Response()
		if s := session(t, i, b); !slices.Equal(s.Notify, []string{"back", "later"}) || len(s.Clients) != 3 {
			t.Errorf("%v, to be told %v", s.Clients, s.Notify)
		}
	})
}

// used notes who was used.
type used struct {
	authorize.Clients
	who []string
}

func (u *used) Used(_ context.Context, c storage.Client) { u.who = append(u.who, c.ID) }

func TestUseKeepsClients(t *testing.T) {
	i := testIssuer(t, Config(everyType), Clients(WebClient("front", front)))
	i.Person("alice")
	u := &used{Clients: i.Provider.Authorize.Clients}
	i.Provider.Authorize.Clients = u
	a, b := i.App("front"), i.Browser()
	p := b.Get(a.Authorize("response_type", "id_token"))
	b.Get(a.Authorize("response_type", "id_token", "prompt", "none"))
	if len(u.who) != 0 {
		t.Errorf("anybody could keep it: %v", u.who)
	}
	if b.Through(p, "alice"); !slices.Equal(u.who, []string{"front"}) {
		t.Errorf("a client that never comes to the token endpoint: %v", u.who)
	}
}

func TestScopesOfResources(t *testing.T) {
	i := testIssuer(t, Clients(WebClient("front", front)))
	i.Person("alice")
	i.Provider.Authorize.Resources = map[string][]string{API: {"read"}, OtherAPI: {"write"}}
	a, b := i.App("front"), i.Browser()
	for _, c := range []struct {
		name, scope, resource, want, err string
	}{
		{"RFC 8707 §2.2 a token at the front bears the scopes of its resource", "openid read write", API, "openid read", ""},
		{"RFC 8707 §2.2 and no others without openid", "read write", OtherAPI, "write", ""},
		{"RFC 8707 §2.1 none of them", "read", OtherAPI, "", "invalid_target"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := b.Through(b.Get(a.Authorize("response_type", "code token", "scope", c.scope, "resource", c.resource)), "alice").Response()
			if got.Get("error") != c.err || got.Get("scope") != c.want {
				t.Fatalf("%v", got)
			}
			if c.err == "" && payload(t, got.Get("access_token"))["scope"] != c.want {
				t.Errorf("%v", payload(t, got.Get("access_token")))
			}
		})
	}
	t.Run("RFC 8707 §2.1 several at once", func(t *testing.T) {
		q := a.Request("response_type", "code token", "scope", "openid read write offline_access")
		q["resource"] = []string{API, OtherAPI}
		got, _ := b.Through(b.Get("/authorize?"+q.Encode()), "alice").Response()
		claims := payload(t, got.Get("access_token"))
		if aud, _ := claims["aud"].([]any); len(aud) != 3 || claims["scope"] != "openid read write offline_access" {
			t.Errorf("%v", claims)
		}
	})
}
