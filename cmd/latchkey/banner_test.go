package main

import (
	"bytes"
	"strings"
	"testing"

	"latchkey/cmd/latchkey/config"
)

// TestBanner: it names what there is, at the issuer that the listener makes.
func TestBanner(t *testing.T) {
	for _, row := range []struct {
		name, signUp string
		has, lacks   []string
	}{
		{"open", "open", []string{"sign up      http://localhost:9000/signup", "curl -s http://localhost:9000/api/signup"}, []string{"/login"}},
		{"by invitation", "invite", []string{"sign in      http://localhost:9000/login"}, []string{"signup"}},
		{"closed", "closed", []string{"sign in      http://localhost:9000/login", "demo"}, []string{"signup", "8080"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			cfg, err := config.Load(config.Sources{Flags: []config.Setting{{Name: "--dev", Key: "dev", Value: "true"}, {Name: "--set", Key: "server.listen", Value: "127.0.0.1:9000"},
				{Name: "--set", Key: "accounts.signup", Value: row.signUp}}})
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			(&server{cfg: cfg, out: &out, site: &site{}}).banner()
			for _, want := range row.has {
				if !strings.Contains(out.String(), want) {
					t.Errorf("does not say %q:\n%s", want, out.String())
				}
			}
			for _, no := range row.lacks {
				if strings.Contains(out.String(), no) {
					t.Errorf("says %q:\n%s", no, out.String())
				}
			}
		})
	}
}
