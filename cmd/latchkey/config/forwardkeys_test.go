package config

import (
	"strings"
	"testing"

	"latchkey/provider/client"
)

// What of forward_auth is told where the configuration is read.
func TestForwardAuth(t *testing.T) {
	const base = "issuer: https://id.example.com\nkeys: {sealing_key: 3Yz0x1x9s1h2j3k4l5m6n7o8p9q0r1s2t3u4v5w6x7w=}\nmail: {from: a@example.com, smtp: {address: 'm:25'}}\n"
	const trusted = "server: {trusted_proxies: [10.0.0.0/8]}\n"
	for _, row := range []struct{ name, text, want string }{
		{"good", trusted + "clients: [{client_id: wiki, forward_auth: {hosts: [wiki.example.com]}}]", ""},
		{"two clients with one host", trusted + "clients: [{client_id: a, forward_auth: {hosts: [w.example.com]}}, {client_id: b, forward_auth: {hosts: [w.example.com]}}]", `the host "w.example.com", which a has too`},
		{"nobody who may ask", "clients: [{client_id: wiki, forward_auth: {hosts: [wiki.example.com]}}]", "server.trusted_proxies"},
		{"the issuer's own host", trusted + "clients: [{client_id: wiki, forward_auth: {hosts: [id.example.com]}}]", "host of this server"},
		{"redirect URIs of its own", trusted + "clients: [{client_id: wiki, redirect_uris: ['https://w.example.com/cb', 'https://w.example.com/cb2'], forward_auth: {hosts: [w.example.com]}}]", "redirect_uris"},
		{"a rule that nobody knows", trusted + "clients: [{client_id: wiki, forward_auth: {hosts: [w.example.com], rules: [{path: /x}]}}]", "not known"},
		{"a rule for a username that anybody may take", trusted + "clients: [{client_id: wiki, forward_auth: {hosts: [w.example.com], rules: [{paths: [/x], users: [ada]}]}}]", "accounts.signup"},
		{"a rule for a username where operators give them", "accounts: {signup: closed}\n" + trusted + "clients: [{client_id: wiki, forward_auth: {hosts: [w.example.com], rules: [{paths: [/x], users: [ada]}]}}]", ""},
		{"a rule for an address", trusted + "clients: [{client_id: wiki, forward_auth: {hosts: [w.example.com], rules: [{paths: [/x], emails: [ada@example.com]}]}}]", ""},
	} {
		_, faults := load(t, base+row.text, nil)
		refused := strings.Contains(faults, "forward_auth") || strings.Contains(faults, "redirect_uris")
		if refused != (row.want != "") || !strings.Contains(faults, row.want) {
			t.Errorf("%s: %s", row.name, faults)
		}
	}
}

// What follows from forward_auth, whatever else stands there.
func TestForwardRecord(t *testing.T) {
	c, faults := spec(t, "client_id: wiki\nforward_auth: {hosts: [wiki.example.com, 'docs.example.com:8443'], session_ttl: 1h}").Record(Keep{Hash: client.HashSecret}, client.Served{})
	if faults != nil {
		t.Fatal(faults)
	}
	if strings.Join(c.RedirectURIs, " ") != "https://wiki.example.com/.latchkey/callback https://docs.example.com:8443/.latchkey/callback" || !c.SkipConsent ||
		c.AuthMethod != client.KeyJWTMethod || c.JWKS != nil || strings.Join(c.GrantTypes, " ") != "authorization_code" || c.Origins() != nil {
		t.Errorf("%+v", c)
	}
}

// Files of clients_dir are judged as the configuration is: who signs up could take a username that a rule has.
func TestForwardUsernamesInFolder(t *testing.T) {
	const file = "client_id: wiki\nforward_auth: {hosts: [w.example.com], rules: [{paths: [/x], users: [ada]}]}\n"
	for signup, want := range map[string]string{"open": "accounts.signup", "closed": ""} {
		c := &Config{Accounts: Accounts{SignUp: signup}}
		f := folderOf(t, map[string]string{"a.yaml": file})
		f.Served = c.Folder(f.Keep).Served
		r, _, err := f.Read()
		text := ""
		if err != nil {
			text = err.Error()
		}
		if (want == "") != (err == nil) || !strings.Contains(text, want) || (len(r.Clients) == 1) != (want == "") {
			t.Errorf("%s: %v, %v", signup, idsOf(r.Clients), err)
		}
	}
}
