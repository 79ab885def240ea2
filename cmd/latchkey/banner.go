package main

import (
	"io"
	"net/url"
	"strings"
)

// banner is what a developer sees.
func (s *server) banner() {
	i := s.cfg.Issuer
	var b strings.Builder
	line := func(what, address string) {
		b.WriteString("  " + what + strings.Repeat(" ", 13-len(what)) + address + "\n")
	}
	place := map[string]string{"bolt": s.cfg.Storage.BoltPath, "postgres": "PostgreSQL", "memory": "memory"}[s.cfg.Storage.Driver]
	b.WriteString("\nLatchkey is ready, in development mode. Data are in " + place + ".\n\n")
	if s.cfg.Accounts.SignUp == "open" {
		line("sign up", i+"/signup")
	} else {
		line("sign in", i+"/login")
	}
	line("account", i+"/account")
	line("demo", i+"/demo")
	if s.cfg.Web.DevPage {
		line("developers", i+"/dev")
	}
	line("discovery", i+"/.well-known/openid-configuration")
	line("JWKS", i+"/jwks.json")
	if s.site.mailbox != nil {
		line("mailbox", i+"/dev/mail")
	}
	if ops := s.cfg.Server.OpsListen; ops != "" {
		u := url.URL{Scheme: "http", Host: ops, Path: "/metrics"}
		line("metrics", u.String())
	}
	if s.cfg.Accounts.SignUp == "open" {
		b.WriteString("\n  curl -s " + i + `/api/signup -H 'Content-Type: application/json' \
    -d '{"username":"ada","email":"ada@example.com","password":"correct horse battery"}'` + "\n")
	}
	b.WriteString("\n")
	_, _ = io.WriteString(s.out, b.String()) // a terminal that is gone needs no banner
}
