package keys

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

func TestParseSealingKey(t *testing.T) {
	key := bytes.Repeat([]byte{0xfb, 0xef, 0xbe, 0x01}, 8)
	for _, row := range []struct{ name, text, want string }{
		{"base64", base64.StdEncoding.EncodeToString(key), ""},
		{"base64, not padded", base64.RawStdEncoding.EncodeToString(key), ""},
		{"base64url", base64.URLEncoding.EncodeToString(key), ""},
		{"base64url, not padded", base64.RawURLEncoding.EncodeToString(key), ""},
		{"hex", hex.EncodeToString(key), ""},
		{"HEX", strings.ToUpper(hex.EncodeToString(key)), ""},
		{"white space around", " \r\n\t" + hex.EncodeToString(key) + "\r\n\n", ""},
		{"empty", " \n", "is empty"},
		{"two words", "secret words", "white space inside"},
		{"31 bytes", base64.StdEncoding.EncodeToString(key[1:]), "has 31 bytes"},
		{"33 bytes", base64.StdEncoding.EncodeToString(append(key[:32:32], 1)), "has 33 bytes"},
		{"no alphabet", "pässword!", "neither base64 nor hex"},
		{"64 characters, not hex", strings.Repeat("xy", 32), "is not hex"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := ParseSealingKey([]byte(row.text))
			if row.want == "" {
				if err != nil || !bytes.Equal(got, key) {
					t.Fatalf("got %x, %v", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("error is %v, want %q", err, row.want)
			}
			if text := strings.TrimSpace(row.text); text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("the error repeats the text: %v", err)
			}
		})
	}
}

func TestGenerateSealingKey(t *testing.T) {
	one, two := GenerateSealingKey(), GenerateSealingKey()
	key, err := ParseSealingKey([]byte(one + "\n"))
	if err != nil || len(key) != 32 || one == two {
		t.Fatalf("%v, %d bytes, equal: %v", err, len(key), one == two)
	}
}

func FuzzParseSealingKey(f *testing.F) {
	f.Add([]byte(GenerateSealingKey()))
	f.Add([]byte(hex.EncodeToString(make([]byte, 32))))
	f.Add([]byte("=\xff-_+/"))
	f.Fuzz(func(t *testing.T, text []byte) {
		key, err := ParseSealingKey(text)
		if (err == nil) != (len(key) == 32) {
			t.Fatalf("%d bytes and error %v", len(key), err)
		}
		if text = bytes.TrimSpace(text); err != nil && len(text) > 12 && strings.Contains(err.Error(), string(text)) {
			t.Fatalf("the error repeats the text: %v", err)
		}
	})
}

func TestNewSealerRefuses(t *testing.T) {
	good := bytes.Repeat([]byte{1}, 32)
	for name, keys := range map[string][][]byte{
		"none": {}, "short": {good[:31]}, "long": {append(good[:32:32], 1)}, "empty second": {good, nil}, "twice": {good, good},
	} {
		if _, err := NewSealer(keys...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSealedRowsAreBoundToTheirPlace(t *testing.T) {
	s := testSealer(t)
	plain := []byte("private")
	sealed, id, err := s.seal(bytes.NewReader(make([]byte, 12)), plain, sealedKey, ES256, "kid-1")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.open(sealed, id, sealedKey, ES256, "kid-1"); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("open: %q, %v", got, err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another kid":     func() ([]byte, error) { return s.open(sealed, id, sealedKey, ES256, "kid-2") },
		"another alg":     func() ([]byte, error) { return s.open(sealed, id, sealedKey, EdDSA, "kid-1") },
		"another purpose": func() ([]byte, error) { return s.open(sealed, id, sealedSecret, ES256, "kid-1") },
		"parts shifted":   func() ([]byte, error) { return s.open(sealed, id, sealedKey, ES256+"k", "id-1") },
		"cut":             func() ([]byte, error) { return s.open(sealed[:12], id, sealedKey, ES256, "kid-1") },
		"empty":           func() ([]byte, error) { return s.open(nil, id, sealedKey, ES256, "kid-1") },
		"another version": func() ([]byte, error) { return s.open(append([]byte{2}, sealed[1:]...), id, sealedKey, ES256, "kid-1") },
	} {
		if _, err := open(); !errors.Is(err, ErrTampered) {
			t.Errorf("%s: %v, want ErrTampered", name, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := s.open(bad, id, sealedKey, ES256, "kid-1"); !errors.Is(err, ErrTampered) {
			t.Errorf("bit of byte %d turned: %v", i, err)
		}
	}
}
