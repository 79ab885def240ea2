package bare

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

func serve(t *testing.T, kind, arg string, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	h, err := handler(kind, arg)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func post(secret, more string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader("grant_type=client_credentials"+more))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("machine", secret)
	return r
}

// A bare handler that did less than it says would make ours look bad, one that did more, good.
func TestWork(t *testing.T) {
	for _, row := range []struct {
		name   string
		work   Work
		tokens int
	}{
		{"go-jose signs ES256", Work{Secret: "s", Signs: 1, Alg: "ES256"}, 1},
		{"ES256 by hand, twice, and a put", Work{Secret: "s", Signs: 2, Alg: "ES256", ByHand: true, Put: true, Dir: t.TempDir()}, 2},
		{"RS256 by hand", Work{Secret: "s", Signs: 1, Alg: "RS256", ByHand: true}, 1},
		{"a read", Work{Secret: "s", Read: true, Dir: t.TempDir()}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := serve(t, "work", row.work.String(), post("s", ""))
			var got answer
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
				t.Fatalf("%d %s %v", w.Code, w.Body, err)
			}
			var made []string
			for _, token := range []string{got.Access, got.ID} {
				if token == "" {
					continue
				}
				made = append(made, token)
				if _, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(row.work.Alg)}); err != nil {
					t.Error(err)
				}
			}
			if len(made) != row.tokens {
				t.Errorf("%d tokens", len(made))
			}
			if w := serve(t, "work", row.work.String(), post("wrong", "")); w.Code != http.StatusBadRequest {
				t.Errorf("a wrong secret: %d", w.Code)
			}
		})
	}
}

func TestVerification(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(jose.JSONWebKey{Key: &key.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	good, err := byHand("ES256", key)(newClaims())
	if err != nil {
		t.Fatal(err)
	}
	at := len(good) - 10
	forged := good[:at] + map[bool]string{true: "B", false: "A"}[good[at] == 'A'] + good[at+1:]
	for _, hand := range []bool{false, true} {
		arg := Work{Secret: "s", Verify: true, Key: public, ByHand: hand}.String()
		if w := serve(t, "work", arg, post("s", "&token="+good)); w.Code != http.StatusOK {
			t.Errorf("by hand %t: %d %s", hand, w.Code, w.Body)
		}
		if w := serve(t, "work", arg, post("s", "&token="+forged)); w.Code != http.StatusBadRequest {
			t.Errorf("by hand %t, forged: %d", hand, w.Code)
		}
		r := httptest.NewRequest(http.MethodGet, "/userinfo", nil)
		r.Header.Set("Authorization", "Bearer "+forged)
		if w := serve(t, "work", arg, r); w.Code != http.StatusBadRequest {
			t.Errorf("by hand %t, forged bearer: %d", hand, w.Code)
		}
	}
}

func TestAlone(t *testing.T) {
	for _, path := range []string{"/commit?n=3", "/hash?n=3&memory=8&passes=1"} {
		w := serve(t, "alone", t.TempDir(), httptest.NewRequest(http.MethodGet, path, nil))
		var got Alone
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Times) != 3 || got.Times[0] <= 0 || got.Times[2] < got.Times[0] {
			t.Errorf("%s: %d %s %v", path, w.Code, w.Body, err)
		}
	}
}
