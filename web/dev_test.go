package web

import (
	"strings"
	"testing"
)

func TestMailbox(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/dev/mail").status(200).says("Choose a new password", "Confirm your email address", "3 minutes ago").holds(`href="/dev/mail?m=2"`)
	b.get(t, "/dev/mail?m=1").status(200).says("Welcome to Latchkey", "HTML version").holds(`<a href="http://localhost:8099/reset?token=sample-token">`).lacks("<table", "background:#e7eeed")
	for _, m := range []string{"0", "3", "-1", "x", "99999999999999999999"} {
		b.get(t, "/dev/mail?m="+m).status(404)
	}
	b.Site.Mailbox = fakeMailbox{}
	b.get(t, "/dev/mail").status(200).says("No mail yet")
}

func TestDemo(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, p := range []string{"/demo", "/demo/callback?code=c&state=s"} {
		v := b.get(t, p).status(200).says("Sample app").holds(`data-issuer="http://localhost:8099"`, `data-client="demo"`, "/demo.js")
		v.lacks("code=c")
	}
	js := string(whole(t, b.assets.byName["demo.js"]))
	for _, never := range []string{"innerHTML", "eval(", "document.write", "localStorage", "import "} {
		if strings.Contains(js, never) {
			t.Errorf("the sample application uses %s", never)
		}
	}
}
