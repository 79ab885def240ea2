package oauth

import (
	"crypto/rand"
	"strings"
	"unicode"
)

// DeviceGrant is grant_type of the device authorization grant (RFC 8628 §3.4).
const DeviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// userCodeChars are consonants, so that no code spells a word, without Y and without any that is mistaken for a digit (RFC 8628 §6.1).
const userCodeChars = "BCDFGHJKLMNPQRSTVWXZ"

const (
	userCodeLen = 8
	// maxUserCodeInput bounds what is read as a user code, in bytes.
	maxUserCodeInput = 64
)

// NewUserCode makes a user code of 34 random bits, in the form that NormalUserCode gives. The randomness that is left over is dropped, so that every
// character is equally likely.
func NewUserCode() string {
	const n = byte(len(userCodeChars))
	out := make([]byte, 0, userCodeLen)
	for b := make([]byte, 4*userCodeLen); len(out) < userCodeLen; {
		rand.Read(b)
		for _, v := range b {
			if len(out) < userCodeLen && v < 255/n*n {
				out = append(out, userCodeChars[v%n])
			}
		}
	}
	return string(out)
}

// NormalUserCode reads a user code as people type it: in any case, with anything between the characters that is no letter and no digit
// (RFC 8628 §6.1). ok is false for what cannot be one.
func NormalUserCode(typed string) (code string, ok bool) {
	if len(typed) > maxUserCodeInput {
		return "", false
	}
	out := make([]byte, 0, userCodeLen)
	for _, r := range typed {
		if r >= 'a' && r <= 'z' {
			r -= 'a' - 'A'
		}
		switch {
		case r < unicode.MaxASCII && strings.IndexByte(userCodeChars, byte(r)) >= 0:
			out = append(out, byte(r))
		case unicode.IsLetter(r), unicode.IsNumber(r), r == unicode.ReplacementChar:
			return "", false
		}
	}
	return string(out), len(out) == userCodeLen
}

// ShowUserCode is a normal user code as people read it: XXXX-XXXX.
func ShowUserCode(code string) string {
	if len(code) != userCodeLen {
		return code
	}
	return code[:userCodeLen/2] + "-" + code[userCodeLen/2:]
}
