package e2e

import (
	"testing"

	"latchkey/e2e/harness"
)

// TestLifecycleInChromium runs lifecycle.mjs.
func TestLifecycleInChromium(t *testing.T) {
	s := harness.Start(t, harness.Options{Host: "localhost"})
	if out, bad, code := s.Run(t, "users", "invite", "ines@example.test", "--name", "Ines"); code != 0 {
		t.Fatalf("%d %s %s", code, out, bad)
	}
	invited, _ := s.Mail.Link(t, "ines@example.test", "/invite", 1)
	runNode(t, "lifecycle.mjs", object{
		"issuer": s.Issuer, "invited": invited, "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium",
	}, func(ask object) any {
		to, path, n := ask["to"].(string), ask["path"].(string), int(ask["n"].(float64))
		link, _ := s.Mail.Link(t, to, path, n)
		answer := object{"link": link}
		if path == "/verify" || path == "/login/mail/link" {
			answer["code"] = mailCode(t, s, to, path, n)
		}
		return answer
	})
}
