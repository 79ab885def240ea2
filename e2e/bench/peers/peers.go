// Package peers measures others' servers in turn with ours, where their binaries are given: what the same request costs there. They keep what they
// know in memory, and write no line for each request unless they cannot be told so; ours has its store, its lines, metrics and traces.
package peers

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/operations"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// Section is what the command knows of it.
func Section() rig.Section {
	return rig.Section{Name: "peers", What: "others' servers, in turn with ours", Run: run, Apart: true}
}

// peer is a server that can be asked what ours can be asked.
type peer struct {
	name, note       string
	pid              int
	discovery, jwks  string
	token            string
	id, secret, form string
}

var known = map[string]func(r *rig.Rig, binary string) (peer, error){"dex": dex, "zitadel": zitadel}

const connections = 16

func run(r *rig.Rig) (rows []report.Row, err error) {
	if len(r.Peers) == 0 {
		return nil, fmt.Errorf("no peer is given: -peers dex=<binary>,zitadel=<binary>")
	}
	ours := operations.Server(r)
	mine := peer{pid: ours.PID(), discovery: ours.Issuer + "/.well-known/openid-configuration", jwks: ours.Issuer + "/jwks.json", token: ours.Issuer + "/token",
		id: harness.MachineID, secret: harness.MachineSecret, form: "grant_type=client_credentials&scope=read"}
	for name, binary := range r.Peers {
		begin := known[name]
		if begin == nil {
			return rows, fmt.Errorf("no peer %q is known", name)
		}
		other, err := begin(r, binary)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", name, err)
		}
		for _, what := range []struct {
			name string
			ask  func(p peer) load.Source
		}{
			{"discovery", func(p peer) load.Source { return load.Fixed{Target: load.Get(p.discovery, nil), Status: http.StatusOK} }},
			{"JWKS", func(p peer) load.Source { return load.Fixed{Target: load.Get(p.jwks, nil), Status: http.StatusOK} }},
			{"client_credentials", peer.credentials},
		} {
			got, err := r.Turns(r.Loop(connections, what.ask(mine), mine.pid), r.Loop(connections, what.ask(other), other.pid))
			if err != nil {
				return rows, fmt.Errorf("%s: %s: %w", other.name, what.name, err)
			}
			row := rig.Compare(what.name+" ÷ "+other.name, got[0], got[1])
			row.Bottom = other.note
			r.Say("%-50s %8.1f µs ÷ %8.1f µs = %.2f", row.Name, row.Ours, row.Bare, row.Ratio)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (p peer) credentials() load.Source {
	basic := http.Header{"Authorization": {harness.Basic(p.id, p.secret)["Authorization"]}}
	return load.Fixed{Target: load.Form(p.token, p.form, basic), Status: http.StatusOK}
}

// dex keeps everything in memory and signs ES256; the secret of its client is compared as it is.
func dex(r *rig.Rig, binary string) (peer, error) {
	port := harness.Port(r.T)
	base := fmt.Sprintf("http://127.0.0.1:%d/dex", port)
	file := filepath.Join(r.T.TempDir(), "dex.yaml")
	conf := fmt.Sprintf(`issuer: %s
storage: {type: memory}
web: {http: 127.0.0.1:%d}
signer: {type: local, config: {algorithm: ES256, keysRotationPeriod: 6h}}
oauth2: {grantTypes: [authorization_code, client_credentials, refresh_token], skipApprovalScreen: true}
staticClients: [{id: machine, secret: %s, name: machine, redirectURIs: ["http://127.0.0.1:9/callback"]}]
enablePasswordDB: true
logger: {level: error}
`, base, port, harness.MachineSecret)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		return peer{}, err
	}
	pid, err := r.Program(base+"/.well-known/openid-configuration", nil, binary, "serve", file)
	return peer{name: "Dex", note: "Dex in memory, ES256, no lines of requests", pid: pid, discovery: base + "/.well-known/openid-configuration", jwks: base + "/keys", token: base + "/token",
		id: "machine", secret: harness.MachineSecret, form: "grant_type=client_credentials&scope=profile"}, err
}

// zitadel is the example server of zitadel/oidc: maps in memory, secrets as they are. Its token is opaque: nothing is signed.
func zitadel(r *rig.Rig, binary string) (peer, error) {
	port := harness.Port(r.T)
	base := fmt.Sprintf("http://localhost:%d", port)
	pid, err := r.Program(base+"/.well-known/openid-configuration", []string{fmt.Sprintf("PORT=%d", port)}, binary)
	return peer{name: "zitadel/oidc's example", note: "its example server, in memory, opaque tokens without a signature, lines for debugging on", pid: pid,
		discovery: base + "/.well-known/openid-configuration", jwks: base + "/keys", token: base + "/oauth/token",
		id: "sid1", secret: "verysecret", form: "grant_type=client_credentials&scope=openid"}, err
}
