package e2e

import (
	"testing"

	"latchkey/e2e/harness"
)

// TestSecondFactorInChromium runs second.mjs: second factors with the mouse and by keyboard alone, and every page of them looked at.
func TestSecondFactorInChromium(t *testing.T) {
	start := func(key string, value any, people ...string) *harness.Server {
		s := harness.Start(t, harness.Options{Host: "localhost"})
		for _, name := range people {
			s.SignUp(t, name, name+"@example.test", "four unrelated words")
		}
		if key != "" { // nobody could sign up by the API once everybody needs two
			s.Stop(t)
			s.Config[key] = value
			s.WriteConfig(t)
			s.Launch(t)
			s.WaitReady(t)
		}
		return s
	}
	runNode(t, "second.mjs", object{
		"issuer": start("", nil, "mia").Issuer, "strict": start("accounts.second_factor.required", "all", "zoe").Issuer,
		"hasty": start("accounts.step_up_age", "1m", "ola").Issuer, "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium",
	}, func(ask object) any {
		t.Errorf("asked for %v", ask)
		return nil
	})
}
