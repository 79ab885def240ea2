package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"encoding/json"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"latchkey/e2e/harness"
)

const (
	clusterIssuer = "https://kubernetes.default.svc"
	workerAccount = "system:serviceaccount:shop:worker"
)

// cluster is an API server as far as tokens go: it signs them, and tells its keys by TLS to who has its token.
type cluster struct {
	*httptest.Server
	t    *testing.T
	cert *harness.Certificate

	mu    sync.Mutex
	key   jose.JSONWebKey
	token string
	down  bool
	asked int
}

func newCluster(t *testing.T, kid string) *cluster {
	c := &cluster{t: t, cert: harness.NewCertificate(t, "cluster"), token: "first-token"}
	c.rotate(kid)
	c.Server = httptest.NewUnstartedServer(c)
	c.Config.ErrorLog = log.New(io.Discard, "", 0)
	c.TLS = &tls.Config{Certificates: []tls.Certificate{c.cert.TLS}}
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

// rotate makes a new signing key.
func (c *cluster) rotate(kid string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		c.t.Fatal(err)
	}
	c.set(func() { c.key = jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: "RS256", Use: "sig"} })
}

func (c *cluster) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// keys is its JWK Set.
func (c *cluster) keys() []byte {
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{c.key.Public()}})
	if err != nil {
		c.t.Fatal(err)
	}
	return raw
}

// ServeHTTP implements [http.Handler].
func (c *cluster) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	switch {
	case c.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.Header.Get("Authorization") != "Bearer "+c.token:
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/openid/v1/jwks":
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=3600")
		_, _ = w.Write(c.keys())
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// projected signs a token with the claims and the header of those that a cluster projects into pods, changed; nil takes a claim away.
func (c *cluster) projected(audience string, change object) string {
	now := time.Now()
	claims := object{"aud": []string{audience}, "exp": now.Add(10 * time.Minute).Unix(), "iat": now.Unix(), "nbf": now.Unix(), "iss": clusterIssuer, "sub": workerAccount,
		"jti": "5d0e8ea1-2f0b-4b0a-9c3e-0a6f0a3d7a11", "kubernetes.io": object{"namespace": "shop", "node": object{"name": "node-1", "uid": "9f1f8a3e-0000-4000-8000-000000000001"},
			"pod": object{"name": "worker", "uid": "9f1f8a3e-0000-4000-8000-000000000002"}, "serviceaccount": object{"name": "worker", "uid": "9f1f8a3e-0000-4000-8000-000000000003"}}}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: c.key}, nil) // header: alg and kid
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		c.t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		c.t.Fatal(err)
	}
	return compact
}

// TestWorkload: a pod gets tokens with what its cluster gives it, by the files of docs/examples/workload, and nobody else does.
func TestWorkload(t *testing.T) {
	home, stranger := newCluster(t, "key-1"), newCluster(t, "key-1")
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	example := exampleFile(t, "workload/worker.yaml")
	clients := filepath.Join(dir, "clients")
	if err := os.Mkdir(clients, 0o700); err != nil {
		t.Fatal(err)
	}
	token := write("token", "first-token\n")
	replaced := strings.NewReplacer(clusterIssuer+"/openid", home.URL+"/openid", "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt", home.cert.CertFile,
		"/var/run/secrets/kubernetes.io/serviceaccount/token", token, "10.96.0.1/32", "127.0.0.1/32").Replace(example)
	write("clients/worker.yaml", replaced)
	write("keys.json", string(home.keys()))
	write("clients/offline.yaml", "client_id: offline\ntoken_endpoint_auth_method: private_key_jwt\ngrant_types: [client_credentials]\nscope: read\n"+
		"federated_identities: [{issuer: '"+clusterIssuer+"', subject: 'system:serviceaccount:shop:offline', jwks_file: '"+filepath.Join(dir, "keys.json")+"'}]\n")
	s := harness.Start(t, harness.Options{Config: map[string]any{"clients_dir": clients}})
	try := func(client, assertion string) *harness.Reply {
		t.Helper()
		return s.API().Must(t, "POST", "/token", form("grant_type", "client_credentials", "client_id", client,
			"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", "client_assertion", assertion), nil)
	}

	pod := write("pod-token", home.projected(s.Issuer, nil))
	out, err := exec.Command(filepath.Join(harness.Root(), "docs/examples/workload/token.sh"), s.Issuer, "worker", pod).Output()
	var got struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
	}
	if jerr := json.Unmarshal(out, &got); err != nil || jerr != nil || got.Scope != "read" {
		t.Fatalf("token.sh: %v %v: %s", err, jerr, out)
	}
	if claims := jwtPart(t, got.AccessToken, 1); claims["client_id"] != "worker" || claims["sub"] != "worker" || claims["aud"] != "https://api.example.com" {
		t.Errorf("claims %v", claims)
	}
	if !strings.Contains(s.Logs(), `"event":"client.federated"`) || !strings.Contains(s.Logs(), workerAccount+" of "+clusterIssuer) {
		t.Error("no audit line says which service account it was")
	}
	if shown, _, code := s.Run(t, "clients", "show", "worker"); code != 0 || !strings.Contains(shown, workerAccount) {
		t.Errorf("clients show: %d %s", code, shown)
	}
	try("worker", home.projected(s.Issuer, nil)).Want(t, 200)
	try("worker", home.projected(s.Issuer+"/token", nil)).Want(t, 200)
	try("offline", home.projected(s.Issuer, object{"sub": "system:serviceaccount:shop:offline"})).Want(t, 200)

	for name, row := range map[string]struct {
		client, assertion string
	}{
		"another cluster that gives itself the same name": {"worker", stranger.projected(s.Issuer, nil)},
		"a token for the API server":                      {"worker", home.projected(clusterIssuer, nil)},
		"a token for another server":                      {"worker", home.projected("https://vault.example.com", nil)},
		"a token for us and the API server":               {"worker", home.projected("", object{"aud": []string{s.Issuer, clusterIssuer}})},
		"another service account":                         {"worker", home.projected(s.Issuer, object{"sub": "system:serviceaccount:shop:other"})},
		"another namespace":                               {"worker", home.projected(s.Issuer, object{"sub": "system:serviceaccount:other:worker"})},
		"another issuer":                                  {"worker", home.projected(s.Issuer, object{"iss": "https://other.default.svc"})},
		"an expired token":                                {"worker", home.projected(s.Issuer, object{"exp": time.Now().Add(-2 * time.Minute).Unix()})},
		"a token of a year":                               {"worker", home.projected(s.Issuer, object{"exp": time.Now().Add(8760 * time.Hour).Unix()})},
		"the service account of another client":           {"offline", home.projected(s.Issuer, nil)},
		"a client that trusts nobody":                     {harness.MachineID, home.projected(s.Issuer, nil)},
	} {
		if r := try(row.client, row.assertion); r.Status != http.StatusUnauthorized || r.S("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, r.Status, r.Raw)
		}
	}

	home.rotate("key-2")
	home.set(func() { home.token = "second-token" })
	write("token", "second-token")
	try("worker", home.projected(s.Issuer, nil)).Want(t, 200)
	home.set(func() { home.down = true })
	try("worker", home.projected(s.Issuer, nil)).Want(t, 200)
	if stranger.asked > 0 {
		t.Error("the other cluster was asked for keys")
	}
}

// exampleFile is a file of docs/examples.
func exampleFile(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(harness.Root(), "docs/examples", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
