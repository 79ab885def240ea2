package validator

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

var goodKinds = []Kind{
	{Name: "good", Rule: RuleGood, Expect: Take, Clause: "RFC 7519 §7.2", Wrong: "nothing", make: (*forge).good},
	{Name: "good-other-key", Rule: RuleKey, Expect: Take, Clause: "RFC 7517 §4.5", Wrong: "nothing; signed by another key of the set", make: func(f *forge) (string, error) {
		k, err := f.spareOf(f.Alg)
		if err != nil {
			return "", err
		}
		return f.raw(f.head().with(object{"kid": k.kid}).json(), f.claims().json(), k)
	}},
	{Name: "good-audiences", Rule: RuleAudience, Expect: Take, Clause: "RFC 7519 §4.1.3", Wrong: "nothing; aud is an array with others beside it", make: claimed(func(f *forge) object {
		return object{"aud": []string{"https://another-api.example", f.audience()}}
	})},
	{Name: "good-audience-array", Rule: RuleAudience, Expect: Take, Clause: "RFC 7519 §4.1.3", Wrong: "nothing; aud is an array of one", make: claimed(func(f *forge) object { return object{"aud": []string{f.audience()}} })},
	{Name: "good-unknown-claim", Rule: RuleClaims, Expect: Take, Clause: "RFC 7519 §4", Wrong: "nothing; a claim that nobody knows is to be ignored", make: claimed(func(*forge) object {
		return object{"https://unknown.example/claim": object{"a": []int{1, 2}}}
	})},
	{Name: "good-unknown-header", Rule: RuleHeader, Expect: Take, Clause: "RFC 7515 §4", Wrong: "nothing; a header parameter that nobody knows, and that is not critical, is to be ignored", make: headed(func(*forge) object { return object{"unknown": "x"} })},
	{Name: "good-json", Rule: RuleForm, Expect: Take, Clause: "RFC 8259 §2", Wrong: "nothing; the claims are JSON with white space and escapes", make: func(f *forge) (string, error) {
		pretty, err := json.MarshalIndent(f.claims(), " ", "\t")
		if err != nil {
			return "", err
		}
		return f.raw(f.head().json(), []byte(strings.NewReplacer("/", `\/`, `"iss"`, `"\u0069ss"`).Replace(string(pretty))), f.key)
	}},
}

var formKinds = []Kind{
	{Name: "crit-unknown", Rule: RuleHeader, Expect: Refuse, Clause: "RFC 7515 §4.1.11", Wrong: "crit names a header parameter that nobody understands", make: headed(func(*forge) object {
		return object{"crit": []string{"https://unknown.example/rule"}, "https://unknown.example/rule": true}
	})},
	{Name: "two-parts", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §7.1", Wrong: "the signature and its point are missing", make: changed(func(t string) string { return t[:strings.LastIndexByte(t, '.')] })},
	{Name: "four-parts", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §7.1", Wrong: "there is a fourth part", make: changed(func(t string) string { return t + ".e30" })},
	{Name: "trailing-point", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §7.1", Wrong: "there is a point at the end", make: changed(func(t string) string { return t + "." })},
	{Name: "trailing-garbage", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "there are characters behind the signature that base64url has not", make: changed(func(t string) string { return t + "!*$" })},
	{Name: "inner-space", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §5.2", Wrong: "there is a space in the signature", make: changed(func(t string) string { return t[:len(t)-9] + " " + t[len(t)-9:] })},
	{Name: "padded", Rule: RuleForm, Expect: Either, Clause: "RFC 7515 §2", Wrong: "base64 with padding, signed so: to be refused by the letter, but nobody gains by it", make: func(f *forge) (string, error) {
		pad := func(b []byte) string { // until the text needs padding
			for len(b)%3 == 0 {
				b = append(b, ' ')
			}
			return base64.URLEncoding.EncodeToString(b)
		}
		in := []byte(pad(f.head().json()) + "." + pad(f.claims().json()))
		sig, err := f.key.sign(f.Alg, in)
		return string(in) + "." + base64.URLEncoding.EncodeToString(sig), err
	}},
	{Name: "double-encoded", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §7.1", Wrong: "the whole token in base64url once more", make: changed(func(t string) string { return b64.EncodeToString([]byte(t)) })},
	{Name: "parts-encoded-twice", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7515 §7.1", Wrong: "each part in base64url once more", make: changed(func(t string) string {
		parts := strings.Split(t, ".")
		for i, p := range parts {
			parts[i] = b64.EncodeToString([]byte(p))
		}
		return strings.Join(parts, ".")
	})},
	{Name: "json-serialization", Rule: RuleForm, Expect: Refuse, Clause: "RFC 7519 §1", Wrong: "the JSON form of JWS, which no JWT has", make: changed(func(t string) string {
		p := strings.Split(t, ".")
		return string(object{"protected": p[0], "payload": p[1], "signature": p[2]}.json())
	})},
	{Name: "garbage", Rule: RuleForm, Expect: Refuse, Clause: "RFC 6750 §3.1", Wrong: "no token at all, but some letters", make: func(*forge) (string, error) { return "this-is-not-a-token", nil }},
	{Name: "large", Rule: RuleSize, Expect: Either, Clause: "RFC 9110 §5.4", Wrong: "good, and a little smaller than 8 KiB", make: claimed(func(*forge) object { return object{"https://unknown.example/filler": strings.Repeat("a", 5200)} })},
	{Name: "oversize", Rule: RuleSize, Expect: Either, Clause: "RFC 9110 §5.4", Wrong: "good, and of 64 KiB", make: claimed(func(*forge) object { return object{"https://unknown.example/filler": strings.Repeat("a", 48<<10)} })},
}
