package operations

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"latchkey/e2e/bench/load"
)

// keyID is the kid of a token's header.
func keyID(token string) string {
	head, _, _ := strings.Cut(token, ".")
	b, err := base64.RawURLEncoding.DecodeString(head)
	var h struct{ Kid string }
	if err != nil || json.Unmarshal(b, &h) != nil {
		return ""
	}
	return h.Kid
}

// tokens are the members of a token response that are looked at.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
}

func tokensOf(res *vegeta.Result) (t tokens, err error) {
	if err := load.Want(res, http.StatusOK); err != nil {
		return t, err
	}
	err = json.Unmarshal(res.Body, &t)
	if err == nil && (t.Access == "" || t.Refresh == "") {
		err = errors.New("a token is missing in the answer")
	}
	return t, err
}

// each asks with one of several targets after the other, from the first again after the last, or with once, never again.
type each struct {
	targets []vegeta.Target
	once    bool
	want    uint16
	next    atomic.Int64
}

// Next implements [load.Source].
func (e *each) Next(t *vegeta.Target) error {
	n := e.next.Add(1) - 1
	if e.once && n >= int64(len(e.targets)) {
		return vegeta.ErrNoTargets
	}
	*t = e.targets[n%int64(len(e.targets))]
	return nil
}

// Done implements [load.Source].
func (e *each) Done(res *vegeta.Result) error { return load.Want(res, e.want) }

// chains are refresh tokens, of which each is presented once, and gives the next. A refusal for being too busy leaves a token as it was.
type chains struct {
	i *issuer
	// free are the indices in tokens of those that nobody presents now; -1: one is lost.
	free   chan int
	tokens []string
	// mint, if not nil, gets the access tokens.
	mint func(access string)
}

// add begins a chain.
func (c *chains) add(token string) {
	c.tokens = append(c.tokens, token)
	c.free <- len(c.tokens) - 1
}

// Next implements [load.Source]. Where a chain is lost, the load ends. The chain stands in the fragment, which is not sent.
func (c *chains) Next(t *vegeta.Target) error {
	n := <-c.free
	if n < 0 {
		c.free <- n // for whoever else waits
		return vegeta.ErrNoTargets
	}
	*t = load.Form(c.i.Issuer+"/token#"+strconv.Itoa(n), c.i.rotate(c.tokens[n]).Encode(), nil)
	return nil
}

// Done implements [load.Source].
func (c *chains) Done(res *vegeta.Result) error {
	_, fragment, _ := strings.Cut(res.URL, "#")
	n, err := strconv.Atoi(fragment)
	if err != nil {
		return err
	}
	t, err := tokensOf(res)
	switch {
	case err == nil:
		c.tokens[n] = t.Refresh
	case res.Code != http.StatusServiceUnavailable:
		n = -1
	}
	c.free <- n
	if err == nil && c.mint != nil {
		c.mint(t.Access)
	}
	return err
}

// authorizing makes codes, up to a number of them.
type authorizing struct {
	i       *issuer
	targets []vegeta.Target
	asked   atomic.Int64
	most    int

	mu    sync.Mutex
	codes []string
}

func (i *issuer) authorizing(most int) *authorizing {
	a := &authorizing{i: i, most: most}
	for _, cookies := range i.cookies {
		path, header := i.authorize(cookies)
		a.targets = append(a.targets, load.Get(i.Issuer+path, header))
	}
	return a
}

// Next implements [load.Source].
func (a *authorizing) Next(t *vegeta.Target) error {
	n := a.asked.Add(1) - 1
	if a.most > 0 && n >= int64(a.most) {
		return vegeta.ErrNoTargets
	}
	*t = a.targets[n%int64(len(a.targets))]
	return nil
}

// Done implements [load.Source].
func (a *authorizing) Done(res *vegeta.Result) error {
	if err := load.Want(res, http.StatusSeeOther); err != nil {
		return err
	}
	code, err := a.i.codeOf(res.Headers.Get("Location"))
	if err == nil && a.most > 0 {
		a.mu.Lock()
		a.codes = append(a.codes, code)
		a.mu.Unlock()
	}
	return err
}

// exchanging redeems codes, each once.
type exchanging struct {
	each
}

func (i *issuer) exchanging(codes []string) *exchanging {
	e := &exchanging{each{once: true, want: http.StatusOK}}
	for _, c := range codes {
		e.targets = append(e.targets, load.Form(i.Issuer+"/token", i.exchange(c).Encode(), nil))
	}
	return e
}

// Done implements [load.Source].
func (e *exchanging) Done(res *vegeta.Result) error {
	t, err := tokensOf(res)
	if err == nil && t.ID == "" {
		err = errors.New("the ID token is missing")
	}
	return err
}

// forms are posts to an address, with a form each.
func forms(url string, of []url.Values, once bool) *each {
	e := &each{once: once, want: http.StatusOK}
	for _, f := range of {
		e.targets = append(e.targets, load.Form(url, f.Encode(), nil))
	}
	return e
}

// bearers are requests with a token each.
func bearers(url string, tokens []string, once bool) *each {
	e := &each{once: once, want: http.StatusOK}
	for _, t := range tokens {
		e.targets = append(e.targets, load.Get(url, http.Header{"Authorization": {"Bearer " + t}}))
	}
	return e
}

// some is so much of a source.
type some struct {
	load.Source
	mu   sync.Mutex
	left int
}

// Next implements [load.Source].
func (s *some) Next(t *vegeta.Target) error {
	s.mu.Lock()
	s.left--
	over := s.left < 0
	s.mu.Unlock()
	if over {
		return vegeta.ErrNoTargets
	}
	return s.Source.Next(t)
}
