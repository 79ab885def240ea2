package register

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/client"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/storage/memory"
)

var update = flag.Bool("update", false, "write the golden files anew")

// box seals by writing what it is for beside it.
type box struct{}

func (box) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return []byte(purpose + "|" + context + "|" + string(plain)), nil
}

func (box) Open(purpose, context string, sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), purpose+"|"+context+"|")
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return []byte(plain), nil
}

type rig struct {
	*Endpoint
	store  *memory.Store
	now    time.Time
	events []string
	// documents are what can be fetched.
	documents map[string]string
}

func newRig(t *testing.T, change ...func(*rig)) *rig {
	t.Helper()
	g := &rig{store: memory.New(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), documents: map[string]string{}}
	t.Cleanup(func() { _ = g.store.Close() })
	g.Endpoint = &Endpoint{
		Issuer: "https://id.example/op", Store: g.store, Vault: box{}, Now: func() time.Time { return g.now },
		Policy: Policy{Mode: Open, PerAddress: 10_000, UnusedTTL: 24 * time.Hour, Scopes: []string{"openid", "profile", "email", "offline_access", "account"},
			GrantTypes: client.GrantTypes(), ResponseTypes: []string{"code", "code id_token", "id_token"}},
		Served: func() client.Served { return client.Served{Algs: []string{"RS256", "ES256", "EdDSA"}} },
		Fetch: func(_ context.Context, uri string) ([]byte, error) {
			if d, ok := g.documents[uri]; ok {
				return []byte(d), nil
			}
			return nil, errors.New("SECRET insides of the network")
		},
		Audit: audit.SinkFunc(func(_ context.Context, e audit.Event) { g.events = append(g.events, fmt.Sprint(e.Name, " ", e.Detail)) }),
	}
	for _, f := range change {
		f(g)
	}
	return g
}

// token makes an initial access token in the store.
func (g *rig) token(t *testing.T, r storage.RegistrationToken) string {
	t.Helper()
	token, hash := client.NewRegistrationToken(client.InitialPrefix)
	r.Hash = hash
	if err := g.store.CreateRegistrationToken(t.Context(), r, g.now); err != nil {
		t.Fatal(err)
	}
	return token
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (a answer) text(name string) string { s, _ := a.json[name].(string); return s }

// do sends a request to whatever serves its method and path.
func (g *rig) do(method, path, token, body string, change ...func(*http.Request)) answer {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r = r.WithContext(serve.WithRecord(r.Context(), &serve.Record{ID: "ref", Address: "192.0.2.7"}))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, f := range change {
		f(r)
	}
	h := map[string]serve.Handler{"POST": g.Register, "GET": g.Read, "PUT": g.Replace, "DELETE": g.Delete}[method]
	w := httptest.NewRecorder()
	if err := h(w, r); err != nil {
		Face(w, r, err)
	}
	a := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &a.json) // an empty body has none
	return a
}

// register registers a client that must be taken.
func (g *rig) register(t *testing.T, body string) answer {
	t.Helper()
	a := g.do("POST", "/op/register", "", body)
	if a.status != http.StatusCreated {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return a
}

// manage sends a request to the client's own address.
func (g *rig) manage(method string, a answer, body string) answer {
	return g.do(method, strings.TrimPrefix(a.text("registration_client_uri"), "https://id.example"), a.text("registration_access_token"), body)
}

func (g *rig) stored(t *testing.T, a answer) storage.Client {
	t.Helper()
	c, err := g.store.Client(t.Context(), a.text("client_id"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// golden compares an answer with a file, what is random left out.
func (a answer) golden(t *testing.T, name string) {
	t.Helper()
	for member, v := range a.json {
		switch member {
		case "client_id", "client_secret", "registration_access_token", "registration_client_uri":
			text, _ := v.(string)
			end := strings.IndexAny(text, "-_")
			if member == "registration_client_uri" {
				end = strings.LastIndexByte(text, '/')
			}
			a.json[member] = text[:end+1] + "…"
		}
	}
	got, err := json.MarshalIndent(a.json, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != string(got)+"\n" {
		t.Errorf("%s has drifted (%v): %s", file, err, got)
	}
}

// discard takes events from several goroutines.
type discard struct{}

func (discard) Record(context.Context, audit.Event) {}

const shop = `{"redirect_uris":["https://shop.example/cb"]`
