package oauth

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

// TestParse: what is parsed is what url.ParseQuery makes of it, and it fails where that does.
func TestParse(t *testing.T) {
	for _, s := range []string{
		"", "a=1", "a=1&b=2", "a=1&a=2&b=3&a=4", "a", "=", "=x", "&&a=1&&", "a=b=c", "a+b=c+d", "%61=%62", "a=%", "a=%zz", "%=1", "a;b=1", "a=1;b=2", "\x00=\xff", "a=%00",
		strings.Repeat("&", 2*manyParams), strings.Repeat("a=1&", 2*manyParams), strings.Repeat("a=1&", 20000),
	} {
		sameAsStandard(t, s)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("grant_type=client_credentials&scope=read+write&resource=https%3A%2F%2Fa&resource=b")
	f.Add("a;b=%zz&&=&+=%")
	f.Fuzz(sameAsStandard)
}

func sameAsStandard(t *testing.T, s string) {
	got, err := parse(s)
	want, standard := url.ParseQuery(s)
	if (err == nil) != (standard == nil) {
		t.Fatalf("%.80q: %v, url.ParseQuery says %v", s, err, standard)
	}
	if err == nil && !reflect.DeepEqual(got, want) {
		t.Fatalf("%.80q: %v, url.ParseQuery says %v", s, got, want)
	}
	if err == nil { // whoever adds a value must not write into another's
		for name := range got {
			got.Add(name, "more")
			want.Add(name, "more")
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%.80q: after adding: %v, want %v", s, got, want)
		}
	}
}

// held is a body in memory, of which the edge has many.
type held struct{ *bytes.Reader }

func (h held) Close() error { return nil }
func (h held) Unread() []byte {
	rest, _ := io.ReadAll(h.Reader)
	return rest
}

// TestPostFormInMemory: a body that is in memory is read as any other, and what was sent can be found in the request afterwards, to keep it out of the log.
func TestPostFormInMemory(t *testing.T) {
	for _, c := range []struct {
		name, target, contentType, body string
		want                            url.Values
		bad                             bool
	}{
		{"RFC 6749 appendix B", "/token", FormType, "a=1&resource=x&resource=y", url.Values{"a": {"1"}, "resource": {"x", "y"}}, false},
		{"with a charset", "/token", FormType + "; charset=utf-8", "a=%C3%A4", url.Values{"a": {"ä"}}, false},
		{"in capitals", "/token", strings.ToUpper(FormType), "a=1", url.Values{"a": {"1"}}, false},
		{"a parameter of the type that is broken", "/token", FormType + "; charset", "a=1", nil, true},
		{"a query takes no part", "/token?a=2", FormType, "a=1", url.Values{"a": {"1"}}, false},
		{"RFC 6749 §2.3.1 secrets in the query", "/token?client_secret=x", FormType, "a=1", nil, true},
		{"RFC 6749 §3.2 repeated", "/token", FormType, "a=1&a=2", nil, true},
		{"malformed", "/token", FormType, "a=%zz", nil, true},
		{"a semicolon", "/token", FormType, "a=1;b=2", nil, true},
		{"NUL", "/token", FormType, "a=%00", nil, true},
		{"RFC 6749 appendix B not UTF-8", "/token", FormType, "a=%ff", nil, true},
		{"too long", "/token", FormType, "a=" + strings.Repeat("x", MaxParamBytes+1), nil, true},
		{"too many", "/token", FormType, strings.Repeat("resource=1&", MaxParams+1), nil, true},
		{"JSON", "/token", "application/json", "{}", nil, true},
	} {
		for _, inMemory := range []bool{false, true} {
			r := httptest.NewRequest(http.MethodPost, c.target, strings.NewReader(c.body))
			if inMemory {
				r.Body = held{bytes.NewReader([]byte(c.body))}
			}
			r.Header.Set("Content-Type", c.contentType)
			f, err := PostForm(r)
			if (err != nil) != c.bad {
				t.Errorf("%s, in memory %t: %v", c.name, inMemory, err)
			}
			if err == nil && (!reflect.DeepEqual(f.Values(), c.want) || !reflect.DeepEqual(r.PostForm, c.want)) {
				t.Errorf("%s, in memory %t: %v and %v, want %v", c.name, inMemory, f.Values(), r.PostForm, c.want)
			}
		}
	}
}

func BenchmarkPostForm(b *testing.B) {
	body := []byte("grant_type=authorization_code&code=lkc_0123456789012345678901234567890123456789012&redirect_uri=https%3A%2F%2Fapp.example.test%2Fcb&code_verifier=" + strings.Repeat("v", 43))
	r := httptest.NewRequest(http.MethodPost, "/token", nil)
	r.Header.Set("Content-Type", FormType)
	b.ReportAllocs()
	for b.Loop() {
		r.PostForm, r.Form, r.Body = nil, nil, held{bytes.NewReader(body)}
		if _, err := PostForm(r); err != nil {
			b.Fatal(err)
		}
	}
}
