package web

import (
	"slices"
	"strings"
	"testing"

	"latchkey/provider/account"
	"latchkey/storage"
)

func TestApplications(t *testing.T) {
	b := newBench(t, sampleIssuer)
	v := b.get(t, "/account/applications", signedIn).status(200).
		says("Apps with access", "gone-app", "Allowed 400 days ago", "That you sign in", "Harbour Notes", "Allowed 3 days ago", "Your email address", "Keep this access until you take it back",
			"notes:write", "api.harbour.example/v1", "Harbour TV", "Tide Tables Part of Latchkey: it does not ask").
		holds(`aria-current="page"`, `name="client_id" value="harbour-notes"`, `src="/client-logo/harbour-notes?v=`, `src="/client-logo/tide-tables?v=`,
			// OpenID Connect Core §4: the application begins the sign-in, and is told with whom.
			`href="https://notes.harbour.example/sign-in?from=id&amp;iss=http%3A%2F%2Flocalhost%3A8099"`, `href="https://tv.harbour.example/"`).
		lacks(`value="tide-tables"`, "(sign in)", "(resource)")
	said := text(v.Body.String())
	var order []int
	for _, name := range []string{"gone-app", "Harbour Notes", "Harbour TV", "Tide Tables"} {
		order = append(order, strings.Index(said, name))
	}
	if !slices.IsSorted(order) || strings.Count(v.Body.String(), `action="/account/applications/remove"`) != 3 {
		t.Errorf("order %v", order)
	}
	b.get(t, "/account/applications?ui_locales=de", signedIn).status(200).says("Anwendungen mit Zugriff", "Erlaubt vor 3 Tagen", "Zugriff entziehen", "Öffnen")
	b.get(t, "/account/applications?notice=access_removed", signedIn).says("Access removed")

	b.verbs.consents = func() ([]storage.Consent, error) { return nil, nil }
	b.get(t, "/account/applications", signedIn).status(200).says("Tide Tables").lacks("Harbour Notes") // used, but not allowed any more
	b.verbs.sessions = func() ([]storage.Session, error) { return nil, nil }
	b.get(t, "/account/applications", signedIn).status(200).says("No app has access yet")
	b.verbs.sessions = func() ([]storage.Session, error) { return nil, storage.ErrUnavailable }
	b.get(t, "/account/applications", signedIn).status(500)
	b.verbs.consents = func() ([]storage.Consent, error) { return nil, refusal(account.Gone) }
	b.get(t, "/account/applications", signedIn).goes("/login").sets("sid")
}

// TestInitiate: OpenID Connect Core §4.
func TestInitiate(t *testing.T) {
	b := newBench(t, "https://id.example/a")
	for uri, want := range map[string]string{
		"https://a.example/start":             "https://a.example/start?iss=https%3A%2F%2Fid.example%2Fa",
		"https://a.example/start?x=1%20&y":    "https://a.example/start?x=1%20&y&iss=https%3A%2F%2Fid.example%2Fa",
		"":                                    "",
		"javascript:alert(1)":                 "",
		"https:///x":                          "",
		"https://a.example/?iss=https://evil": "https://a.example/?iss=https://evil&iss=https%3A%2F%2Fid.example%2Fa",
	} {
		if got := b.initiate(storage.Client{InitiateLoginURI: uri}); got != want {
			t.Errorf("%q opens %q", uri, got)
		}
	}
}

func TestApplicationRemove(t *testing.T) {
	b := newBench(t, sampleIssuer)
	var removed []string
	b.verbs.removed = func(id string) error { removed = append(removed, id); return nil }
	b.post(t, "/account/applications/remove", form("client_id", "harbour-notes"), signedIn).goes("/account/applications?notice=access_removed")
	if !slices.Equal(removed, []string{"harbour-notes"}) || !slices.Equal(b.verbs.lastAccounts, []int64{7}) || b.verbs.lastCaller.Address != "192.0.2.17" || b.verbs.lastCaller.RequestID == "" {
		t.Errorf("removed %q for %v, by %+v", removed, b.verbs.lastAccounts, b.verbs.lastCaller)
	}
	b.post(t, "/account/applications/remove?client_id=x", form(), signedIn).goes("/account/applications?notice=access_removed")
	if removed[1] != "" {
		t.Errorf("an address removed %q", removed[1])
	}
	b.verbs.removed = func(string) error { return refusal(account.Gone) }
	b.post(t, "/account/applications/remove", form("client_id", "harbour-notes"), signedIn).goes("/account/applications?notice=access_removed") // twice pressed
	b.verbs.removed = func(string) error { return storage.ErrUnavailable }
	b.post(t, "/account/applications/remove", form("client_id", "harbour-notes"), signedIn).status(500)
}
