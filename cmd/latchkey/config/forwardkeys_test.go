package config

import (
	"log/slog"
	"os"
	"path/filepath"
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

// forwardFile declares applications behind a proxy, each as "client host".
func forwardFile(apps ...string) string {
	var b strings.Builder
	for _, app := range apps {
		id, host, _ := strings.Cut(app, " ")
		b.WriteString("- {client_id: " + id + ", forward_auth: {hosts: [" + host + "]}}\n")
	}
	return b.String()
}

// A host belongs to one client: in one file a second one is a fault of the file, else the first file by name counts, and configuration before files.
func TestForwardHostOfTwoClients(t *testing.T) {
	const host = `the host "w.example.com"`
	for _, row := range []struct {
		name  string
		files map[string]string
		// clients are used, faults name the second client and the holder, bad files are counted.
		clients, fault, holder string
		bad                    int
	}{
		{"hosts of their own", map[string]string{"a.yaml": forwardFile("one w.example.com", "two x.example.com"), "b.yaml": forwardFile("three y.example.com")}, "one three two", "", "", 0},
		{"twice in one file", map[string]string{"a.yaml": forwardFile("one w.example.com", "two w.example.com")}, "", "clients[two].forward_auth", "one", 1},
		{"twice in documents of one file", map[string]string{"a.yaml": forwardFile("one w.example.com") + "---\n" + forwardFile("two w.example.com")}, "", "clients[two].forward_auth", "one", 1},
		{"the second file has the lower ID", map[string]string{"a.yaml": forwardFile("two w.example.com"), "b.yaml": forwardFile("one w.example.com", "three y.example.com")}, "three two", "clients[one].forward_auth", "two", 1},
		{"the configuration has it", map[string]string{"a.yaml": forwardFile("one c.example.com", "two w.example.com")}, "two", "clients[one].forward_auth", "own", 1},
		{"three of them", map[string]string{"a.yaml": forwardFile("c w.example.com"), "b.yaml": forwardFile("b w.example.com"), "c.yaml": forwardFile("a w.example.com")}, "c", "clients[a].forward_auth", "c", 2},
		{"one client twice is told elsewhere", map[string]string{"a.yaml": forwardFile("one w.example.com"), "b.yaml": forwardFile("one w.example.com")}, "one", "", "", 0},
	} {
		c := &Config{Accounts: Accounts{SignUp: "closed"}, Clients: []ClientSpec{*spec(t, "client_id: own\nforward_auth: {hosts: [c.example.com]}")}}
		f, log, failed := folderOf(t, row.files), &strings.Builder{}, 0
		f.Hosts, f.Logger, f.Failed = c.Folder(f.Keep).Hosts, slog.New(slog.NewTextHandler(log, nil)), func() { failed++ }
		r, _, err := f.Read()
		text := ""
		if err != nil {
			text = err.Error()
		}
		if idsOf(r.Clients) != row.clients || r.BadFiles != row.bad || failed != row.bad || r.Complete != (row.bad == 0) || len(r.Faults) != row.bad {
			t.Errorf("%s: %s; %d files, %d failures, complete %t, %v", row.name, idsOf(r.Clients), r.BadFiles, failed, r.Complete, r.Faults)
		}
		if (row.fault == "") != (text == "") || !strings.Contains(text, row.fault) || row.fault != "" && !(strings.Contains(text, row.holder+" has too") && strings.Contains(text, "has the host")) {
			t.Errorf("%s: %q", row.name, text)
		}
		if logged := strings.Count(log.String(), "has the host"); logged != row.bad || row.bad > 0 && !strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("%s: logged %s", row.name, log)
		}
		if _, changed, _ := f.Read(); changed || strings.Count(log.String(), "has the host") != row.bad || failed != row.bad {
			t.Errorf("%s: told again: %s", row.name, log)
		}
		if strings.Contains(row.name, "second file") && !strings.Contains(text, host) {
			t.Errorf("%s: %s", row.name, text)
		}
	}
}

// A check of the configuration and its folder finds it too.
func TestForwardHostChecked(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a.yaml": forwardFile("one w.example.com"), "b.yaml": forwardFile("two x.example.com", "three w.example.com")} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := write(t, "c.yaml", minimal+"clients_dir: "+dir+"\nclients: [{client_id: own, forward_auth: {hosts: [x.example.com]}}]\nserver: {trusted_proxies: [10.0.0.0/8]}\n")
	_, err := Load(Sources{File: file, ClientFiles: true})
	if err == nil || !strings.Contains(err.Error(), `clients[three].forward_auth: has the host "w.example.com", which one has too`) || !strings.Contains(err.Error(), `clients[two].forward_auth: has the host "x.example.com", which own has too`) {
		t.Error(err)
	}
}
