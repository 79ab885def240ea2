package oauth

import "slices"

// The authentication context classes (`acr`) that can be reached (OpenID Connect Core §2): one factor, two factors.
const (
	ACROneFactor = "1"
	ACRTwoFactor = "2"
)

// ACROf is the class that the factors of a sign-in (RFC 8176 `amr` values) reach, "" for none.
func ACROf(amr []string) string {
	switch {
	case len(amr) == 0:
		return ""
	case TwoFactors(amr):
		return ACRTwoFactor
	}
	return ACROneFactor
}

// TwoFactors tells whether a sign-in had two factors (RFC 8176 §2 mfa).
func TwoFactors(amr []string) bool { return slices.Contains(amr, "mfa") }
