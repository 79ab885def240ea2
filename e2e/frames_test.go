package e2e

import (
	"testing"

	"latchkey/e2e/harness"
)

// TestFrontChannelLogout runs frames.mjs: applications on other origins, and on another site, are told of a sign-out by frames.
func TestFrontChannelLogout(t *testing.T) {
	apps := []*relyingParty{newRelyingParty(t, "bookshop", "localhost"), newRelyingParty(t, "library", "127.0.0.1")}
	var clients []map[string]any
	var origins []string
	for _, rp := range apps {
		c := rp.client()
		c["frontchannel_logout_uri"], c["frontchannel_logout_session_required"] = rp.at+"/frontchannel", true
		clients, origins = append(clients, c), append(origins, rp.at)
	}
	s := harness.Start(t, harness.Options{Host: "localhost", Path: "/id", Clients: clients})
	for _, rp := range apps {
		rp.issuer = s.Issuer
	}
	s.SignUp(t, personName, "ada@example.test", personPassword)
	runNode(t, "frames.mjs", object{"issuer": s.Issuer, "parties": origins, "login": personName, "password": personPassword, "chromium": "/usr/bin/chromium"}, func(object) any {
		var told [][]object
		var sids []any
		for _, rp := range apps {
			rp.mu.Lock()
			told, sids = append(told, rp.told), append(sids, jwtPart(t, rp.idToken, 1)["sid"])
			rp.told = nil
			rp.mu.Unlock()
		}
		return object{"told": told, "sids": sids}
	})
}
