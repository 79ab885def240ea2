package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"latchkey/e2e/harness"
)

// The person whom the relying parties' tests sign in.
const (
	personName     = "ada"
	personPassword = "four unrelated words"
)

// Resource servers that the parties ask tokens for (RFC 8707).
const (
	firstResource  = "https://first.example.test"
	secondResource = "https://second.example.test/api"
)

// side is the relying parties' own server, on https: what the provider fetches from applications, and where it tells them things.
type side struct {
	*httptest.Server
	cert *harness.Certificate

	mu    sync.Mutex
	files map[string]string
	// posted are the bodies that were sent to each path.
	posted map[string][]string
	// down: it answers 503. hang: it answers nothing, for as long as is waited; hung counts who did.
	down, hang bool
	hung       int
}

func newSide(t *testing.T) *side {
	s := &side{cert: harness.NewCertificate(t, "relying parties"), files: map[string]string{}, posted: map[string][]string{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a server that is killed drops its connections
	s.TLS = &tls.Config{Certificates: []tls.Certificate{s.cert.TLS}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// ServeHTTP implements [http.Handler].
func (s *side) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang {
		s.hung++
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
		return
	}
	if s.down {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.Method == http.MethodPost {
		s.posted[r.URL.Path] = append(s.posted[r.URL.Path], r.PostForm.Encode())
		return
	}
	content, ok := s.files[r.URL.Path]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	kind := "application/json"
	if strings.HasSuffix(r.URL.Path, ".jwt") {
		kind = "application/oauth-authz-req+jwt"
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write([]byte(content))
}

// put serves content at path.
func (s *side) put(path, content string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[path] = content
}

func (s *side) got(path string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.posted[path])
}

// away makes it answer 503, or as ever.
func (s *side) away(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// hanging makes it answer nothing, or as ever, and says how many requests got no answer so far.
func (s *side) hanging(hang bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hang = hang
	return s.hung
}

// parties are the applications of a test: as they register, and as the configuration declares them.
type parties struct {
	t    *testing.T
	side *side
	// known is what each knows of itself, in the names of RFC 7591, with its private keys.
	known    object
	declared []map[string]any
}

// add makes an application that needs no consent and may ask for everything, save what more says; nil takes a member away.
func (p *parties) add(id, method string, more object) {
	c := object{"client_id": id, "client_name": "Party " + id, "token_endpoint_auth_method": method, "redirect_uris": []string{harness.SecureCallback},
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "openid profile email phone address offline_access"}
	maps.Copy(c, more)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	d := maps.Clone(c)
	d["skip_consent"] = true
	if age, ok := d["default_max_age"].(int); ok {
		d["default_max_age"] = fmt.Sprintf("%ds", age)
	}
	if strings.HasPrefix(method, "client_secret_") || c["id_token_signed_response_alg"] == "HS256" {
		secret := id + "-secret-0123456789abcdefghijklmnopqrstuv"
		c["client_secret"], d["secrets"] = secret, []map[string]any{{"value": secret}}
	}
	if keys, ok := c["jwks"].(*harness.ClientKeys); ok {
		c["jwks"], d["jwks"] = keys.Private(p.t), keys.Public(p.t)
	}
	p.known[id] = c
	p.declared = append(p.declared, d)
}

// newParties makes one application for each feature.
func newParties(t *testing.T) *parties {
	p := &parties{t: t, side: newSide(t), known: object{}}
	keys := harness.NewClientKeys(t, "party")
	for _, alg := range append(harness.Algorithms(), "HS256") {
		more := object{"id_token_signed_response_alg": alg, "userinfo_signed_response_alg": alg, "introspection_signed_response_alg": alg, "access_token_alg": alg}
		if alg == "HS256" {
			more["access_token_alg"] = "ES256"
		}
		p.add("alg-"+alg, "client_secret_basic", more)
	}
	machine := []string{"authorization_code", "refresh_token", "client_credentials"}
	p.add("key-jwt", "private_key_jwt", object{"jwks": keys, "grant_types": machine, "scope": "openid offline_access read"})
	p.add("uri-jwt", "private_key_jwt", object{"jwks_uri": p.side.URL + "/jwks.json", "grant_types": machine, "scope": "openid offline_access read"})
	p.add("mac-jwt", "client_secret_jwt", object{"grant_types": machine, "scope": "openid offline_access read"})
	p.add("par", "client_secret_basic", object{"require_pushed_authorization_requests": true})
	p.add("jar", "client_secret_post", object{"jwks": keys, "request_object_signing_alg": "ES256", "require_signed_request_object": true, "request_uris": []string{p.side.URL + "/request.jwt"}})
	p.add("front", "client_secret_post", object{"grant_types": []string{"authorization_code", "refresh_token", "implicit"}, "response_types": harness.ResponseTypes()})
	p.add("tv", "none", object{"grant_types": []string{harness.DeviceGrant, "refresh_token"}, "redirect_uris": nil})
	p.add("opaque", "client_secret_basic", object{"access_token_format": "opaque"})
	p.add("pair-a", "client_secret_basic", object{"subject_type": "pairwise"})
	p.add("pair-b", "client_secret_basic", object{"subject_type": "pairwise", "redirect_uris": []string{"https://other.example.test/callback"}})
	p.add("resources", "client_secret_basic", object{"audiences": []string{firstResource, secondResource}})
	p.add("timely", "client_secret_basic", object{"default_max_age": 3600, "require_auth_time": true})
	return p
}

// start starts a server that knows them, and a person of whom every standard claim of a scope is known.
func (p *parties) start(o harness.Options) *harness.Server {
	p.t.Helper()
	s := harness.Start(p.t, p.options(o))
	s.SignUp(p.t, personName, "ada@example.test", personPassword)
	return s
}

// options are those of a server that the parties use.
func (p *parties) options(o harness.Options) harness.Options {
	config := harness.Everything()
	maps.Copy(config, o.Config)
	o.Config, o.Clients = config, append(harness.Clients(), p.declared...)
	o.Env = append(o.Env, "SSL_CERT_FILE="+p.side.cert.CertFile)
	return o
}

// input is what a script of relying parties gets, beside more.
func (p *parties) input(s *harness.Server, more object) object {
	in := object{"issuer": s.Issuer, "login": personName, "password": personPassword, "callback": harness.SecureCallback, "parties": p.known,
		"resources": []string{firstResource, secondResource}, "side": p.side.URL}
	maps.Copy(in, more)
	return in
}

// answer is what scripts ask for while they run: a file to serve to the provider, an initial access token.
func (p *parties) answer(s *harness.Server) func(object) any {
	return func(ask object) any {
		switch ask["ask"] {
		case "publish":
			p.side.put(ask["path"].(string), ask["content"].(string))
			return object{}
		case "initial":
			return object{"token": initialAccessToken(p.t, s, 1)}
		}
		p.t.Errorf("nobody knows what %v is", ask)
		return object{}
	}
}
