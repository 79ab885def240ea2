package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"latchkey/e2e/harness"
)

// devServer is a server in development mode.
func devServer(t *testing.T, host string) *harness.Server {
	t.Helper()
	return harness.Start(t, harness.Options{Host: host, Config: object{"dev": true, "mail.smtp.address": nil, "mail.smtp.tls": nil}, Clients: []object{}})
}

// verdicts is a report of check-validator.
type verdicts struct {
	Stopped  string
	Outcomes []struct {
		Kind, Verdict, Detail, Expect string
		Status                        int
	}
	Complaints []struct {
		Rule  string
		Kinds []string
	}
}

// checkValidator runs the command against an address.
func checkValidator(t *testing.T, s *harness.Server, address string, args ...string) (verdicts, int) {
	t.Helper()
	out, bad, code := s.Run(t, append([]string{"check-validator", address, "-o", "json", "--patience", "3s"}, args...)...)
	var v verdicts
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("exit %d: %v\n%s%s", code, err, out, bad)
	}
	return v, code
}

// wrong lists the kinds of a report that were wrongly taken, refused or answered, sorted.
func (v verdicts) wrong() []string {
	out := []string{}
	for _, c := range v.Complaints {
		out = append(out, c.Kinds...)
	}
	slices.Sort(out)
	return out
}

const api = "https://api.example.test"

// TestCarelessValidators finds the flaw of each, and nothing else.
func TestCarelessValidators(t *testing.T) {
	s := devServer(t, "")
	for _, row := range []struct {
		name, flaw, rules, kinds string
		args                     []string
	}{
		{name: "RFC 9068 §4 one without a flaw"},
		{name: "RFC 6750 §3 open to everybody", flaw: "no-token", rules: "token", kinds: "no-token"},
		{name: "RFC 7515 §5.2 no look at signatures", flaw: "signature", rules: "signature algorithm key rotation", kinds: "altered-header altered-payload altered-signature der-signature embedded-jwk embedded-x5c empty-signature foreign-key hmac-empty hmac-jwk hmac-pem hmac-rsa-pem jku kid-path longer-signature no-alg none none-capital none-mixed none-upper other-alg psychic-signature revoked-key truncated unknown-kid unknown-kids withdrawn-key x5u"},
		{name: "an empty signature passes", flaw: "signature-empty", rules: "signature algorithm", kinds: "empty-signature no-alg none none-capital none-mixed none-upper"},
		{name: "RFC 7518 §3.4 bytes behind the signature", flaw: "longer", rules: "signature", kinds: "longer-signature"},
		{name: "RFC 7518 §3.4 r = s = 0", flaw: "psychic", rules: "signature", kinds: "psychic-signature"},
		{name: "RFC 7518 §3.4 ASN.1", flaw: "der", rules: "signature", kinds: "der-signature"},
		{name: "RFC 8725 §2.1 none", flaw: "none", rules: "algorithm", kinds: "none"},
		{name: "RFC 8725 §2.1 none in any case", flaw: "none-cases", rules: "algorithm", kinds: "none none-capital none-mixed none-upper"},
		{name: "RFC 8725 §2.1 the public key as a secret", flaw: "hmac", rules: "algorithm", kinds: "hmac-pem hmac-rsa-pem"},
		{name: "RFC 8725 §3.1 the token chooses the algorithm", flaw: "alg", rules: "algorithm", kinds: "other-alg"},
		{name: "RFC 8725 §3.10 an empty secret for a key that is not found", flaw: "kid-empty-secret", rules: "key", kinds: "kid-path"},
		{name: "RFC 7515 §4.1.3 jwk", flaw: "jwk", rules: "key", kinds: "embedded-jwk"},
		{name: "RFC 7515 §4.1.6 x5c", flaw: "x5c", rules: "key", kinds: "embedded-x5c"},
		{name: "RFC 8725 §3.10 jku", flaw: "jku", rules: "key", kinds: "jku"},
		{name: "RFC 8725 §3.10 jku is fetched, though not believed", flaw: "jku-looks", rules: "key", kinds: "jku"},
		{name: "RFC 8725 §3.10 x5u", flaw: "x5u", rules: "key", kinds: "x5u"},
		{name: "OpenID Connect Core §10.1.1 keys that left the set", flaw: "hoards", rules: "rotation", kinds: "withdrawn-key"},
		{name: "OpenID Connect Core §10.1.1 keys are fetched once", flaw: "never-again", rules: "rotation", kinds: "rotated-key"},
		{name: "OpenID Connect Core §10.1.1 each kid is a fetch: advice alone", flaw: "hammers"},
		{name: "OpenID Connect Core §3.1.3.7 no look at iss", flaw: "iss", rules: "issuer", kinds: "issuer-array issuer-longer issuer-slash no-issuer wrong-issuer"},
		{name: "iss by its beginning", flaw: "iss-prefix", rules: "issuer", kinds: "issuer-longer issuer-slash"},
		{name: "iss without regard to a slash", flaw: "iss-slash", rules: "issuer", kinds: "issuer-slash"},
		{name: "iss as a list", flaw: "iss-list", rules: "issuer", kinds: "issuer-array"},
		{name: "RFC 7519 §4.1.3 no look at aud", flaw: "aud", rules: "audience claims", kinds: "audience-empty audience-longer audience-others no-audience no-subject wrong-audience"},
		{name: "aud may be missing", flaw: "aud-missing", rules: "audience", kinds: "audience-empty no-audience"},
		{name: "aud by its beginning", flaw: "aud-prefix", rules: "audience claims", kinds: "audience-longer no-subject"},
		{name: "aud is one text", flaw: "aud-text", rules: "audience", kinds: "good-audience-array good-audiences"},
		{name: "RFC 7519 §4.1.4 no look at exp", flaw: "exp", rules: "claims expiry", kinds: "duplicate-last-wrong exp-negative exp-null exp-text exp-zero expired no-exp"},
		{name: "exp counts where it is true", flaw: "exp-falsy", rules: "expiry", kinds: "exp-null exp-text exp-zero no-exp"},
		{name: "exp as text is not compared", flaw: "exp-text", rules: "expiry", kinds: "exp-text"},
		{name: "RFC 7519 §4.1.5 no look at nbf", flaw: "nbf", rules: "start", kinds: "not-yet-valid"},
		{name: "RFC 9068 §4 no look at typ", flaw: "typ", rules: "type", kinds: "id-token-audience no-typ wrong-typ logout-token"},
		{name: "RFC 9068 §4 typ may be missing", flaw: "typ-missing", rules: "type", kinds: "no-typ"},
		{name: "RFC 7515 §4.1.11 no look at crit", flaw: "crit", rules: "header", kinds: "crit-unknown"},
		{name: "RFC 7515 §7.1 more than three parts", flaw: "parts", rules: "form", kinds: "four-parts trailing-point"},
		{name: "RFC 7515 §5.2 lenient base64", flaw: "base64", rules: "form", kinds: "inner-space trailing-garbage"},
		{name: "RFC 9068 §2.2 nobody is named", flaw: "sub", rules: "claims", kinds: "no-subject"},
		{name: "RFC 7519 §4 claims that nobody knows are refused", flaw: "unknown-claim", rules: "claims", kinds: "good-unknown-claim"},
		{name: "RFC 7519 §7.2 null breaks it", flaw: "null", rules: "claims", kinds: "payload-null"},
		{name: "RFC 9068 §4 the scope it asks for", args: []string{"--scope", "read"}},
		{name: "RFC 9068 §4 no look at scope", flaw: "scope", args: []string{"--scope", "read"}, rules: "scope", kinds: "no-scope scope-longer wrong-scope"},
		{name: "scope by its beginning", flaw: "scope-prefix", args: []string{"--scope", "read"}, rules: "scope", kinds: "scope-longer"},
		{name: "it is for one application, and takes tokens of others", args: []string{"--own-client"}, rules: "client", kinds: "other-client"},
		{name: "it says that it asks the issuer, and does not", args: []string{"--asks-issuer"}, rules: "session", kinds: "ended-session"},
	} {
		t.Run(row.name, func(t *testing.T) {
			g := &guard{issuer: s.Issuer, audience: api, flaw: row.flaw}
			if slices.Contains(row.args, "--scope") {
				g.scope = "read"
			}
			app := httptest.NewServer(g)
			defer app.Close()
			v, code := checkValidator(t, s, app.URL, append(row.args, "--audience", api)...)
			want := strings.Fields(row.kinds)
			slices.Sort(want)
			if got := v.wrong(); !slices.Equal(got, want) {
				t.Errorf("complaints about %q, want %q", got, want)
			}
			rules := []string{}
			for _, c := range v.Complaints {
				rules = append(rules, c.Rule)
			}
			if got := strings.Join(rules, " "); got != row.rules {
				t.Errorf("rules %q, want %q", got, row.rules)
			}
			if exit := min(1, len(want)); code != exit {
				t.Errorf("exit %d, want %d", code, exit)
			}
			for _, o := range v.Outcomes {
				if o.Verdict == "fault" || (o.Verdict == "advice") != (row.flaw == "hammers" && o.Kind == "unknown-kids") {
					t.Errorf("%s: %s: %s", o.Kind, o.Verdict, o.Detail)
				}
			}
			if n := len(v.Outcomes); n < 70 && row.flaw != "no-token" {
				t.Errorf("only %d outcomes", n)
			}
		})
	}
}

// TestMintedTokens are known to the server that made them, and to no other.
func TestMintedTokens(t *testing.T) {
	s := devServer(t, "")
	s.SignUp(t, "ada", "ada@example.test", "correct horse battery")
	mint := func(args ...string) string {
		out, bad, code := s.Run(t, append([]string{"token", "mint"}, args...)...)
		if code != 0 {
			t.Fatalf("mint %v: exit %d: %s", args, code, bad)
		}
		return strings.TrimSpace(out)
	}
	userinfo := func(token string) *harness.Reply {
		return s.API().Must(t, http.MethodGet, "/userinfo", nil, map[string]string{"Authorization": "Bearer " + token})
	}
	good := mint("--user", "ada", "--scope", "openid email")
	if r := userinfo(good).Want(t, 200); r.S("email") != "ada@example.test" {
		t.Errorf("userinfo of a good token: %s", r.Raw)
	}
	for _, kind := range []string{"expired", "wrong-issuer", "wrong-typ", "unknown-kid", "foreign-key", "revoked-key", "none", "hmac-pem", "embedded-jwk", "jku", "altered-payload", "empty-signature", "psychic-signature", "der-signature",
		"crit-unknown", "trailing-point", "id-token-audience", "ended-session"} {
		if r := userinfo(mint("--user", "ada", "--scope", "openid email", "--kind", kind)); r.Status != 401 {
			t.Errorf("our own userinfo takes %s: %d %s", kind, r.Status, r.Raw)
		}
	}
	// The keys are in the set of this server, and end with it.
	kid := jwtPart(t, good, 0)["kid"].(string)
	if set := s.API().Must(t, http.MethodGet, "/jwks.json", nil, nil); !strings.Contains(string(set.Raw), kid) {
		t.Error("the key of minted tokens is not in the set")
	}
	s.Stop(t)
	if _, bad, code := s.Run(t, "token", "mint"); code != 69 || !strings.Contains(bad, "no server answers") {
		t.Errorf("without a server: exit %d: %s", code, bad)
	}
	s.Launch(t)
	s.WaitReady(t)
	if r := userinfo(good); r.Status != 401 {
		t.Errorf("a minted token outlives its server: %d", r.Status)
	}
}

// TestNoMintInProduction: a server that is not in development mode makes no token, whatever the command says, and its key set holds nothing of a mint.
func TestNoMintInProduction(t *testing.T) {
	s := harness.Start(t, harness.Options{})
	if _, bad, code := s.Run(t, "token", "mint"); code != 1 || !strings.Contains(bad, "development mode only") {
		t.Errorf("exit %d: %s", code, bad)
	}
	for _, args := range [][]string{{"token", "mint", "--dev"}, {"token", "mint", "--dev", "--all"}, {"check-validator", "http://127.0.0.1:9", "--dev"}} {
		if out, bad, code := s.Run(t, args...); code == 0 || out != "" || !strings.Contains(bad, "development mode only") {
			t.Errorf("%v: exit %d: %s%s", args, code, out, bad)
		}
	}
	keys, _ := s.API().Must(t, http.MethodGet, "/jwks.json", nil, nil).JSON["keys"].([]any)
	listed, _, _ := s.Run(t, "keys", "list", "-o", "json")
	for _, k := range keys {
		if kid := k.(object)["kid"].(string); !strings.Contains(listed, kid) {
			t.Errorf("the set has a key that no ring has: %s", kid)
		}
	}
	if r := s.API().Must(t, http.MethodGet, "/dev", nil, nil); r.Status != 404 {
		t.Errorf("/dev answers %d", r.Status)
	}
}
