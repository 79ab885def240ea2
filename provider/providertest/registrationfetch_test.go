package providertest

import (
	"strings"
	"testing"
)

// TestRegistersOnlyWhatIsReached: an address that the fetcher would never connect to is told at once, and not repeated.
func TestRegistersOnlyWhatIsReached(t *testing.T) {
	s := newSide(t)
	i := New(t, registering(), fetching(t, s))
	for name, field := range map[string]string{
		"RFC 7591 §2 jwks_uri":           "jwks_uri",
		"RFC 7591 §2 logo_uri":           "logo_uri",
		"Back-Channel Logout §2.2":       "backchannel_logout_uri",
		"OpenID Connect Registration §5": "sector_identifier_uri",
	} {
		a := i.sendJSON("POST", "/register", "", object{"redirect_uris": []string{Callback}, field: "https://10.0.0.1/x"})
		said := a.Str("error_description")
		if a.Status != 400 || a.Str("error") != "invalid_client_metadata" || !strings.HasPrefix(said, field+" ") || !strings.Contains(said, "public internet") || strings.Contains(a.Raw, "10.0.0.1") {
			t.Errorf("%s: %d %s", name, a.Status, a.Raw)
		}
	}
	i.register(t, "", object{"redirect_uris": []string{Callback}, "backchannel_logout_uri": "https://127.0.0.1/x"}) // the rig exempts loopback
}
