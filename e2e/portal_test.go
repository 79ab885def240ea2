package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// TestPortalInChromium runs portal.mjs: the account's own pages with the mouse, by keyboard alone and without script, with applications that are told of
// a sign-out, cannot be told, and do not listen.
func TestPortalInChromium(t *testing.T) {
	side := newSide(t)
	apps := []*relyingParty{newRelyingParty(t, "bookshop", "127.0.0.1"), newRelyingParty(t, "library", "127.0.0.1"), newRelyingParty(t, "intranet", "127.0.0.1")}
	var clients []map[string]any
	at := object{}
	for _, rp := range apps {
		c := rp.client()
		c["client_name"] = map[string]string{"bookshop": "The Corner Bookshop", "library": "The Library", "intranet": "The Intranet"}[rp.id]
		clients, at[rp.id] = append(clients, c), rp.at
	}
	clients[0]["backchannel_logout_uri"] = side.URL + "/bookshop"
	clients[1]["backchannel_logout_uri"] = "https://127.0.0.1:9/nobody-listens"
	clients[2]["skip_consent"] = true
	start := func(more object) *harness.Server {
		config := harness.Everything()
		for k, v := range more {
			config[k] = v
		}
		s := harness.Start(t, harness.Options{Host: "localhost", Config: config, Clients: clients, Env: []string{"SSL_CERT_FILE=" + side.cert.CertFile}})
		for _, name := range []string{"mona", "kira", "nora", "dora", "omar"} {
			s.SignUp(t, name, name+"@example.test", "four unrelated words")
		}
		return s
	}
	s := start(nil)
	for _, rp := range apps {
		rp.issuer = s.Issuer
	}
	short := start(object{"accounts.deletion.grace": "4s"})
	runNode(t, "portal.mjs", object{
		"issuer": s.Issuer, "short": short.Issuer, "apps": at, "password": "four unrelated words", "screenshots": harness.Artifacts(t, "screenshots"), "chromium": "/usr/bin/chromium",
	}, func(ask object) any {
		switch ask["ask"] {
		case "told": // what the bookshop was told, once it was as often as that
			harness.Until(t, 20*time.Second, "the bookshop hears of it", func() error {
				if got := len(side.got("/bookshop")); got < int(ask["n"].(float64)) {
					return fmt.Errorf("%d posts", got)
				}
				return nil
			})
			return object{"posts": len(side.got("/bookshop"))}
		case "mailed":
			return portalMail(t, map[bool]*harness.Server{false: s, true: short}[ask["short"] == true], ask["to"].(string), ask["subject"].(string))
		case "api": // the account API, by a password
			r := s.API().Must(t, "POST", "/api/login", object{"username": ask["who"], "password": "four unrelated words"}, nil)
			return object{"status": r.Status}
		case "operator":
			out, errs, code := s.Run(t, "users", ask["verb"].(string), ask["who"].(string))
			return object{"out": out + errs, "code": code}
		}
		t.Errorf("asked for %v", ask)
		return nil
	})
}

func portalMail(t *testing.T, s *harness.Server, to, subject string) object {
	t.Helper()
	harness.Until(t, 30*time.Second, "a mail about "+subject+" came to "+to, func() error {
		if !slices.ContainsFunc(s.Mail.To(to), func(m harness.Letter) bool { return strings.Contains(m.Subject, subject) }) {
			return errors.New("none yet")
		}
		return nil
	})
	return object{"found": true}
}
