package client

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestSecrets(t *testing.T) {
	slowRuns := 0
	slow := func(_ context.Context, encoded, secret string) (bool, error) {
		slowRuns++
		if secret == "fault" {
			return false, errors.New("queue full")
		}
		return encoded == "$argon2id$"+secret, nil
	}
	s := newSecrets(slow)
	c := storage.Client{Secrets: []storage.ClientSecret{
		{Hash: HashSecret("old"), ExpiresAt: now}, {Hash: HashSecret("new")}, {Hash: "$argon2id$chosen"},
	}}
	for _, row := range []struct {
		name, secret string
		want         error
	}{
		{"RFC 6749 §2.3.1 the live one", "new", nil},
		{"one that expires now", "old", ErrWrong},
		{"one that a person chose", "chosen", nil},
		{"wrong", "x", ErrWrong},
		{"empty", "", ErrWrong},
		{"too long", strings.Repeat("x", 1025), ErrWrong},
		{"the hash itself", HashSecret("new"), ErrWrong},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := s.check(t.Context(), c, row.secret, now); !errors.Is(err, row.want) || (row.want == nil && err != nil) {
				t.Errorf("got %v", err)
			}
		})
	}
	if err := s.check(t.Context(), c, "fault", now); err == nil || errors.Is(err, ErrWrong) {
		t.Errorf("a fault is not a wrong secret: %v", err)
	}
	before := slowRuns
	if err := s.check(t.Context(), c, "chosen", now); err != nil || slowRuns != before {
		t.Error("a right slow secret was not remembered")
	}
	for n := range maxRemembered + 10 {
		s.remember([32]byte{byte(n), byte(n >> 8)})
	}
	if len(s.right) > maxRemembered {
		t.Errorf("%d remembered", len(s.right))
	}
	if err := newSecrets(nil).check(t.Context(), storage.Client{Secrets: []storage.ClientSecret{{Hash: "$argon2id$chosen"}}}, "chosen", now); !errors.Is(err, ErrWrong) {
		t.Errorf("no slow verifier: %v", err)
	}
	if err := s.check(t.Context(), decoy, "anything", now); !errors.Is(err, ErrWrong) {
		t.Error("the decoy let somebody in")
	}
}

// Two live secrets that people chose: once one is known to be right, neither is hashed again.
func TestSecondSlowSecretCostsNoHash(t *testing.T) {
	now, slow := time.Now(), 0
	s := newSecrets(func(_ context.Context, encoded, secret string) (bool, error) {
		slow++
		return encoded == "$argon2id$"+secret, nil
	})
	c := storage.Client{Secrets: []storage.ClientSecret{{Hash: "$argon2id$old"}, {Hash: "$argon2id$new"}}}
	for range 3 {
		if err := s.check(t.Context(), c, "new", now); err != nil {
			t.Fatal(err)
		}
	}
	if slow != 2 {
		t.Errorf("%d hashes, want 2: of the first request", slow)
	}
	c.Secrets[1].ExpiresAt = now
	if err := s.check(t.Context(), c, "new", now); !errors.Is(err, ErrWrong) {
		t.Errorf("a remembered secret outlived its end: %v", err)
	}
}

func TestRegistry(t *testing.T) {
	r := NewRegistry(nil)
	r.Declare([]storage.Client{{ID: "a"}, {ID: "off", Disabled: true}})
	for id, want := range map[string]error{"a": nil, "off": ErrUnknown, "": ErrUnknown, "b": ErrUnknown, strings.Repeat("x", MaxIDBytes+1): ErrUnknown} {
		if _, err := r.Client(t.Context(), id); !errors.Is(err, want) {
			t.Errorf("%.10q: %v", id, err)
		}
	}
	r.Declare(nil)
	if _, err := r.Client(t.Context(), "a"); !errors.Is(err, ErrUnknown) || r.IsDeclared("a") || len(r.Declared()) != 0 {
		t.Error("a client that was taken out of the files is still there")
	}
}

func FuzzBasic(f *testing.F) {
	for _, s := range []string{"", "Basic", "Basic YTpi", "basic YTpi", "Basic YTpi=", "Bearer x", "Basic " + base64.StdEncoding.EncodeToString([]byte("a%zz:b"))} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header["Authorization"] = []string{header}
		c, err := basic{}.Claim(r, oauth.Form{})
		if err != nil {
			if e, ok := oauth.AsError(err); !ok || e.Code != oauth.InvalidClient || c.Used {
				t.Errorf("%v", err)
			}
			return
		}
		if !c.Used || !strings.EqualFold(header[:6], "Basic ") {
			t.Errorf("%q used as %+v", header, c)
		}
	})
}
