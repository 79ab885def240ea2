package client

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

// Bounds of a client's members.
const (
	// MaxSecrets is how many live secrets a client may have: the one in use and the one that follows it.
	MaxSecrets = 2
	// MaxListed bounds every list of a client; MaxText, in bytes, what people read.
	MaxListed = 100
	MaxText   = 200
)

// What stands for the account API's own tokens: no client may have the one, and none that registers itself the other.
const (
	reservedID    = "latchkey-account"
	reservedScope = "account"
)

const implicitGrant = oauth.ImplicitGrant

// Served is what clients can choose from. A nil list allows everything that Latchkey knows.
type Served struct {
	// Algs there are signing keys for: ID tokens, access tokens, signed userinfo and introspection.
	Algs []string
	// AuthMethods, GrantTypes and ResponseTypes that are on.
	AuthMethods, GrantTypes, ResponseTypes []string
	// ForAll are the response types of a client of the operator's that names none, as far as its grants allow; nil means code.
	ForAll []string
	// Issuer is this server, which vouches for none of its own clients.
	Issuer string
	// PlainFetch: the operator named networks where addresses of clients are reached by plain http too.
	PlainFetch bool
	// OpenUsernames: people choose their usernames themselves, so that none says who somebody is.
	OpenUsernames bool
	// Fetchable says what keeps an address from ever being fetched, in words that go on after its name and do not repeat it; nil judges the form alone.
	Fetchable func(uri string) error
}

// GrantTypes lists every grant type that can be served.
func GrantTypes() []string {
	return []string{"authorization_code", "refresh_token", implicitGrant, "client_credentials", oauth.DeviceGrant}
}

// AuthMethods lists every authentication method that can be served.
func AuthMethods() []string {
	return []string{NoneMethod, BasicMethod, PostMethod, SecretJWTMethod, KeyJWTMethod}
}

// Complete fills in what follows from the rest: the defaults of RFC 7591 §2, the order of words in response types, the sector of pairwise subjects.
func Complete(c *storage.Client) {
	if c.Forward != nil {
		completeForward(c)
	}
	if c.ApplicationType == "" {
		c.ApplicationType = "web" // OpenID Connect Registration §2
	}
	if c.AuthMethod == "" {
		c.AuthMethod = BasicMethod
	}
	if c.GrantTypes == nil {
		c.GrantTypes = []string{"authorization_code"}
	}
	if c.ResponseTypes == nil && slices.Contains(c.GrantTypes, "authorization_code") {
		c.ResponseTypes = []string{oauth.TypeCode}
	}
	var types []string
	for _, t := range c.ResponseTypes {
		if t = oauth.ParseResponseType(t); !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	c.ResponseTypes = types
	c.Sector = ""
	if c.SubjectType == "pairwise" {
		c.Sector = sector(*c)
	}
}

// ResponseTypesFor lists those of types whose grants are among grants: code needs authorization_code, what leaves at the front needs implicit
// (RFC 7591 §2.1). nil for none.
func ResponseTypesFor(types, grants []string) []string {
	var out []string
	for _, t := range types {
		front := oauth.Answers(t, "token") || oauth.Answers(t, "id_token")
		if oauth.Answers(t, "code") && !slices.Contains(grants, "authorization_code") || front && !slices.Contains(grants, implicitGrant) {
			continue
		}
		out = append(out, t)
	}
	return out
}

// NeedsSecret says whether anything of the client rests on a secret that it shares with us.
func NeedsSecret(c storage.Client) bool {
	return strings.HasPrefix(c.AuthMethod, "client_secret_") || slices.ContainsFunc([]string{c.IDTokenAlg, c.UserinfoAlg, c.IntrospectionAlg}, isMAC)
}

// Check says everything that is wrong with a client that [Complete] has completed, wherever it comes from.
func Check(c storage.Client, s Served) []Fault {
	k := &checker{c: c, s: s}
	for _, check := range []func(){
		k.identity, k.people, k.method, k.secrets, k.keys, k.federated, k.forward, k.grants, k.responses, k.redirects, k.pairwise, k.addresses, k.algorithms, k.requests,
		k.resources, k.groups, k.registered,
	} {
		check()
	}
	return k.faults
}

type checker struct {
	c      storage.Client
	s      Served
	faults []Fault
}

// bad notes what is wrong with a member; badValue with one value of it. They are called a hundred times, and seldom run.
//
//go:noinline
func (k *checker) bad(wrong bool, field, format string, args ...any) {
	if wrong {
		k.faults = append(k.faults, Fault{Field: field, Problem: fmt.Sprintf(format, args...)})
	}
}

//go:noinline
func (k *checker) badValue(wrong bool, field, value, format string, args ...any) {
	if wrong {
		k.faults = append(k.faults, Fault{Field: field, Value: value, Problem: fmt.Sprintf(format, args...)})
	}
}

// oneOf checks a word against those that are known, and those of them that are on; on nil means all.
func (k *checker) oneOf(field, word string, known, on []string) {
	if on == nil {
		on = known
	}
	k.badValue(!slices.Contains(known, word) || !slices.Contains(on, word), field, word, "is not served")
}

func (k *checker) has(grant string) bool { return slices.Contains(k.c.GrantTypes, grant) }
func (k *checker) public() bool          { return k.c.AuthMethod == NoneMethod }
func (k *checker) native() bool          { return k.c.ApplicationType == "native" }

// answers tells whether a response type brings word from /authorize.
func (k *checker) answers(word string) bool {
	return slices.ContainsFunc(k.c.ResponseTypes, func(t string) bool { return oauth.Answers(t, word) })
}

func notToken(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }

func (k *checker) identity() {
	c := k.c
	k.bad(c.ID == "", "client_id", "is missing")
	k.bad(len(c.ID) > 128 || strings.ContainsFunc(c.ID, notToken),
		"client_id", "must have at most 128 printable ASCII characters without space, quote and backslash")
	k.bad(c.ID == reservedID, "client_id", "is %s, which stands for the account API's own tokens", reservedID)
	k.badValue(!k.native() && c.ApplicationType != "web", "application_type", c.ApplicationType, "is neither web nor native")
}

// people checks what people see.
func (k *checker) people() {
	c := k.c
	texts := map[string]string{"client_name": c.Name, "software_id": c.SoftwareID, "software_version": c.SoftwareVersion}
	links := map[string]string{"client_uri": c.URI, "policy_uri": c.PolicyURI, "tos_uri": c.TOSURI}
	logos := map[string]string{"logo_uri": c.LogoURI}
	for name, v := range c.Localized { // RFC 7591 §2.2
		switch base, _, _ := strings.Cut(name, "#"); base {
		case "client_name":
			texts[name] = v
		case "logo_uri":
			logos[name] = v
		default:
			links[name] = v
		}
	}
	for _, name := range sortedKeys(texts) {
		k.bad(len(texts[name]) > MaxText, name, "is longer than %d bytes", MaxText)
		k.bad(strings.ContainsFunc(texts[name], unprintable), name, "has a character that cannot be seen")
	}
	for _, name := range sortedKeys(links) {
		k.bad(links[name] != "" && !isWebLink(links[name]), name, "is no http or https URL")
	}
	for _, name := range sortedKeys(logos) { // fetched, so that pages can show it
		problem := k.fetched(logos[name])
		k.badValue(logos[name] != "" && problem != "", name, logos[name], "%s", problem)
	}
	k.bad(len(c.Localized) > MaxListed, "client_name", "and other members are there in more than %d languages", MaxListed)
	k.list("contacts", c.Contacts, MaxText)
}

// unprintable finds what could make a name look like another: controls, and marks that turn the direction of text.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == 0x2028 || r == 0x2029 || r == 0x061C || r == 0x200E || r == 0x200F || r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069
}

// list checks the bounds of a list whose values are nothing to us.
func (k *checker) list(field string, values []string, maxBytes int) {
	k.bad(len(values) > MaxListed, field, "has more than %d", MaxListed)
	for _, v := range values {
		k.bad(len(v) > maxBytes || strings.ContainsFunc(v, unprintable), field, "has a value that is longer than %d bytes or has a character that cannot be seen", maxBytes)
	}
}

// registered checks what only an operator can answer for.
func (k *checker) registered() {
	if !k.c.Registered {
		return
	}
	k.bad(k.c.SkipConsent, "skip_consent", "is set, but the client registered itself: people are asked")
	k.bad(k.c.AccountClaims, "account_claims", "is set, but the client registered itself")
	k.bad(slices.Contains(k.c.Scopes, reservedScope), "scope", "has %s, which no client gets that registered itself", reservedScope)
}
