package oauth

import (
	"encoding/json"
	"math"
	"testing"
)

// The bytes are those of encoding/json, whatever claims there are.
func TestEncodeClaims(t *testing.T) {
	for name, claims := range map[string]map[string]any{
		"none":  {},
		"one":   {"sub": "x"},
		"kinds": {"z": "x", "email_verified": true, "b": false, "updated_at": int64(-5), "n": int64(math.MinInt64), "groups": []string{"b", "a"}, "e": []string{}, "f": []string(nil)},
		"texts": {"a": `"\`, "b": "<&>", "c": "ünï\u2028", "d": "\xff", "e": "\x00\n", "name with \"": "y", "ö<": "z"},
		"other": {"address": struct {
			City string `json:"city"`
		}{"<x>"}, "float": 1.5, "nil": nil, "map": map[string]any{"b": 1, "a": 2}, "int": 7},
		"many": {"a": "1", "b": "1", "c": "1", "d": "1", "e": "1", "f": "1", "g": "1", "h": "1", "i": "1", "j": "1", "k": "1", "l": "1", "m": "1", "n": "1", "o": "1", "p": "1", "q": "1", "r": "1"},
	} {
		want, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := EncodeClaims(claims); err != nil || string(got) != string(want) {
			t.Errorf("%s: %s %v\nencoding/json: %s", name, got, err, want)
		}
	}
	if _, err := EncodeClaims(map[string]any{"bad": func() {}}); err == nil {
		t.Error("a function was encoded")
	}
}
