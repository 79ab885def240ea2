package password

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func judge(t testing.TB) *Judge {
	t.Helper()
	j, err := NewJudge()
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestBits(t *testing.T) {
	j := judge(t)
	who := []string{"Margarethe Lindqvist", "grete@example.test"}
	for _, tc := range []struct {
		password   string
		from, upTo float64
		why        string
	}{
		{"aaaaaaaa", 0, 12, "one character"},
		{"abababab", 0, 15, "a pair again and again"},
		{"12345678", 0, 12, "a run"},
		{"87654321", 0, 12, "a run backwards"},
		{"abcdefgh", 0, 12, "the alphabet"},
		{"qwertzuiop12", 0, 20, "a row of keys and a few digits"},
		{"poiuytrewq", 0, 12, "a row of keys backwards"},
		{"password1234", 0, 20, "the word and a run"},
		{"P@ssw0rd2024!", 0, 28, "replaced letters, a year, a mark"},
		{"Sommer2025", 0, 22, "a season and a year"},
		{"lindqvist1987", 0, 16, "a name and a year"},
		{"grete24121985", 0, 20, "a name and a day"},
		{"19871988", 0, 18, "two years"},
		{"24.12.1985", 0, 17, "a day"},
		{"margarethelindqvist", 0, 10, "the whole name"},
		{"sunshine", 0, 17, "in every list"},
		{"kx7vqpw2", 40, 60, "eight at random"},
		{"velvet anchor motel pigeon", 60, 200, "four words that have nothing to do with one another"},
		{"Tr9#kd!2mvQz", 60, 80, "twelve at random"},
		{"пароль секретный дом", 60, 200, "another script"},
	} {
		if bits := j.Bits(tc.password, who); bits < tc.from || bits > tc.upTo {
			t.Errorf("%s (%s): %.1f bits, want %v to %v", tc.password, tc.why, bits, tc.from, tc.upTo)
		}
	}
}

// TestBitsLongerIsNotWeaker: what is put behind a password never makes it easier by more than the reading of its last piece can.
func TestBitsBounds(t *testing.T) {
	j := judge(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var b strings.Builder
		for range 1 + r.IntN(90) {
			b.WriteRune(rune(' ' + r.IntN(300)))
		}
		p := b.String()
		if bits := j.Bits(p, []string{p[:min(4, len(p))]}); bits < 0 || bits > 6*float64(len(p))+2 {
			t.Errorf("%q: %v bits", p, bits)
		}
	}
}

func TestCommon(t *testing.T) {
	j := judge(t)
	if n := j.common.Len(); n < 99_000 {
		t.Fatalf("%d passwords", n)
	}
	for _, p := range []string{"password", "PASSWORD", "iloveyou", "trustno1", "p@ssw0rd", "sunshine", "football", "1q2w3e4r", "qwertyuiop"} {
		if !j.Common(p) {
			t.Errorf("%s is in every list", p)
		}
	}
	taken := 0
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		if j.Common(fmt.Sprintf("%x-%x", r.Uint64(), r.Uint64())) {
			taken++
		}
	}
	if taken > 10 { // 2 × 20,000 × 100,000 ÷ 2³² is about 1
		t.Errorf("%d of 20,000 random passwords are called common", taken)
	}
}

func TestPackKeepsEverything(t *testing.T) {
	list := []string{"short", "longenough", "another one", "LONGENOUGH", "the fourth one"}
	c, err := Unpack(string(Pack(list, 10)))
	if err != nil || c.Len() != 3 {
		t.Fatalf("%v, %d", err, c.Len())
	}
	for _, p := range list[1:] {
		if !c.Has(p) {
			t.Errorf("%s is lost", p)
		}
	}
	if c, err := Unpack(string(Pack(list, 1))); err != nil || c.Len() != 1 || !c.Has("longenough") {
		t.Errorf("the first comes first: %v", err)
	}
}

// TestSearch: each password of a list of many blocks is found, wherever its hash stands in one.
func TestSearch(t *testing.T) {
	list := make([]string, 3*block+1)
	for i := range list {
		list[i] = fmt.Sprintf("password number %d", i)
	}
	for _, n := range []int{0, 1, block - 1, block, block + 1, len(list)} {
		c, err := Unpack(string(Pack(list, n)))
		if err != nil || c.Len() != n {
			t.Fatalf("%d passwords of %d: %v", c.Len(), n, err)
		}
		for i, p := range list {
			if c.Has(p) != (i < n) {
				t.Errorf("of %d, number %d: %v", n, i, c.Has(p))
			}
		}
	}
}

func TestUnpackRefusesWhatIsCut(t *testing.T) {
	for _, data := range []string{"", "\x00\x00\x00", packed[:len(packed)-4], "\xff\xff\xff\xff\x01", "\x00\x00\x00\x01\x00\x00\x00\x00\x7f\xff\xff\xff\x00\x00"} {
		if _, err := Unpack(data); err == nil {
			t.Errorf("%d bytes are taken", len(data))
		}
	}
}

func FuzzBits(f *testing.F) {
	f.Add("P@ssw0rd2024!", "Name")
	f.Add("\xff\x00\u202e", "")
	j := judge(f)
	f.Fuzz(func(t *testing.T, p, who string) {
		if len(p) > 1024 || len(who) > 200 {
			return
		}
		if bits := j.Bits(p, []string{who}); bits < 0 || bits != bits {
			t.Fatalf("%v bits", bits)
		}
		j.Common(p)
	})
}

// rangeOf is a service that knows one hash: that of "hunter2 hunter2", 0 times where padded.
func rangeOf(t *testing.T, answer http.HandlerFunc) *Breaches {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	b, err := NewBreaches(s.URL+"/own/", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBreached(t *testing.T) {
	const known, rest = "password", "1E4C9B93F3F0682250B6CF8331B7EE68FD8" // SHA-1 5BAA6 1E4C9…
	for _, tc := range []struct {
		name, body string
		status     int
		want, bad  bool
	}{
		{"known", "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n" + rest + ":9545824\r\n", 200, true, false},
		{"known, small letters, no end of line", strings.ToLower(rest) + ":1", 200, true, false},
		{"padding has its count 0", rest + ":0\r\n", 200, false, false},
		{"not known", "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n", 200, false, false},
		{"an error", "", 503, false, true},
		{"another place", "", 302, false, true},
		{"a page", "<html>", 200, false, true},
		{"nothing", "", 200, false, true},
	} {
		b := rangeOf(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/own/range/5BAA6" || r.Header.Get("Add-Padding") != "true" {
				t.Errorf("%s: asked for %s", tc.name, r.URL.Path)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
		})
		got, err := b.Breached(t.Context(), known)
		if got != tc.want || (err != nil) != tc.bad {
			t.Errorf("%s: %v, %v", tc.name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "5BAA6") {
			t.Errorf("%s: the error tells of the hash: %v", tc.name, err)
		}
	}
}

func TestBreachServiceAway(t *testing.T) {
	b, err := NewBreaches("http://127.0.0.1:1", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Breached(t.Context(), "password"); err == nil || strings.Contains(err.Error(), "5BAA6") {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "ftp://x", "https://", "https://x/?a=b", "://"} {
		if _, err := NewBreaches(bad, time.Second); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
