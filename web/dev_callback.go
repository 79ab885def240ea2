package web

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// exchange is an answer of the issuer.
type exchange struct {
	Answer string
	Status int
}

type callbackView struct {
	*frame
	// Lost: this browser began no walk, or it is over.
	Lost   bool
	Params []explained
	Checks []checkRow
	// Code is to be exchanged; "" where there is none, or the checks failed.
	Code    string
	Request string
}

type tokensView struct {
	*frame
	Token, Userinfo *exchange
	ID, Access      *decoded
	// Bad: the checks of the ID token failed; nobody is signed in.
	Bad bool
}

// devCallback shows the answer to an authorization request (RFC 6749 §4.1.2, RFC 9207 §2.4).
func (s *Site) devCallback(w http.ResponseWriter, r *http.Request) error {
	f := s.devFrame(r, "/dev/playground", "dev.answer")
	k, err := s.walked(r)
	if err != nil {
		return s.draw(w, r, http.StatusBadRequest, "portal", "dev_callback", &callbackView{frame: f, Lost: true})
	}
	return s.draw(w, r, http.StatusOK, "portal", "dev_callback", f.answered(k, r.URL.Query()))
}

func (f *frame) answered(k pace, q url.Values) *callbackView {
	v := &callbackView{frame: f}
	for _, name := range []string{"code", "error", "error_description", "state", "iss"} {
		if q.Has(name) {
			v.Params = append(v.Params, explained{name, q.Get(name), f.meaning("dev.param." + name)})
		}
	}
	state, iss := q.Get("state") == k.State, q.Get("iss") == f.s.Issuer
	v.Checks = []checkRow{f.checked(state, "dev.check.state"), f.checked(iss, "dev.check.answer_iss")}
	if state && iss && q.Get("code") != "" && !q.Has("error") {
		v.Code = q.Get("code")
		v.Request = f.s.tokenRequest(k, v.Code).text(f.s.base)
	}
	return v
}

// outgoing is a request to the issuer.
type outgoing struct {
	method, path string
	form         url.Values
	bearer       string
}

func (s *Site) tokenRequest(k pace, code string) outgoing {
	return outgoing{method: http.MethodPost, path: "/token", form: url.Values{"grant_type": {"authorization_code"}, "client_id": {s.Dev.ClientID}, "code": {code},
		"redirect_uri": {s.Issuer + DevCallback}, "code_verifier": {k.Verifier}}} // RFC 6749 §4.1.3, RFC 7636 §4.5
}

// text is a request with a form as it is written, the form over several lines. base is the issuer's path.
func (o outgoing) text(base string) string {
	return o.method + " " + base + o.path + " HTTP/1.1\nContent-Type: application/x-www-form-urlencoded\n\n" + strings.ReplaceAll(o.form.Encode(), "&", "\n&")
}

// call sends a request to this issuer.
func (s *Site) call(r *http.Request, o outgoing) (*exchange, []byte, error) {
	q, err := http.NewRequestWithContext(r.Context(), o.method, s.Issuer+o.path, strings.NewReader(o.form.Encode()))
	if err != nil {
		return nil, nil, fmt.Errorf("make a request: %w", err)
	}
	q.Header.Set("Accept", "application/json")
	if o.bearer != "" {
		q.Header.Set("Authorization", "Bearer "+o.bearer)
	} else {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	status, body, err := s.Dev.Call(r, q)
	if err != nil {
		return nil, nil, fmt.Errorf("send a request: %w", err)
	}
	return &exchange{Answer: indented(body), Status: status}, body, nil
}

// devExchange buys tokens with the code. The walk ends with it, so that a page that is loaded again does not present the code twice.
func (s *Site) devExchange(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	k, err := s.walked(r)
	if err != nil {
		return s.draw(w, r, http.StatusBadRequest, "portal", "dev_callback", &callbackView{frame: s.devFrame(r, "/dev/playground", "dev.answer"), Lost: true})
	}
	s.setCookie(w, "walk", "", "/dev", -1)
	v := &tokensView{frame: s.devFrame(r, "/dev/playground", "dev.tokens")}
	var body []byte
	if v.Token, body, err = s.call(r, s.tokenRequest(k, form.Get("code"))); err != nil {
		return err
	}
	var got struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	if v.Token.Status == http.StatusOK && json.Unmarshal(body, &got) == nil {
		v.tokens(r.Context(), s, k, got.ID, got.Access)
		if v.Userinfo, _, err = s.call(r, outgoing{method: http.MethodGet, path: "/userinfo", bearer: got.Access}); err != nil {
			return err
		}
	}
	return s.draw(w, r, http.StatusOK, "portal", "dev_tokens", v)
}

// tokens explains what was bought, and checks the ID token as an application must (OpenID Connect Core §3.1.3.7).
func (v *tokensView) tokens(ctx context.Context, s *Site, k pace, id, access string) {
	now := s.Now()
	v.ID, v.Access = v.decode(ctx, id, now, s.Dev.ClientID), v.decode(ctx, access, now, "")
	nonce, _ := v.ID.claims["nonce"].(string)
	azp, has := v.ID.claims["azp"].(string)
	hash, _ := v.ID.claims["at_hash"].(string)
	v.ID.Checks = append(v.ID.Checks, v.checked(nonce == k.Nonce, "dev.check.nonce"), v.checked(!has || azp == s.Dev.ClientID, "dev.check.azp"),
		v.checked(hash == halfHash(v.ID.alg, access), "dev.check.at_hash"))
	for _, c := range v.ID.Checks {
		v.Bad = v.Bad || c.State == "bad"
	}
}

// halfHash is at_hash (OpenID Connect Core §3.1.3.6); Ed25519 goes with SHA-512.
func halfHash(alg, token string) string {
	var sum []byte
	switch {
	case strings.HasSuffix(alg, "384"):
		h := sha512.Sum384([]byte(token))
		sum = h[:]
	case strings.HasSuffix(alg, "512"), alg == "EdDSA":
		h := sha512.Sum512([]byte(token))
		sum = h[:]
	default:
		h := sha256.Sum256([]byte(token))
		sum = h[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
