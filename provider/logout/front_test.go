package logout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

func own(_ storage.Client, sid string) string { return sid }

func TestTold(t *testing.T) {
	front := func(id, uri string) storage.Client {
		return storage.Client{ID: id, Name: "App " + id, FrontchannelLogoutURI: uri}
	}
	with := func(c storage.Client, change func(*storage.Client)) storage.Client { change(&c); return c }
	const issuer, params = "https://id.example/a b", "iss=https%3A%2F%2Fid.example%2Fa+b&sid=s+1"
	for _, c := range []struct {
		name   string
		client storage.Client
		names  []string
		frames []string
	}{
		{"Front-Channel Logout §2 iss and sid", front("a", "https://a.example/out"), []string{"App a"}, []string{"https://a.example/out?" + params}},
		{"Front-Channel Logout §2 the query stays", front("a", "https://a.example/out?x=1%20&y"), []string{"App a"}, []string{"https://a.example/out?x=1%20&y&" + params}},
		{"Front-Channel Logout §2 no fragment", front("a", "https://a.example/out#x"), []string{"App a"}, []string{"https://a.example/out?" + params}},
		{"Front-Channel Logout §2 also where they are required", with(front("a", "https://a.example/out"), func(c *storage.Client) { c.FrontchannelLogoutSessionRequired = true }),
			[]string{"App a"}, []string{"https://a.example/out?" + params}},
		{"what is no web page", front("a", "javascript:alert(1)"), nil, nil},
		{"what is no address", front("a", "https:///x"), nil, nil},
		{"Back-Channel Logout §2.2", storage.Client{ID: "b", Name: "B", BackchannelLogoutURI: "https://b.example/bc"}, []string{"B"}, nil},
		{"it registered later, and is not told of this session", storage.Client{ID: "c", Name: "C", BackchannelLogoutURI: "https://c.example/bc"}, nil, nil},
		{"one that wants to know nothing", storage.Client{ID: "b", Name: "B"}, nil, nil},
		{"one that is gone", storage.Client{ID: ""}, nil, nil},
		{"one that cannot be read", storage.Client{ID: "unreadable"}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := clients{c.client.ID: c.client}
			if c.client.ID == "" {
				known = nil
			}
			apps, frames := Front{Issuer: issuer, Clients: known, SID: own}.Told(t.Context(), storage.Session{SID: "s 1", Clients: []string{c.client.ID}, Notify: []string{"b"}})
			var names []string
			for _, app := range apps {
				names = append(names, app.Name)
			}
			if d := cmp.Diff([][]string{c.names, c.frames}, [][]string{names, frames}); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("in order, and not without end", func(t *testing.T) {
		known, s := clients{}, storage.Session{SID: "s"}
		for n := range maxFrames + 5 {
			id := fmt.Sprintf("c%02d", n)
			known[id] = front(id, "https://"+id+".example/out")
			s.Clients = append(s.Clients, id)
		}
		apps, frames := Front{Issuer: issuer, Clients: known, SID: own}.Told(t.Context(), s)
		if len(apps) != maxFrames || len(frames) != maxFrames || apps[1].Name != "App c01" || !strings.HasPrefix(frames[1], "https://c01.") {
			t.Errorf("%d %d", len(apps), len(frames))
		}
	})
}
