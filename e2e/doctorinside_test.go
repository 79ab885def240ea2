package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/cmd/latchkey/doctor"
	"latchkey/e2e/harness"
)

// TestDoctorInside breaks what is inside, in one way in each row.
func TestDoctorInside(t *testing.T) {
	w := admit(t, nil)
	certificate := harness.NewCertificate(t, "mail")
	mail := harness.NewMail(t, harness.MailOptions{Certificate: certificate, Username: "latchkey", Password: "right"})
	signsIn := func(name, password, mode string) func(*doctor.Options) {
		return configured(func(c *config.Config) {
			m := &c.Mail.SMTP
			m.Address, m.TLS, m.Username, m.Password = mail.Address, mode, name, config.NewSecret(password)
		})
	}
	trusted := func(look func(*doctor.Options)) func(*doctor.Options) {
		return func(o *doctor.Options) {
			w.ca.trust(t, o, certificate.TLS)
			look(o)
		}
	}
	for _, row := range []struct {
		name string
		look func(*doctor.Options)
		want []string
	}{
		{"all is well", nil, nil},
		{"the mail server lets us in", trusted(signsIn("latchkey", "right", "starttls")), nil},
		{"the mail server refuses the password", trusted(signsIn("latchkey", "wrong", "starttls")), []string{"mail problem: refuses our name or password"}},
		{"the mail server wants a password that is not configured", trusted(signsIn("", "", "starttls")), []string{"mail warning: would let us sign in"}},
		{"development mode", configured(func(c *config.Config) { c.Dev = true }), []string{"settings problem: development mode"}},
		{"proxies are not named", configured(func(c *config.Config) { c.Server.TrustedProxies = nil }), []string{"settings warning: trusted_proxies is empty"}},
		{"the operators' listener is elsewhere", configured(func(c *config.Config) { c.Server.OpsListen = "127.0.0.1:1" }), []string{"ready problem: does not answer"}},
		{"nobody answers at the admin socket", func(o *doctor.Options) { o.Admin = nil }, nil},
		{"keys are published late", configured(func(c *config.Config) { c.Keys.PublishAhead = c.Keys.JWKSMaxAge }), []string{"keys warning: less than twice"}},
		{"an algorithm without a key", configured(func(c *config.Config) { c.Keys.Algorithms = append(c.Keys.Algorithms, "PS256") }), []string{"keys problem: no key for PS256"}},
		{"a rotation that should have been", later(40 * 24 * time.Hour), []string{"keys problem: should have taken over", "clock problem: differ", "backup problem: old"}},
		{"another sealing key", configured(func(c *config.Config) { c.Keys.SealingKey = config.NewSecret(strings.Repeat("ab", 32)) }), []string{"sealing problem: which this configuration does not have"}},
		{"a former sealing key that is not needed", configured(func(c *config.Config) {
			c.Keys.PreviousSealingKeys = config.NewSecret(strings.Repeat("cd", 32))
		}), []string{"sealing warning: 1 former sealing keys"}},
		{"more connections than files", configured(func(c *config.Config) { c.Server.Limits.MaxConnections = 1 << 30 }), []string{"limits problem: may open"}},
		{"hashes larger than memory", configured(func(c *config.Config) { c.Accounts.Hash.Memory = 400 << 20 }), []string{"limits problem: hashes at once take"}},
		{"no backups", configured(func(c *config.Config) { c.Backup.To = "" }), nil},
		{"the store's file is somewhere else", configured(func(c *config.Config) { c.Storage.BoltPath += ".gone" }), []string{"file problem: cannot be seen"}},
		{"the disk is full", func(o *doctor.Options) {
			o.Inside.DiskSpace = func(string) (float64, float64, error) { return 1e6, 1e10, nil }
		}, []string{"file problem: its disk has 1 MiB free"}},
		{"the mail server is away", configured(func(c *config.Config) { c.Mail.SMTP.Address = "127.0.0.1:1" }), []string{"mail problem: takes no connection"}},
		{"the mail server offers no STARTTLS", configured(func(c *config.Config) { c.Mail.SMTP.TLS = "starttls" }), []string{"mail problem: no STARTTLS"}},
		{"the mail server speaks no TLS", configured(func(c *config.Config) { c.Mail.SMTP.TLS = "tls" }), []string{"mail problem: no TLS with the mail server"}},
		{"the mail server's certificate is nobody's", signsIn("latchkey", "right", "starttls"), []string{"mail problem: STARTTLS fails"}},
		{"the mail server is of no use without encryption", signsIn("latchkey", "right", "none"), []string{"mail problem: offers no way to sign in"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := complaints(w.examine(t, patient{look: row.look}))
			if !matches(got, row.want) {
				t.Errorf("complaints:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(row.want, "\n  "))
			}
		})
	}
}

// TestDoctorOnTheProxysHost: where the doctor itself connects from a trusted proxy's address, it cannot know what becomes of others, and blames nobody.
func TestDoctorOnTheProxysHost(t *testing.T) {
	w := admit(t, map[string]any{"server.trusted_proxies": []string{"127.0.0.1/32"}})
	for _, row := range []struct {
		name string
		send func(in, out *http.Request)
		want []string
		seen string
	}{
		{"X-Forwarded-For is written anew", nil, nil, "among server.trusted_proxies"},
		{"X-Forwarded-For is appended to", func(in, out *http.Request) {
			out.Header["X-Forwarded-For"] = append(slices.Clone(in.Header["X-Forwarded-For"]), out.Header["X-Forwarded-For"]...)
		}, nil, "among server.trusted_proxies"},
		{"X-Forwarded-For is handed on as it comes", func(in, out *http.Request) { out.Header["X-Forwarded-For"] = in.Header["X-Forwarded-For"] },
			[]string{"forwarded problem: X-Forwarded-For of a stranger is believed"}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			all := w.examine(t, patient{from: "127.0.0.1", send: row.send})
			if got := complaints(all); !matches(got, row.want) {
				t.Errorf("complaints: %q, want %q", got, row.want)
			}
			told := slices.ContainsFunc(all, func(f doctor.Finding) bool {
				return f.Check == "forwarded" && f.Level == doctor.Unknown && strings.Contains(f.Seen, row.seen)
			})
			if told != (row.seen != "") {
				t.Errorf("unknown: %v, want %q", told, row.seen)
			}
		})
	}
}
