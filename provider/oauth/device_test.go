package oauth

import (
	"strings"
	"testing"
)

func TestNormalUserCode(t *testing.T) {
	for _, c := range []struct{ name, typed, want string }{
		{"RFC 8628 §6.1 as shown", "WDJB-MJHT", "WDJBMJHT"},
		{"RFC 8628 §6.1 any case", "wdjb-Mjht", "WDJBMJHT"},
		{"RFC 8628 §6.1 no punctuation", "WDJBMJHT", "WDJBMJHT"},
		{"RFC 8628 §6.1 any punctuation", " w.d_j b\u2013mj\u00a0ht\n", "WDJBMJHT"},
		{"too short", "WDJB-MJH", ""},
		{"too long", "WDJB-MJHTT", ""},
		{"vowel", "WDJB-MJHA", ""},
		{"digit", "WDJB-MJH0", ""},
		{"a letter beside the code", "WDJB-MJHT E", ""},
		{"long s is no S", "ſDJB-MJHT", ""},
		{"full width", "\uff37DJB-MJHT", ""},
		{"not UTF-8", "WDJB\xffMJHT", ""},
		{"nothing", "", ""},
		{"flood", strings.Repeat("-", 100) + "WDJBMJHT", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := NormalUserCode(c.typed)
			if ok != (c.want != "") || ok && got != c.want {
				t.Errorf("got %q %v", got, ok)
			}
		})
	}
}

func TestNewUserCode(t *testing.T) {
	seen, count := map[string]bool{}, map[byte]int{}
	for range 2000 {
		code := NewUserCode()
		if got, ok := NormalUserCode(ShowUserCode(code)); !ok || got != code || seen[code] {
			t.Fatalf("%q", code)
		}
		seen[code] = true
		for i := range len(code) {
			count[code[i]]++
		}
	}
	for i := range len(userCodeChars) { // 800 of each are expected; 600 is seven standard deviations away
		if n := count[userCodeChars[i]]; n < 600 || n > 1000 {
			t.Errorf("%c stands %d times", userCodeChars[i], n)
		}
	}
}

func FuzzNormalUserCode(f *testing.F) {
	for _, s := range []string{"WDJB-MJHT", "wdjb mjht", "", "ſ", "WDJB\u2013MJHT", "\xff", strings.Repeat("B", 9)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := NormalUserCode(typed)
		if !ok {
			return
		}
		if len(code) != userCodeLen || strings.Trim(code, userCodeChars) != "" {
			t.Fatalf("%q is read as %q", typed, code)
		}
		for _, again := range []string{code, ShowUserCode(code), strings.ToLower(code)} {
			if got, ok := NormalUserCode(again); !ok || got != code {
				t.Fatalf("%q is read as %q", again, got)
			}
		}
	})
}
