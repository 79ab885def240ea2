package e2e

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPasskeysInChromium runs passkeys.mjs: passkeys made and used in a browser with an authenticator of software.
func TestPasskeysInChromium(t *testing.T) {
	rp := newRelyingParty(t, "bookshop", "127.0.0.1")
	s := harness.Start(t, harness.Options{Host: "localhost", Clients: append(harness.Clients(), rp.client())})
	strict := harness.Start(t, harness.Options{Host: "localhost"})
	strict.SignUp(t, "rita", "rita@example.test", "four unrelated words")
	strict.Stop(t)
	strict.Config["accounts.second_factor.required"] = "all"
	strict.WriteConfig(t)
	strict.Launch(t)
	strict.WaitReady(t)
	rp.issuer = s.Issuer
	for _, name := range []string{"rita", "otto", "keys", "board", "plain"} {
		s.SignUp(t, name, name+"@example.test", "four unrelated words")
	}
	runNode(t, "passkeys.mjs", object{
		"issuer": s.Issuer, "strict": strict.Issuer, "rp": rp.at, "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium",
	}, func(ask object) any {
		switch ask["ask"] {
		case "idToken": // what the application was told of the sign-in
			rp.mu.Lock()
			defer rp.mu.Unlock()
			return claimsOf(t, rp.idToken)
		case "mailed":
			to, subject := ask["to"].(string), ask["subject"].(string)
			harness.Until(t, 30*time.Second, "a mail about "+subject+" came to "+to, func() error {
				if !slices.ContainsFunc(s.Mail.To(to), func(m harness.Letter) bool { return strings.Contains(m.Subject, subject) }) {
					return errors.New("none yet")
				}
				return nil
			})
			return object{"found": true}
		}
		t.Errorf("asked for %v", ask)
		return nil
	})
}

// claimsOf reads a token without verifying it.
func claimsOf(t *testing.T, token string) (claims object) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no token: %q", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err == nil {
		err = json.Unmarshal(raw, &claims)
	}
	if err != nil {
		t.Fatal(err)
	}
	return claims
}
