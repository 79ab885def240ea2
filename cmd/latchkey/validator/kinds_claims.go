package validator

import (
	"encoding/json"
	"strconv"
	"time"
)

var claimKinds = []Kind{
	{Name: "wrong-issuer", Rule: RuleIssuer, Expect: Refuse, Clause: "RFC 7519 §4.1.1", Wrong: "iss is another issuer", make: claimed(func(*forge) object { return object{"iss": "https://issuer.example"} })},
	{Name: "issuer-slash", Rule: RuleIssuer, Expect: Refuse, Clause: "OpenID Connect Core §3.1.3.7", Wrong: "iss has a slash at its end that the issuer has not", make: claimed(func(f *forge) object { return object{"iss": f.cfg.Issuer + "/"} })},
	{Name: "issuer-longer", Rule: RuleIssuer, Expect: Refuse, Clause: "OpenID Connect Core §3.1.3.7", Wrong: "iss begins with the issuer and goes on", make: claimed(func(f *forge) object { return object{"iss": f.cfg.Issuer + ".intruder.example"} })},
	{Name: "issuer-array", Rule: RuleIssuer, Expect: Refuse, Clause: "RFC 7519 §4.1.1", Wrong: "iss is an array with the issuer in it", make: claimed(func(f *forge) object { return object{"iss": []string{f.cfg.Issuer}} })},
	{Name: "no-issuer", Rule: RuleIssuer, Expect: Refuse, Clause: "RFC 9068 §2.2, OpenID Connect Core §2", Wrong: "there is no iss", make: claimed(func(*forge) object { return object{"iss": nil} })},
	{Name: "wrong-audience", Rule: RuleAudience, Expect: Refuse, Clause: "RFC 7519 §4.1.3", Wrong: "aud is another API", make: claimed(func(*forge) object { return object{"aud": "https://another-api.example"} })},
	{Name: "audience-longer", Rule: RuleAudience, Expect: Refuse, Clause: "RFC 7519 §4.1.3", Wrong: "aud begins with the audience and goes on", make: claimed(func(f *forge) object { return object{"aud": f.audience() + ".intruder.example"} })},
	{Name: "audience-others", Rule: RuleAudience, Expect: Refuse, Clause: "RFC 7519 §4.1.3", Wrong: "aud is an array of others", make: claimed(func(*forge) object { return object{"aud": []string{"https://a.example", "https://b.example"}} })},
	{Name: "audience-empty", Rule: RuleAudience, Expect: Refuse, Clause: "RFC 7519 §4.1.3", Wrong: "aud is an empty array", make: claimed(func(*forge) object { return object{"aud": []string{}} })},
	{Name: "no-audience", Rule: RuleAudience, Expect: Refuse, Clause: "RFC 9068 §2.2, OpenID Connect Core §2", Wrong: "there is no aud", make: claimed(func(*forge) object { return object{"aud": nil} })},
	{Name: "no-subject", Rule: RuleClaims, Expect: Refuse, Clause: "RFC 9068 §2.2, OpenID Connect Core §2", Wrong: "there is no sub: nobody is named", make: claimed(func(*forge) object { return object{"sub": nil} })},
	{Name: "duplicate-last-wrong", Rule: RuleClaims, Expect: Refuse, Clause: "RFC 7519 §4", Wrong: "exp is there twice; the last one, which is the one that may count, is past", make: func(f *forge) (string, error) { return f.twice(f.secs(time.Hour), f.secs(-time.Hour)) }},
	{Name: "duplicate-last-good", Rule: RuleClaims, Expect: Either, Clause: "RFC 7519 §4", Wrong: "exp is there twice; the last one is good: refused, or read by the last", make: func(f *forge) (string, error) { return f.twice(f.secs(-time.Hour), f.secs(time.Hour)) }},
	{Name: "payload-array", Rule: RuleClaims, Expect: Refuse, Clause: "RFC 7519 §7.2", Wrong: "the payload is an array with the claims in it", make: func(f *forge) (string, error) {
		return f.raw(f.head().json(), append(append([]byte("["), f.claims().json()...), ']'), f.key)
	}},
	{Name: "payload-null", Rule: RuleClaims, Expect: Refuse, Clause: "RFC 7519 §7.2", Wrong: "the payload is null", make: func(f *forge) (string, error) { return f.raw(f.head().json(), []byte("null"), f.key) }},
}

// twice has the member exp two times.
func (f *forge) twice(first, second int64) (string, error) {
	rest := f.claims().with(object{"exp": nil}).json()
	payload := `{"exp":` + number(first) + "," + string(rest[1:len(rest)-1]) + `,"exp":` + number(second) + "}"
	return f.raw(f.head().json(), []byte(payload), f.key)
}

var timeKinds = []Kind{
	{Name: "expired", Rule: RuleExpiry, Expect: Refuse, Clause: "RFC 7519 §4.1.4", Wrong: "it expired ten minutes ago", make: claimed(func(f *forge) object {
		return object{"iat": f.secs(-20 * time.Minute), "exp": f.secs(-10 * time.Minute)}
	})},
	{Name: "expired-just-now", Rule: RuleExpiry, Expect: Either, Clause: "RFC 7519 §4.1.4", Wrong: "it expired 20 seconds ago: within the leeway for clocks that some give", make: claimed(func(f *forge) object {
		return object{"iat": f.secs(-10 * time.Minute), "exp": f.secs(-20 * time.Second)}
	})},
	{Name: "no-exp", Rule: RuleExpiry, Expect: Refuse, Clause: "RFC 9068 §2.2, OpenID Connect Core §2", Wrong: "there is no exp: it would be good for ever", make: claimed(func(*forge) object { return object{"exp": nil} })},
	{Name: "exp-zero", Rule: RuleExpiry, Expect: Refuse, Clause: "RFC 7519 §4.1.4", Wrong: "exp is 0, which is 1970 and not nothing", make: claimed(func(*forge) object { return object{"exp": 0} })},
	{Name: "exp-negative", Rule: RuleExpiry, Expect: Refuse, Clause: "RFC 7519 §4.1.4", Wrong: "exp is -1", make: claimed(func(*forge) object { return object{"exp": -1} })},
	{Name: "exp-null", Rule: RuleExpiry, Expect: Refuse, Clause: "RFC 7519 §4.1.4", Wrong: "exp is null", make: claimed(func(*forge) object { return object{"exp": json.RawMessage("null")} })},
	{Name: "exp-text", Rule: RuleExpiry, Expect: Refuse, Clause: "RFC 7519 §4.1.4", Wrong: "exp is the text “never”", make: claimed(func(*forge) object { return object{"exp": "never"} })},
	{Name: "exp-string", Rule: RuleExpiry, Expect: Either, Clause: "RFC 7519 §2", Wrong: "exp is a number in quotes; this issuer never writes that", make: claimed(func(f *forge) object { return object{"exp": number(f.secs(time.Hour))} })},
	{Name: "exp-float", Rule: RuleExpiry, Expect: Either, Clause: "RFC 7519 §2", Wrong: "exp has a fraction, which is allowed; this issuer never writes that", make: claimed(func(f *forge) object {
		return object{"exp": json.RawMessage(number(f.secs(time.Hour)) + ".5")}
	})},
	{Name: "exp-huge", Rule: RuleExpiry, Expect: Either, Clause: "RFC 7519 §2", Wrong: "exp is 1e20, beyond 64 bits", make: claimed(func(*forge) object { return object{"exp": json.RawMessage("1e20")} })},
	{Name: "not-yet-valid", Rule: RuleStart, Expect: Refuse, Clause: "RFC 7519 §4.1.5", Wrong: "nbf is in ten minutes", make: claimed(func(f *forge) object {
		return object{"nbf": f.secs(10 * time.Minute), "exp": f.secs(time.Hour)}
	})},
	{Name: "issued-in-future", Rule: RuleStart, Expect: Either, Clause: "RFC 7519 §4.1.6", Wrong: "iat is in ten minutes: nobody has to look at it", make: claimed(func(f *forge) object {
		return object{"iat": f.secs(10 * time.Minute), "exp": f.secs(time.Hour)}
	})},
}

// number is n as JSON.
func number(n int64) string { return strconv.FormatInt(n, 10) }

var typeKinds = []Kind{
	{Name: "id-token", only: AsAccess, Rule: RuleType, Expect: Refuse, Clause: "RFC 9068 §4", Wrong: "an ID token of the client", make: func(f *forge) (string, error) { return f.signed(f.head().with(object{"typ": "JWT"}), f.idClaims()) }},
	{Name: "id-token-audience", only: AsAccess, Rule: RuleType, Expect: Refuse, Clause: "RFC 9068 §4", Wrong: "an ID token for a client that is named as the API is: typ alone tells", make: func(f *forge) (string, error) {
		return f.signed(f.head().with(object{"typ": "JWT"}), f.idClaims().with(object{"aud": f.Audience, "azp": f.Audience}))
	}},
	{Name: "wrong-typ", only: AsAccess, Rule: RuleType, Expect: Refuse, Clause: "RFC 9068 §4", Wrong: "typ is JWT in place of at+jwt", make: headed(func(*forge) object { return object{"typ": "JWT"} })},
	{Name: "no-typ", only: AsAccess, Rule: RuleType, Expect: Refuse, Clause: "RFC 9068 §4", Wrong: "there is no typ", make: headed(func(*forge) object { return object{"typ": nil} })},
	{Name: "logout-token", only: AsAccess, Rule: RuleType, Expect: Refuse, Clause: "RFC 8725 §3.11", Wrong: "a logout token", make: logoutToken},
	{Name: "typ-long", only: AsAccess, Rule: RuleType, Expect: Either, Clause: "RFC 9068 §4", Wrong: "typ is application/at+jwt, the same; this issuer never writes that", make: headed(func(*forge) object { return object{"typ": "application/at+jwt"} })},
	{Name: "typ-case", only: AsAccess, Rule: RuleType, Expect: Either, Clause: "RFC 7515 §4.1.9", Wrong: "typ is AT+JWT, the same; this issuer never writes that", make: headed(func(*forge) object { return object{"typ": "AT+JWT"} })},
	{Name: "access-token", only: AsID, Rule: RuleType, Expect: Refuse, Clause: "OpenID Connect Core §3.1.3.7", Wrong: "an access token of the client", make: func(f *forge) (string, error) {
		return f.signed(f.head().with(object{"typ": "at+jwt"}), f.accessClaims())
	}},
	{Name: "access-token-audience", only: AsID, Rule: RuleType, Expect: Either, Clause: "RFC 8725 §3.12", Wrong: "an access token for an API that is named as the client is: typ alone tells", make: func(f *forge) (string, error) {
		return f.signed(f.head().with(object{"typ": "at+jwt"}), f.accessClaims().with(object{"aud": f.Client}))
	}},
	{Name: "logout-token", only: AsID, Rule: RuleType, Expect: Either, Clause: "RFC 8725 §3.12", Wrong: "a logout token: typ and events tell", make: logoutToken},
}

func logoutToken(f *forge) (string, error) {
	return f.signed(f.head().with(object{"typ": "logout+jwt"}), object{"iss": f.cfg.Issuer, "sub": f.Subject, "aud": f.audience(), "iat": f.secs(0), "exp": f.secs(2 * time.Minute), "jti": random(16),
		"events": object{"http://schemas.openid.net/event/backchannel-logout": object{}}})
}

var rightsKinds = []Kind{
	{Name: "wrong-scope", only: AsAccess, Rule: RuleScope, Expect: Either, Clause: "RFC 9068 §4", Wrong: "its scope is one that nobody knows; to be refused where the API asks for a scope", make: claimed(func(*forge) object { return object{"scope": "nothing-at-all"} })},
	{Name: "scope-longer", only: AsAccess, Rule: RuleScope, Expect: Either, Clause: "RFC 6749 §3.3", Wrong: "its scope begins with the one asked for and goes on; as before", make: claimed(func(f *forge) object { return object{"scope": f.Scope + "-not"} })},
	{Name: "no-scope", only: AsAccess, Rule: RuleScope, Expect: Either, Clause: "RFC 9068 §2.2.3", Wrong: "it has no scope; as before", make: claimed(func(*forge) object { return object{"scope": nil} })},
	{Name: "other-client", only: AsAccess, Rule: RuleClient, Expect: Either, Clause: "RFC 9068 §2.2", Wrong: "it was issued to another application; to be refused where the API is for one alone", make: claimed(func(f *forge) object {
		c := object{"client_id": "another-application"}
		if f.Subject == f.Client {
			c["sub"] = "another-application"
		}
		return c
	})},
	{Name: "other-client", only: AsID, Rule: RuleAudience, Expect: Refuse, Clause: "OpenID Connect Core §3.1.3.7", Wrong: "an ID token of another application", make: claimed(func(*forge) object { return object{"aud": "another-application", "azp": "another-application"} })},
	{Name: "other-azp", only: AsID, Rule: RuleAudience, Expect: Either, Clause: "OpenID Connect Core §3.1.3.7", Wrong: "aud has the application among others, and azp is another", make: claimed(func(f *forge) object {
		return object{"aud": []string{f.Client, "another-application"}, "azp": "another-application"}
	})},
	{Name: "ended-session", only: AsAccess, Rule: RuleSession, Expect: Either, Clause: "RFC 7662 §2.2", Wrong: "good by the keys alone, but its grant and session are gone; to be refused where the API asks the issuer", make: claimed(func(*forge) object {
		return object{"jti": random(16) + "." + random(9), "sid": random(16)}
	})},
}
