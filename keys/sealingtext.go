package keys

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// ParseSealingKey reads a key-encryption key as it stands in a file or variable: 32 bytes in base64 (either alphabet, padded or
// not) or hex, with white space around it ignored. Its errors say what is wrong without repeating the text.
func ParseSealingKey(text []byte) ([]byte, error) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0:
		return nil, errors.New("key-encryption key is empty")
	case bytes.ContainsAny(text, " \t\r\n\v\f"):
		return nil, errors.New("key-encryption key has white space inside; it must be one word")
	case len(text) == hex.EncodedLen(sealingKeySize):
		key, err := hex.DecodeString(string(text))
		if err != nil {
			return nil, fmt.Errorf("key-encryption key has %d characters but is not hex", len(text))
		}
		return key, nil
	}
	key, err := decodeBase64(text)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key (%d characters) is neither base64 nor hex", len(text))
	}
	if len(key) != sealingKeySize {
		return nil, fmt.Errorf("key-encryption key has %d bytes; it must have %d", len(key), sealingKeySize)
	}
	return key, nil
}

// decodeBase64 takes either alphabet, with or without padding.
func decodeBase64(text []byte) ([]byte, error) {
	bare := bytes.Map(func(r rune) rune {
		switch r {
		case '-':
			return '+'
		case '_':
			return '/'
		}
		return r
	}, text)
	if bytes.HasSuffix(bare, []byte("=")) {
		return base64.StdEncoding.Strict().DecodeString(string(bare))
	}
	return base64.RawStdEncoding.Strict().DecodeString(string(bare))
}

// GenerateSealingKey makes a key-encryption key in the text form that [ParseSealingKey] reads (base64).
func GenerateSealingKey() string {
	key := make([]byte, sealingKeySize)
	_, _ = rand.Read(key) // never fails: it ends the program instead
	return base64.StdEncoding.EncodeToString(key)
}
