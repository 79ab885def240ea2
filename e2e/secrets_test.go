package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// TestNoSecretLeaks uses every kind of secret that there is, then looks for all of them in the log, the metrics, the traces and the store.
// The log's lines are JSON with the ids of traces that arrived; the metrics hold the series that are promised.
func TestNoSecretLeaks(t *testing.T) {
	traces := &receiver{names: map[string]bool{}, ids: map[string]bool{}}
	otlp := httptest.NewServer(traces)
	t.Cleanup(otlp.Close)
	p := newParties(t)
	p.add("told", "client_secret_basic", object{"backchannel_logout_uri": p.side.URL + "/told"})
	s := p.start(harness.Options{Config: object{"log.level": "debug", "telemetry.traces": "otlp", "telemetry.endpoint": otlp.URL}, Env: []string{"OTEL_BSP_SCHEDULE_DELAY=200"}})
	useEverything(t, s)
	useProtocol(t, s, p)
	var metrics string
	checkMetrics(t, s)
	metrics = s.Metrics(t).Raw
	s.Stop(t) // which flushes the spans
	log := s.Logs()
	checkLog(t, log, traces)
	store, err := os.ReadFile(s.Store)
	if err != nil {
		t.Fatal(err)
	}
	kinds := s.Secrets.Count()
	for _, kind := range append([]string{"password", "code", "token", "access_token", "refresh_token", "id_token", "cookie lk_session", "cookie secret", "client secret", "mailed token", "sealing key", "flow"}, protocolKinds...) {
		if kinds[kind] == 0 {
			t.Errorf("no secret of the kind %q was used", kind)
		}
	}
	t.Logf("secrets used: %v", kinds)
	for where, content := range map[string][]byte{"log": []byte(log), "metrics": []byte(metrics), "traces": traces.raw.Bytes(), "store": store} {
		if len(content) == 0 {
			t.Errorf("the %s is empty", where)
		}
		for _, found := range s.Secrets.In(content) {
			t.Errorf("the %s has a secret: %s", where, found)
		}
		if n := privateKeys(content); n > 0 {
			t.Errorf("the %s has %d private keys", where, n)
		}
	}
}

// useEverything runs through whatever has a secret, also where it is refused.
func useEverything(t *testing.T, s *harness.Server) {
	t.Helper()
	a, password := s.API(), "s3cret-"+harness.Random(12)
	platform := s.SignUp(t, "keeper", "keeper@example.test", password)
	for _, bad := range []string{"wrong-" + harness.Random(12), strings.Repeat("long-"+harness.Random(5), 200)} {
		s.Secrets.Add("password", bad)
		_ = a.Must(t, "POST", "/api/login", object{"username": "keeper", "password": bad}, nil)
		_ = a.Must(t, "POST", "/api/login", `{"username":"keeper","password":"`+bad+`"`, nil)
		_ = a.Must(t, "GET", "/api/profile?access_token="+bad, nil, harness.Bearer(bad))
	}
	session := a.Must(t, "POST", "/api/auth/register", object{"email": "second@example.test", "password": password, "first_name": "Sec", "last_name": "Ond"}, nil).Want(t, 201)
	a.Must(t, "POST", "/api/auth/refresh", object{"refresh_token": session.S("refresh_token")}, nil).Want(t, 200)
	b := s.Browser(t).SignIn("keeper", password)
	for _, c := range []struct{ id, secret string }{{harness.WebID, harness.WebSecret}, {harness.PublicID, ""}} {
		f := harness.NewFlow(c.id, c.secret, false)
		s.Secrets.Add("verifier", f.Verifier)
		b.Open(f.Path("openid profile email offline_access", nil)).At("/consent", 200)
		s.Secrets.Add("flow", b.URL.Query().Get("flow"))
		if err := f.Answer(b.Submit("/consent", nil, "decision", "allow").Left(harness.Callback), s.Issuer); err != nil {
			t.Fatal(err)
		}
		r, err := f.Redeem(a)
		if err != nil {
			t.Fatal(err)
		}
		r.Want(t, 200)
		a.Must(t, "GET", "/userinfo", nil, harness.Bearer(r.S("access_token"))).Want(t, 200)
		fresh, err := f.Refresh(a, r.S("refresh_token"))
		if err != nil || fresh.Status != 200 {
			t.Fatalf("refresh: %v %v", fresh, err)
		}
		a.Must(t, "POST", "/introspect", form("token", fresh.S("access_token")), harness.Basic(harness.WebID, harness.WebSecret)).Want(t, 200)
		a.Must(t, "POST", "/introspect", form("token", fresh.S("access_token")), harness.Basic(harness.WebID, "wrong-client-secret")).Want(t, 401)
		if r, err := f.Redeem(a); err != nil || r.Status != 400 { // twice
			t.Errorf("the code was good twice: %v %v", r, err)
		}
		b.Open("/logout?id_token_hint=" + r.S("id_token"))
		b = s.Browser(t).SignIn("keeper", password)
	}
	s.Secrets.Add("client secret", "wrong-client-secret")
	a.Must(t, "POST", "/token?client_secret=wrong-client-secret", form("grant_type", "client_credentials", "client_id", harness.QuietID, "client_secret", "wrong-client-secret"), nil)
	verify, token := s.Mail.Link(t, "keeper@example.test", "/verify", 1)
	s.Secrets.Add("mailed token", token)
	b.Open(verify).Submit("/verify", nil)
	b.Open(verify)
	forgot(t, s, "keeper@example.test")
	link, token := s.Mail.Link(t, "keeper@example.test", "/reset", 1)
	s.Secrets.Add("mailed token", token)
	b.Open(link).At("/reset", 200)
	next := "next-" + harness.Random(12)
	s.Secrets.Add("password", next)
	b.Submit("/reset", map[string]string{"password": next}).At("/login", 200)
	_ = reset(t, s, token, "again-"+harness.Random(12))
	a.Must(t, "POST", "/api/logout", nil, harness.Bearer(platform)).Want(t, 401) // ended by the reset
	a.Must(t, "POST", "/api/auth/logout", object{"refresh_token": session.S("refresh_token")}, nil).Want(t, 200)
	a.Must(t, "POST", "/token", form("grant_type", "client_credentials"), harness.Basic(harness.MachineID, harness.MachineSecret)).Want(t, 200)
}

// privateKeys counts what looks like an unsealed private key: PKCS #8 and SEC 1 in DER, PEM, or a private JWK, each also in base64 or hex.
func privateKeys(content []byte) int {
	n := 0
	for _, der := range [][]byte{
		{0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00, 0x04, 0x82}, // RSA
		{0x02, 0x01, 0x00, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01},                                     // EC
		{0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20},                                     // Ed25519
	} {
		forms := [][]byte{der, []byte(hex.EncodeToString(der))}
		for skip := range 3 { // base64 of any alignment, without the characters that depend on what stands beside
			text := base64.RawStdEncoding.EncodeToString(append(make([]byte, skip), der...))
			forms = append(forms, []byte(text[(skip*8+5)/6:len(text)-2]))
		}
		for _, f := range forms {
			n += bytes.Count(content, f)
		}
	}
	n += bytes.Count(content, []byte("PRIVATE KEY-----"))
	return n + len(regexp.MustCompile(`"(d|p|q|dp|dq|qi)":\s*"[A-Za-z0-9_-]{20,}"`).FindAll(content, -1))
}

// TestPrivateKeysAreFound shows that the search above finds what it looks for.
func TestPrivateKeysAreFound(t *testing.T) {
	pem := string(harness.NewCertificate(t, "x").KeyPEM())
	block := strings.Join(strings.Split(strings.TrimSpace(pem), "\n")[1:], "")
	block = block[:strings.Index(block, "-----")]
	der, err := base64.StdEncoding.DecodeString(block)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"PEM": []byte(pem), "DER": der, "base64": []byte(block), "base64, shifted": []byte(base64.StdEncoding.EncodeToString(append([]byte("xy"), der...))),
		"hex": []byte(hex.EncodeToString(der)), "JWK": []byte(`{"kty":"EC","d":"0123456789012345678901234567890123456789012"}`)} {
		if privateKeys(content) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
	if privateKeys([]byte(`{"kty":"EC","x":"0123456789012345678901234567890123456789012"}`)) != 0 {
		t.Error("a public key is taken for a private one")
	}
}
