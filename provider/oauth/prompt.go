package oauth

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// Prompt is a set of prompt values (OpenID Connect Core §3.1.2.1; Initiating User Registration §4).
type Prompt []string

// The prompt values.
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
	PromptCreate        = "create"
)

// Prompts lists every value that is served, for discovery.
func Prompts() []string {
	return []string{PromptNone, PromptLogin, PromptConsent, PromptSelectAccount, PromptCreate}
}

// ParsePrompt splits a prompt parameter. Unknown values are an error, and so is "none" beside others. Errors: *Error with InvalidRequest.
func ParsePrompt(s string) (Prompt, error) {
	var out Prompt
	for v := range strings.FieldsSeq(s) {
		if !slices.Contains(Prompts(), v) {
			return nil, E(InvalidRequest, "prompt has an unknown value")
		}
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	if out.Has(PromptNone) && len(out) > 1 {
		return nil, E(InvalidRequest, "prompt none stands alone") // OpenID Connect Core §3.1.2.1
	}
	return out, nil
}

// Has tells whether p holds the value.
func (p Prompt) Has(v string) bool { return slices.Contains(p, v) }

// ParseMaxAge reads a max_age parameter; ok is false where it is absent. Errors: *Error with InvalidRequest.
func ParseMaxAge(s string) (age time.Duration, ok bool, err error) {
	if s == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, false, E(InvalidRequest, "max_age must be a whole number of seconds") // OpenID Connect Core §3.1.2.1
	}
	return time.Duration(n) * time.Second, true, nil
}
