package web

import (
	"context"
	"testing"

	"latchkey/storage"
)

// TestApplicationsStart: from the list of applications one goes on in each of them, where it said how.
func TestApplicationsStart(t *testing.T) {
	b := newBench(t, sampleIssuer)
	const iss = "iss=http%3A%2F%2Flocalhost%3A8099"
	for _, c := range []struct {
		name, address, want string
	}{
		{"OpenID Connect Core §4 with iss", "https://notes.example/start", `href="https://notes.example/start?` + iss + `"`},
		{"OpenID Connect Core §4 its own query stays", "https://notes.example/start?from=id", `href="https://notes.example/start?from=id&amp;` + iss + `"`},
		{"OpenID Connect Core §4 else its page", "", `href="https://notes.example/"`},
		{"OpenID Connect Core §4 what runs is no address", "javascript:alert(1)", `href="https://notes.example/"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.Site.Client = func(_ context.Context, id string) (storage.Client, error) {
				return storage.Client{ID: id, Name: "Notes", URI: "https://notes.example/", InitiateLoginURI: c.address}, nil
			}
			b.verbs.consents = func() ([]storage.Consent, error) {
				return []storage.Consent{{AccountID: 7, ClientID: "notes", Scopes: []string{"openid"}}}, nil
			}
			b.get(t, "/account/applications", signedIn).status(200).holds(c.want).lacks("javascript:")
		})
	}
}
