package accountapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/provider/bearer"
	"latchkey/provider/serve"
	"latchkey/storage"
	"latchkey/storage/memory"
)

// tokens is a Tokens of function fields, and the verifier of what it makes.
type tokens struct {
	mu      sync.Mutex
	access  map[string]bearer.Claims
	refresh map[string]storage.Session
	fail    error
}

func (f *tokens) AccessToken(_ context.Context, a storage.Account, s storage.Session, d account.Dialect, ttl time.Duration) (string, int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	token := fmt.Sprintf("access-%s-%d", d, len(f.access)+1)
	f.access[token] = bearer.Claims{Subject: a.Sub, SID: s.SID, Raw: map[string]any{"user_id": float64(a.ID)}}
	return token, int(ttl.Seconds()), f.fail
}

func (f *tokens) RefreshToken(_ context.Context, _ storage.Account, s storage.Session, _ time.Duration) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	token := fmt.Sprintf("refresh-%d", len(f.refresh)+1)
	f.refresh[token] = s
	return token, nil
}

func (f *tokens) Refresh(_ context.Context, token string) (string, int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token == "fault" {
		return "", 0, storage.ErrUnavailable
	}
	if _, ok := f.refresh[token]; !ok {
		return "", 0, ErrRefresh
	}
	return "refreshed", 900, nil
}

func (f *tokens) RevokeRefresh(_ context.Context, token string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.refresh[token]; !ok {
		return ErrRefresh
	}
	delete(f.refresh, token)
	return nil
}

func (f *tokens) Verify(_ context.Context, token string) (bearer.Claims, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch token {
	case "expired":
		return bearer.Claims{}, bearer.ErrExpired
	case "garbage":
		return bearer.Claims{}, bearer.ErrMalformed
	case "fault":
		return bearer.Claims{}, storage.ErrUnavailable
	case "nosid":
		return bearer.Claims{Subject: "client"}, nil
	}
	c, ok := f.access[token]
	if !ok {
		return bearer.Claims{}, bearer.ErrInvalid
	}
	return c, nil
}

type plainVault struct{}

func (plainVault) Seal(_, _ string, p []byte) ([]byte, error) { return p, nil }
func (plainVault) Open(_, _ string, p []byte) ([]byte, error) { return p, nil }

type plainLinks struct{}

func (plainLinks) Verify(t, _ string) string { return "v#" + t }
func (plainLinks) Reset(t string) string     { return "r#" + t }
func (plainLinks) Revoke(t string) string    { return "u#" + t }
func (plainLinks) Mailed(p, t string) string { return p + "#" + t }

// rig is the API behind a router, on the real account service and the memory store.
type rig struct {
	t       *testing.T
	api     *API
	service *account.Service
	store   *memory.Store
	tokens  *tokens
	handler http.Handler
	address string
	rec     *serve.Record
	mu      sync.Mutex
	clock   time.Time
}

func newRig(t *testing.T, edit ...func(*account.Config)) *rig {
	t.Helper()
	r := &rig{
		t: t, store: memory.New(), address: "192.0.2.1", clock: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
		tokens: &tokens{access: map[string]bearer.Claims{}, refresh: map[string]storage.Session{}},
	}
	c := account.Defaults()
	c.Hash.Memory, c.Hash.Passes, c.Hash.Slots, c.Hash.MaxWait = 8, 1, 2, 20*time.Second
	c.Limits.Address.Max, c.Limits.Check.Max = 1000, 1000
	for _, e := range edit {
		e(&c)
	}
	var err error
	r.service, err = account.New(c, account.Deps{
		Store: r.store, Outbox: r.store, Vault: plainVault{}, Links: plainLinks{}, Audit: audit.Discard, Now: r.now, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.service.Close)
	config := Defaults()
	config.Issuer = "https://id.test/"
	r.api, err = New(config, Deps{Accounts: r.service, Limits: r.service, Tokens: r.tokens, Verifier: r.tokens})
	if err != nil {
		t.Fatal(err)
	}
	r.handler = http.HandlerFunc(r.route)
	return r
}

func (r *rig) now() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.clock }

func (r *rig) pass(d time.Duration) { r.mu.Lock(); r.clock = r.clock.Add(d); r.mu.Unlock() }

// route does what the router and the edge do.
func (r *rig) route(w http.ResponseWriter, req *http.Request) {
	rec := &serve.Record{ID: "ref-1", Address: r.address}
	r.rec = rec
	req = req.WithContext(serve.WithRecord(req.Context(), rec))
	handler, allow := serve.Handler(nil), []string{}
	for _, route := range r.api.Routes() {
		if route.Path != req.URL.Path {
			continue
		}
		allow = append(allow, route.Method)
		if route.Method == req.Method {
			handler = route.Handler
		}
	}
	switch {
	case handler != nil:
	case len(allow) > 0:
		handler = func(http.ResponseWriter, *http.Request) error {
			return &serve.MethodNotAllowed{Allow: strings.Join(allow, ", ")}
		}
	default:
		handler = func(http.ResponseWriter, *http.Request) error { return &serve.NotFound{} }
	}
	if err := handler(w, req); err != nil {
		rec.Err, rec.Outcome = err, serve.Explain(err).Outcome
		r.api.Face().Answer(w, req, err)
	}
}

type request struct {
	method, path, body string
	header             map[string]string
}

func (r *rig) do(q request) *httptest.ResponseRecorder {
	r.t.Helper()
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	req := httptest.NewRequest(q.method, q.path, body)
	if q.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range q.header {
		if v == "" {
			req.Header.Del(k)
		} else {
			req.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	r.checkHeaders(q, w)
	return w
}

// checkHeaders holds for every answer of the API.
func (r *rig) checkHeaders(q request, w *httptest.ResponseRecorder) {
	r.t.Helper()
	h := w.Header()
	if strings.HasPrefix(q.path, "/api/") && h.Get("Cache-Control") != "no-store" {
		r.t.Errorf("%s %s: Cache-Control %q", q.method, q.path, h.Get("Cache-Control"))
	}
	if (w.Code == http.StatusUnauthorized) != strings.HasPrefix(h.Get("WWW-Authenticate"), "Bearer ") {
		r.t.Errorf("%s %s: %d with WWW-Authenticate %q", q.method, q.path, w.Code, h.Get("WWW-Authenticate"))
	}
	if (w.Code == http.StatusTooManyRequests || w.Code == http.StatusServiceUnavailable) != (h.Get("Retry-After") != "") {
		r.t.Errorf("%s %s: %d with Retry-After %q", q.method, q.path, w.Code, h.Get("Retry-After"))
	}
	if w.Code >= 400 {
		var b struct {
			Success        *bool
			Message, Error string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil || b.Success == nil || *b.Success || b.Message == "" || b.Message != b.Error ||
			h.Get("Content-Type") != "application/json" {
			r.t.Errorf("%s %s: error body %s", q.method, q.path, w.Body)
		}
	}
}

func (r *rig) post(path, body string) *httptest.ResponseRecorder {
	r.t.Helper()
	return r.do(request{method: "POST", path: path, body: body})
}

func (r *rig) get(path, token string) *httptest.ResponseRecorder {
	r.t.Helper()
	return r.do(request{method: "GET", path: path, header: auth(token)})
}

func auth(token string) map[string]string {
	if token == "" {
		return nil
	}
	return map[string]string{"Authorization": "Bearer " + token}
}

// want checks status and message.
func want(t *testing.T, w *httptest.ResponseRecorder, status int, message string) {
	t.Helper()
	var b struct{ Message string }
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	if w.Code != status || b.Message != message {
		t.Errorf("got %d %q, want %d %q", w.Code, b.Message, status, message)
	}
}

// field reads one string of a JSON answer.
func field(t *testing.T, w *httptest.ResponseRecorder, name string) string {
	t.Helper()
	var b map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &b); err != nil {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	s, ok := b[name].(string)
	if !ok {
		t.Fatalf("no %s in %s", name, w.Body)
	}
	return s
}

func (r *rig) alice() (token string) {
	r.t.Helper()
	w := r.post("/api/signup", `{"username":"alice","email":"alice@example.org","password":"secret1"}`)
	want(r.t, w, http.StatusCreated, "Registration successful")
	return field(r.t, w, "token")
}

// resetToken is what the mail holds.
func (r *rig) resetToken() string {
	r.t.Helper()
	for {
		batch, err := r.store.LeaseMail(r.t.Context(), 10, r.now().Add(time.Minute), r.now())
		if err != nil || len(batch) == 0 {
			r.t.Fatalf("no reset mail: %v", err)
		}
		for _, m := range batch {
			var l account.Letter
			mail, err := r.service.Expand(r.t.Context(), m)
			if err := errors.Join(err, r.store.FinishMail(r.t.Context(), m.ID, r.now())); err != nil {
				r.t.Fatal(err)
			}
			if mail && m.Kind == account.MailReset && json.Unmarshal(m.Sealed, &l) == nil {
				return strings.TrimPrefix(l.Link, "r#")
			}
		}
	}
}

func (r *rig) upload(path, token, part, filename string, content []byte) *httptest.ResponseRecorder {
	r.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	f, err := m.CreateFormFile(part, filename)
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = f.Write(content)
	m.Close()
	return r.do(request{method: "POST", path: path, body: b.String(), header: map[string]string{
		"Authorization": "Bearer " + token, "Content-Type": m.FormDataContentType(),
	}})
}
