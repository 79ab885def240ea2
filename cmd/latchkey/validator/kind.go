package validator

import "slices"

// Expect is what a validator must do with a token.
type Expect string

// What a validator may do: take it, refuse it, or either as it likes.
const (
	Take   Expect = "take"
	Refuse Expect = "refuse"
	Either Expect = "either"
)

// Rule is the duty of a validator that a token puts to the test.
type Rule string

// The duties, in the order of reports.
const (
	RuleToken     Rule = "token"
	RuleGood      Rule = "good"
	RuleSignature Rule = "signature"
	RuleAlgorithm Rule = "algorithm"
	RuleKey       Rule = "key"
	RuleIssuer    Rule = "issuer"
	RuleAudience  Rule = "audience"
	RuleExpiry    Rule = "expiry"
	RuleStart     Rule = "start"
	RuleType      Rule = "type"
	RuleHeader    Rule = "header"
	RuleForm      Rule = "form"
	RuleClaims    Rule = "claims"
	RuleScope     Rule = "scope"
	RuleClient    Rule = "client"
	RuleSession   Rule = "session"
	RuleSize      Rule = "size"
	RuleRotation  Rule = "rotation"
)

// complaints say what is wrong with a validator that fails a rule.
var complaints = map[Rule]string{
	RuleToken:     "it lets requests in without a token",
	RuleGood:      "it refuses good tokens",
	RuleSignature: "signatures are not verified as they must be",
	RuleAlgorithm: "the algorithm is not pinned to that of the issuer's key",
	RuleKey:       "the key is not chosen from the issuer's set alone",
	RuleIssuer:    "iss is not compared with the issuer, character by character",
	RuleAudience:  "aud is not compared as it must be",
	RuleExpiry:    "exp is not checked as it must be",
	RuleStart:     "nbf is not checked",
	RuleType:      "typ is not checked: other tokens of the issuer pass for access tokens",
	RuleHeader:    "header parameters are not treated as they must be",
	RuleForm:      "the token's form is not checked as it must be",
	RuleClaims:    "claims are not read as they must be",
	RuleScope:     "the scope is not checked",
	RuleClient:    "tokens of other applications are taken",
	RuleSession:   "tokens whose session has ended are taken",
	RuleSize:      "large requests are not answered",
	RuleRotation:  "it does not follow the issuer's keys",
}

// Complaint is one line about a validator that fails the rule.
func (r Rule) Complaint() string { return complaints[r] }

// What a token stands for: an access token (RFC 9068) or an ID token (OpenID Connect Core §2).
const (
	AsAccess = "access"
	AsID     = "id"
)

// Kind is one way in which a token is good or wrong.
type Kind struct {
	// Name is for the command line, Wrong one line of what is wrong with it, Clause where that is said.
	Name   string `json:"kind"`
	Rule   Rule   `json:"rule"`
	Wrong  string `json:"wrong"`
	Clause string `json:"clause"`
	Expect Expect `json:"expect"`

	// only is AsAccess or AsID where it exists for that alone.
	only string
	make func(*forge) (string, error)
}

// MustRefuse says whether a validator with those duties must refuse what others may take: it asks for a scope, it is for one
// application only, or it asks the issuer whether the session lives.
func (k Kind) MustRefuse(duties []Rule) bool {
	return k.Expect == Refuse || k.Expect == Either && slices.Contains([]Rule{RuleScope, RuleClient, RuleSession}, k.Rule) && slices.Contains(duties, k.Rule)
}

// Kinds lists every kind for tokens that stand for as, good ones first.
func Kinds(as string) []Kind {
	var out []Kind
	for _, part := range [][]Kind{goodKinds, signatureKinds, algorithmKinds, keyKinds, claimKinds, timeKinds, typeKinds, formKinds, rightsKinds} {
		for _, k := range part {
			if k.only == "" || k.only == as {
				out = append(out, k)
			}
		}
	}
	return out
}

// find returns the kinds of that names, in the order of [Kinds]; all where names is empty. unknown is the first name that is none.
func find(as string, names []string) (kinds []Kind, unknown string) {
	all := Kinds(as)
	for _, n := range names {
		if !slices.ContainsFunc(all, func(k Kind) bool { return k.Name == n }) {
			return nil, n
		}
	}
	for _, k := range all {
		if len(names) == 0 || slices.Contains(names, k.Name) {
			kinds = append(kinds, k)
		}
	}
	return kinds, ""
}
