package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// API is a client of JSON interfaces, as from one address.
type API struct {
	Base string
	// Address is sent as X-Forwarded-For: the harness's servers trust loopback.
	Address string
	HTTP    *http.Client
	Secrets *Secrets
}

// API makes a client with an address of its own.
func (s *Server) API() *API {
	return &API{Base: s.Issuer, Address: RandomAddress(), HTTP: &http.Client{Timeout: 30 * time.Second, CheckRedirect: noRedirect,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, Secrets: s.Secrets}
}

// RandomAddress is one of the addresses for documentation and tests (RFC 2544).
func RandomAddress() string { return fmt.Sprintf("198.18.%d.%d", rand.N(256), 1+rand.N(254)) }

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Reply is an answer with its body.
type Reply struct {
	Status int
	Header http.Header
	Raw    []byte
	// Close: the server closes the connection.
	Close bool
	// JSON is the body, where it is a JSON object.
	JSON map[string]any
}

// S is a string member of the body, "" if there is none.
func (r *Reply) S(name string) string { s, _ := r.JSON[name].(string); return s }

// O is an object member of the body.
func (r *Reply) O(name string) map[string]any { o, _ := r.JSON[name].(map[string]any); return o }

// Do sends a request. body is nil, a []byte or string that is sent as it is, url.Values for a form, or what is to be JSON. header may be nil.
func (a *API) Do(method, path string, body any, header map[string]string) (*Reply, error) {
	var r io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		r, kind = bytes.NewReader(b), "application/json"
	case string:
		r, kind = strings.NewReader(b), "application/json"
	case url.Values:
		r, kind = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		r, kind = bytes.NewReader(raw), "application/json"
	}
	target := path
	if strings.HasPrefix(path, "/") {
		target = a.Base + path
	}
	req, err := http.NewRequest(method, target, r)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if a.Address != "" {
		req.Header.Set("X-Forwarded-For", a.Address)
	}
	for k, v := range header {
		if v == "" {
			req.Header.Del(k)
		} else {
			req.Header.Set(k, v)
		}
	}
	res, err := a.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	out := &Reply{Status: res.StatusCode, Header: res.Header, Raw: raw, Close: res.Close}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &out.JSON); err != nil && method != http.MethodHead {
			return nil, fmt.Errorf("%s %s: the body is no JSON object: %w", method, path, err)
		}
	}
	a.note(out)
	return out, nil
}

// note remembers the secrets of an answer.
func (a *API) note(r *Reply) {
	if a.Secrets == nil {
		return
	}
	for _, name := range []string{"token", "access_token", "refresh_token", "id_token"} {
		a.Secrets.Add(name, r.S(name))
	}
}

// Must is Do for tests that cannot go on without an answer.
func (a *API) Must(t testing.TB, method, path string, body any, header map[string]string) *Reply {
	t.Helper()
	r, err := a.Do(method, path, body, header)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return r
}

// Bearer is the header of a token.
func Bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// Basic is the header of a client and its secret (RFC 6749 §2.3.1).
func Basic(id, secret string) map[string]string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return map[string]string{"Authorization": r.Header.Get("Authorization")}
}

// Want checks the status, and ends the test if it is another.
func (r *Reply) Want(t testing.TB, status int) *Reply {
	t.Helper()
	if r.Status != status {
		t.Fatalf("status %d, want %d: %s", r.Status, status, tail(string(r.Raw), 800))
	}
	return r
}

// Upload sends a file as multipart/form-data.
func (a *API) Upload(t testing.TB, path, part, filename string, content []byte, token string) *Reply {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	f, err := w.CreateFormFile(part, filename)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = f.Write(content)
	_ = w.Close()
	h := Bearer(token)
	h["Content-Type"] = w.FormDataContentType()
	return a.Must(t, http.MethodPost, path, b.Bytes(), h)
}
