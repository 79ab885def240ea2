package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
)

// S256 is the one code challenge method (RFC 7636 §4.2; RFC 9700 §2.1.1 leaves out "plain").
const S256 = "S256"

// CheckChallenge checks the syntax of an S256 code challenge: base64url of 32 bytes. Errors: *Error with InvalidRequest.
func CheckChallenge(challenge string) error {
	if b, err := DecodeBase64(challenge); err != nil || len(b) != sha256.Size {
		return E(InvalidRequest, "code_challenge must be the base64url SHA-256 of the verifier") // RFC 7636 §4.2
	}
	return nil
}

// CheckVerifier checks the syntax of a code verifier: 43 to 128 unreserved characters. Errors: *Error with InvalidGrant.
func CheckVerifier(verifier string) error {
	if len(verifier) < 43 || len(verifier) > 128 {
		return E(InvalidGrant, "code_verifier must have 43 to 128 characters") // RFC 7636 §4.1
	}
	for _, r := range verifier {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_', r == '~':
		default:
			return E(InvalidGrant, "code_verifier has a character that is not allowed") // RFC 7636 §4.1
		}
	}
	return nil
}

// MatchVerifier tells whether the verifier hashes to the challenge (RFC 7636 §4.6).
func MatchVerifier(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
