package peers

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"latchkey/e2e/bench/rig"
	"latchkey/e2e/bench/small"
	"latchkey/e2e/harness"
)

var known = map[string]func(r *rig.Rig, binary string) (*server, error){"dex": dex, "hydra": hydra, "zitadel": zitadel}

// program makes a server that is another's binary with arguments.
func (s *server) program(r *rig.Rig, env []string, binary string, args ...string) *server {
	var running *rig.Program
	s.binary, s.note = binary, s.note+revision(binary)
	s.launch = func() { running = r.Program(env, append([]string{binary}, args...)...) }
	s.stop = func() {
		if running != nil {
			running.Stop()
		}
	}
	s.pid = func() int { return running.PID }
	return s
}

// revision is what a binary says of the source that it was built from, ", <revision>"; "" where it says nothing.
func revision(binary string) string {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return ", " + s.Value[:min(len(s.Value), 8)]
		}
	}
	return ""
}

// dex keeps everything in memory and signs ES256; the secret of its client is compared as it is.
func dex(r *rig.Rig, binary string) (*server, error) {
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
		return nil, err
	}
	s := &server{name: "Dex", note: "Dex in memory, ES256, no lines of requests", discovery: base + small.Discovery, jwks: base + "/keys", token: base + "/token",
		id: "machine", secret: harness.MachineSecret, form: "grant_type=client_credentials&scope=profile"}
	return s.program(r, nil, binary, "serve", file), nil
}

// zitadel is the example server of zitadel/oidc: maps in memory, secrets as they are. Its token is opaque: nothing is signed.
func zitadel(r *rig.Rig, binary string) (*server, error) {
	port := harness.Port(r.T)
	base := fmt.Sprintf("http://localhost:%d", port)
	s := &server{name: "zitadel/oidc's example", note: "its example server, in memory, opaque tokens without a signature, lines for debugging on",
		discovery: base + small.Discovery, jwks: base + "/keys", token: base + "/oauth/token",
		id: "sid1", secret: "verysecret", form: "grant_type=client_credentials&scope=openid"}
	return s.program(r, []string{fmt.Sprintf("PORT=%d", port)}, binary), nil
}

// hydra keeps everything in SQLite in memory, makes JWTs, and hashes the secrets of clients as it is shipped. It makes its keys, of RSA with 4096 bits,
// when they are first asked for.
func hydra(r *rig.Rig, binary string) (*server, error) {
	public, admin := harness.Port(r.T), harness.Port(r.T)
	base := fmt.Sprintf("http://127.0.0.1:%d", public)
	env := []string{"DSN=memory", "URLS_SELF_ISSUER=" + base, "SECRETS_SYSTEM=a-secret-of-nobody-and-nothing-else", "LOG_LEVEL=error", "SQA_OPT_OUT=true",
		"STRATEGIES_ACCESS_TOKEN=jwt", "SERVE_PUBLIC_HOST=127.0.0.1", "SERVE_ADMIN_HOST=127.0.0.1",
		fmt.Sprintf("SERVE_PUBLIC_PORT=%d", public), fmt.Sprintf("SERVE_ADMIN_PORT=%d", admin), "SERVE_PUBLIC_REQUEST_LOG_DISABLE_FOR_HEALTH=true"}
	s := &server{name: "Hydra", note: "Hydra on SQLite in memory, ES256, PBKDF2 of the client's secret as shipped, no lines of requests", discovery: base + small.Discovery,
		jwks: base + "/.well-known/jwks.json", token: base + "/oauth2/token", id: "machine", secret: harness.MachineSecret, form: "grant_type=client_credentials&scope=read"}
	s.prepare = func() error {
		at := fmt.Sprintf("http://127.0.0.1:%d/admin", admin)
		client := fmt.Sprintf(`{"client_id":"machine","client_secret":%q,"grant_types":["client_credentials"],"scope":"read","token_endpoint_auth_method":"client_secret_basic"}`, harness.MachineSecret)
		if err := post(at+"/clients", client); err != nil {
			return err
		}
		return post(at+"/keys/hydra.jwt.access-token", `{"alg":"ES256","kid":"bench","use":"sig"}`)
	}
	return s.program(r, env, binary, "serve", "all", "--dev", "--sqa-opt-out"), nil
}

// post sends JSON and wants 201 for it.
func post(address, body string) error {
	client := &http.Client{Timeout: time.Minute}
	res, err := client.Post(address, "application/json", bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 2000))
		return fmt.Errorf("%s: %s: %s", address, res.Status, text)
	}
	return nil
}
