package providertest

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/provider"
	"latchkey/provider/oauth"
	"latchkey/storage"
)

// TestSignUpClosed: what discovery leaves out is refused.
func TestSignUpClosed(t *testing.T) {
	i := testIssuer(t, Config(func(c *provider.Config) { c.SignUpOpen = false }))
	listed, _ := i.Call("GET", "/.well-known/openid-configuration", nil, nil).JSON["prompt_values_supported"].([]any)
	for _, v := range oauth.Prompts() {
		t.Run("Initiating User Registration §4, §4.1 "+v, func(t *testing.T) {
			p := i.Browser().Get(i.App("basic").Authorize("prompt", v))
			taken := p.Left == nil || p.Left.Query().Get("error") != "invalid_request"
			if announced := slices.Contains(listed, any(v)); taken != announced || announced == (v == "create") {
				t.Errorf("announced: %v, taken: %v", announced, taken)
			}
		})
	}
}

// TestOwnResponseTypes: a client's own list bounds it, whoever wrote it, though all be on.
func TestOwnResponseTypes(t *testing.T) {
	only := func(own string) func(*storage.Client) {
		return func(c *storage.Client) {
			c.ResponseTypes, c.GrantTypes = strings.Split(own, ","), []string{"authorization_code", "implicit"}
		}
	}
	i := testIssuer(t, Config(everyType), Clients(WebClient("hybrid", only("code,id_token code")), WebClient("code", only("code"))))
	for _, id := range []string{"hybrid", "code"} {
		for _, rt := range oauth.ResponseTypes() {
			t.Run("RFC 7591 §2 "+id+" asks for "+rt, func(t *testing.T) {
				want := "unauthorized_client"
				if rt == "code" || (id == "hybrid" && rt == "code id_token") {
					want = "login_required"
				}
				if got, _ := i.Browser().Get(i.App(id).Authorize("response_type", rt, "prompt", "none")).Response(); got.Get("error") != want {
					t.Errorf("%v, want %s", got, want)
				}
			})
		}
	}
}

// away fails every read of a session while it is on.
type away struct {
	storage.Store
	on *atomic.Bool
}

func (s away) Session(ctx context.Context, sid string, now time.Time) (storage.Session, error) {
	if s.on.Load() {
		return storage.Session{}, storage.ErrUnavailable
	}
	return s.Store.Session(ctx, sid, now)
}

// TestSilentFault: nobody sees the page that a silent request would end on, so the client is told.
func TestSilentFault(t *testing.T) {
	var on atomic.Bool
	i := testIssuer(t, WrapStore(func(s storage.Store) storage.Store { return away{s, &on} }), Clients(WebClient("front", front)))
	i.Person("alice")
	a, b := i.App("front"), i.Browser()
	a.SignIn(b, "alice")
	on.Store(true)
	for _, c := range []struct {
		name  string
		pairs []string
		mode  oauth.ResponseMode
	}{
		{"RFC 6749 §4.1.2.1 temporarily_unavailable", nil, oauth.ModeQuery},
		{"RFC 6749 §4.2.2.1 temporarily_unavailable", []string{"response_type", "id_token"}, oauth.ModeFragment},
		{"Form Post Response Mode §2 temporarily_unavailable", []string{"response_mode", "form_post"}, oauth.ModeFormPost},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, mode := b.Get(a.Authorize(append(c.pairs, "prompt", "none")...)).Response()
			if mode != c.mode || got.Get("error") != "temporarily_unavailable" || got.Get("state") != "st" || got.Get("iss") != URL || strings.Contains(got.Encode(), "store") {
				t.Errorf("by %s: %v", mode, got)
			}
		})
	}
	if p := b.Get(a.Authorize()); p.Left != nil || p.Status != 503 {
		t.Errorf("somebody looks on: %d left %v", p.Status, p.Left)
	}
	if p := b.Get(a.Authorize("prompt", "none", "redirect_uri", "https://evil.test/")); p.Left != nil || p.Status != 400 {
		t.Errorf("RFC 9700 §4.11: %d left %v", p.Status, p.Left)
	}
	if !strings.Contains(i.Log.String(), `"outcome":"temporarily_unavailable"`) || !strings.Contains(i.Log.String(), "store") {
		t.Error("the log does not say why")
	}
}
