package bearer

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"latchkey/storage"
)

func TestToken(t *testing.T) {
	for _, c := range []struct {
		name    string
		headers []string
		want    string
		err     error
	}{
		{"RFC 6750 §2.1 a token", []string{"Bearer mF_9.B5f-4.1JqM"}, "mF_9.B5f-4.1JqM", nil},
		{"RFC 9110 §11.1 scheme without case", []string{"bEaReR abc"}, "abc", nil},
		{"padding at the end", []string{"Bearer abc=="}, "abc==", nil},
		{"every character of b64token", []string{"Bearer aZ0-._~+/"}, "aZ0-._~+/", nil},
		{"no header", nil, "", ErrMissing},
		{"empty header", []string{""}, "", ErrMissing},
		{"another scheme", []string{"Basic YTpi"}, "", ErrMissing},
		{"scheme as a prefix", []string{"Bearerabc"}, "", ErrMissing},
		{"two headers", []string{"Bearer abc", "Bearer abc"}, "", ErrMalformed},
		{"scheme alone", []string{"Bearer"}, "", ErrMalformed},
		{"empty token", []string{"Bearer "}, "", ErrMalformed},
		{"two spaces", []string{"Bearer  abc"}, "", ErrMalformed},
		{"trailing space", []string{"Bearer abc "}, "", ErrMalformed},
		{"tab", []string{"Bearer\tabc"}, "", ErrMissing},
		{"padding inside", []string{"Bearer a=b"}, "", ErrMalformed},
		{"padding alone", []string{"Bearer =="}, "", ErrMalformed},
		{"list", []string{"Bearer abc, Basic YTpi"}, "", ErrMalformed},
		{"not ASCII", []string{"Bearer äbc"}, "", ErrMalformed},
		{"8 KiB", []string{"Bearer " + strings.Repeat("a", 8<<10)}, strings.Repeat("a", 8<<10), nil},
		{"over 8 KiB", []string{"Bearer " + strings.Repeat("a", 8<<10+1)}, "", ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/?access_token=url", nil)
			r.Header["Authorization"] = c.headers
			got, err := Token(r)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.err)
			}
		})
	}
}

func FuzzToken(f *testing.F) {
	f.Add("Bearer abc")
	f.Add("bearer a=b")
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{header}
		token, err := Token(r)
		if err != nil {
			if token != "" || !Refused(err) {
				t.Errorf("got %q, %v", token, err)
			}
			return
		}
		if token == "" || len(token) > maxToken || strings.ContainsAny(token, " \t\r\n\"\\,") || !strings.HasSuffix(header, " "+token) {
			t.Errorf("took %q from %q", token, header)
		}
	})
}

var errFault = errors.New("store down")

// verifier knows one token of each fate.
var verifier = VerifierFunc(func(_ context.Context, token string) (Claims, error) {
	switch token {
	case "good":
		return Claims{Subject: "s", SID: "1", Scopes: []string{"openid"}}, nil
	case "old":
		return Claims{}, ErrExpired
	case "fault":
		return Claims{}, errFault
	}
	return Claims{}, ErrInvalid
})

func serve(mw func(http.Handler) http.Handler, header string) (*httptest.ResponseRecorder, *http.Request) {
	var seen *http.Request
	h := mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r; w.WriteHeader(http.StatusNoContent) }))
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w, seen
}

func TestRequired(t *testing.T) {
	for _, c := range []struct {
		name, header string
		status       int
		challenge    string
	}{
		{"valid", "Bearer good", http.StatusNoContent, ""},
		{"RFC 6750 §3.1 no credentials, no error code", "", http.StatusUnauthorized, `Bearer realm="api"`},
		{"malformed", "Bearer a b", http.StatusUnauthorized, `Bearer realm="api", error="invalid_token", error_description="The access token is invalid"`},
		{"invalid", "Bearer bad", http.StatusUnauthorized, `Bearer realm="api", error="invalid_token", error_description="The access token is invalid"`},
		{"expired", "Bearer old", http.StatusUnauthorized, `Bearer realm="api", error="invalid_token", error_description="The access token expired"`},
		{"a fault is not a refusal", "Bearer fault", http.StatusServiceUnavailable, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, seen := serve(Required(verifier, Realm("api")), c.header)
			if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.challenge {
				t.Errorf("got %d, %q; want %d, %q", w.Code, w.Header().Get("WWW-Authenticate"), c.status, c.challenge)
			}
			if (seen != nil) != (c.status == http.StatusNoContent) {
				t.Error("the handler ran, or did not, against the status")
			}
			if seen == nil {
				if w.Header().Get("Cache-Control") != "no-store" {
					t.Error("refusal could be cached")
				}
				return
			}
			if claims, ok := ClaimsOf(seen.Context()); !ok || claims.Subject != "s" || !claims.HasScope("openid") || claims.HasScope("email") {
				t.Errorf("claims %+v, %v", claims, ok)
			}
		})
	}
}

func TestOptional(t *testing.T) {
	for _, c := range []struct {
		header string
		known  bool
	}{{"Bearer good", true}, {"", false}, {"Bearer bad", false}, {"Bearer old", false}, {"Bearer fault", false}, {"Bearer ", false}} {
		t.Run(c.header, func(t *testing.T) {
			w, seen := serve(Optional(verifier), c.header)
			if seen == nil || w.Code != http.StatusNoContent {
				t.Fatalf("status %d", w.Code)
			}
			if _, ok := ClaimsOf(seen.Context()); ok != c.known {
				t.Errorf("known: %v, want %v", ok, c.known)
			}
		})
	}
}

func TestAccounts(t *testing.T) {
	load := func(_ context.Context, c Claims) (storage.Account, error) {
		if c.SID != "1" {
			t.Errorf("claims %+v", c)
		}
		return storage.Account{ID: 7}, nil
	}
	_, seen := serve(Required(verifier, Accounts(load)), "Bearer good")
	if a, ok := AccountOf(seen.Context()); !ok || a.ID != 7 {
		t.Errorf("account %+v, %v", a, ok)
	}
	ended := func(context.Context, Claims) (storage.Account, error) { return storage.Account{}, ErrEnded }
	var why error
	refuse := Refuse(func(w http.ResponseWriter, _ *http.Request, err error) {
		why = err
		w.WriteHeader(http.StatusUnauthorized)
	})
	w, seen := serve(Required(verifier, Accounts(ended), refuse), "Bearer good")
	if w.Code != http.StatusUnauthorized || seen != nil || !errors.Is(why, ErrEnded) {
		t.Errorf("got %d, %v", w.Code, why)
	}
	if _, seen = serve(Optional(verifier, Accounts(ended)), "Bearer good"); seen == nil {
		t.Fatal("not passed on")
	} else if _, ok := ClaimsOf(seen.Context()); ok {
		t.Error("an ended token is a guest's, without claims")
	}
}
