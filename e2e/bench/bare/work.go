package bare

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Work is what a handler does beside parsing the form, checking a client's secret against its SHA-256 where the request has one, hashing the bearer
// token where it has that, and writing JSON.
type Work struct {
	// Secret of the client.
	Secret string
	// Signs is how many JWTs are made, with Alg (ES256 or RS256), by go-jose or, with ByHand, by the standard library alone.
	Signs  int
	Alg    string
	ByHand bool
	// Verify: the ES256 signature of the request's token is checked with Key, a JSON Web Key of what signed it.
	Verify bool
	Key    json.RawMessage
	// Read: a record is read from a store in Dir. Put: one is put there, durable, together with those of other requests.
	Read, Put bool
	Dir       string
}

// String is the argument of the kind "work".
func (w Work) String() string {
	b, err := json.Marshal(w)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

var errRefused = errors.New("the client's secret is not right")

// handler prepares what the work needs: keys in memory, an open store.
func (w Work) handler() (http.Handler, error) {
	var steps []func(token string) error
	var tokens func() ([]string, error)
	var err error
	if w.Signs > 0 {
		if tokens, err = w.signer(); err != nil {
			return nil, err
		}
	}
	if w.Verify {
		check, err := verifier(w.Key, w.ByHand)
		if err != nil {
			return nil, err
		}
		steps = append(steps, check)
	}
	if w.Read || w.Put {
		s, err := openStore(w.Dir)
		if err != nil {
			return nil, err
		}
		if w.Read {
			steps = append(steps, s.read)
		}
		if w.Put {
			steps = append(steps, func(string) error { return s.put() })
		}
	}
	want := sha256.Sum256([]byte(w.Secret))
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		token, err := ask(r, want)
		for _, step := range steps {
			if err == nil {
				err = step(token)
			}
		}
		var made []string
		if err == nil && tokens != nil {
			made, err = tokens()
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		write(rw, made)
	}), nil
}

// ask reads the request. It returns the token that it is about.
func ask(r *http.Request, want [32]byte) (token string, err error) {
	if err := r.ParseForm(); err != nil {
		return "", err
	}
	if raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return raw, nil
	}
	_, secret, ok := r.BasicAuth()
	if !ok {
		secret = r.PostForm.Get("client_secret")
	}
	if got := sha256.Sum256([]byte(secret)); subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return "", errRefused
	}
	return r.PostForm.Get("token"), nil
}

// answer has what a token endpoint must say (RFC 6749 §5.1).
type answer struct {
	Access  string `json:"access_token,omitempty"`
	ID      string `json:"id_token,omitempty"`
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Scope   string `json:"scope"`
}

func write(w http.ResponseWriter, tokens []string) {
	a := answer{Type: "Bearer", Expires: 300, Scope: "read"}
	if len(tokens) > 0 {
		a.Access = tokens[0]
	}
	if len(tokens) > 1 {
		a.ID = tokens[1]
	}
	b, err := json.Marshal(a)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b)
}
