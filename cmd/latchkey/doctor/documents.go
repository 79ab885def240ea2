package doctor

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxAnswer caps what is read of an answer.
const maxAnswer = 1 << 20

// answer is one answer, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
	// took is how long it was under way, at when it came.
	took time.Duration
	at   time.Time
}

// do sends a request. Headers are set as given; "Host" sets the host.
func (d *doctor) do(ctx context.Context, method, address, form string, header map[string]string) (*answer, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "latchkey-doctor")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range header {
		if k == "Host" {
			req.Host = v
			continue
		}
		req.Header.Set(k, v)
	}
	start := d.Now()
	res, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	a := &answer{status: res.StatusCode, header: res.Header, at: d.Now()}
	a.took = a.at.Sub(start)
	a.body, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return a, err
}

func (d *doctor) get(ctx context.Context, address string, header map[string]string) (*answer, error) {
	return d.do(ctx, http.MethodGet, address, "", header)
}

// plain is the body without a compression that was asked for.
func (a *answer) plain() ([]byte, error) {
	if a.header.Get("Content-Encoding") != "gzip" {
		return a.body, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(z, maxAnswer))
}

// document is the discovery document.
type document struct {
	*answer
	values map[string]any
}

func (doc *document) text(name string) string { s, _ := doc.values[name].(string); return s }

func (d *doctor) discoveryURL() string { return d.Issuer + "/.well-known/openid-configuration" } // OpenID Connect Discovery §4

func (d *doctor) fetchDiscovery(ctx context.Context) (*document, error) {
	ctx, cancel := context.WithTimeout(ctx, d.Timeout)
	defer cancel()
	a, err := d.get(ctx, d.discoveryURL(), nil)
	if err != nil {
		return nil, errors.New(reason(err))
	}
	doc := &document{answer: a}
	if a.status != http.StatusOK {
		return nil, fmt.Errorf("it answers %d", a.status)
	}
	if err := json.Unmarshal(a.body, &doc.values); err != nil {
		return nil, errors.New("what answers is no JSON: " + cut(a.header.Get("Content-Type")))
	}
	return doc, nil
}

func (d *doctor) checkDiscovery(ctx context.Context, r *report) {
	doc, err := d.discovery()
	if err != nil {
		r.problem(d.discoveryURL()+": "+err.Error(), "Look at the ingress: does it hand on this path and host to Latchkey, and does Latchkey run (ready)?")
		return
	}
	if got := doc.text("issuer"); got != d.Issuer { // OpenID Connect Discovery §4.3: exactly
		r.problem(fmt.Sprintf("the document is of the issuer %q, not %q", cut(got), d.Issuer), "Set issuer in the configuration to the URL that applications use, to the letter; or the ingress leads to another installation.")
	} else {
		r.ok("the document is of this issuer")
	}
	d.judgeCaching("the discovery document", doc.answer, r)
	rfc8414 := d.issuer.Scheme + "://" + d.issuer.Host + "/.well-known/oauth-authorization-server" + d.issuer.EscapedPath() // RFC 8414 §3.1
	if a, err := d.get(ctx, rfc8414, nil); err != nil || a.status != http.StatusOK {
		said := reason(err)
		if err == nil {
			said = strconv.Itoa(a.status)
		}
		r.warn(rfc8414+" does not answer: "+said, "Have the ingress hand on this path, too: it is at the root of the host (RFC 8414 §3).")
	}
}

// keySet is what is needed of a JWK set.
type keySet struct{ Keys []jwk }

type jwk struct{ Kid, Alg string }

func (s keySet) kids() (out []string) {
	for _, k := range s.Keys {
		out = append(out, k.Kid)
	}
	slices.Sort(out)
	return out
}

func (d *doctor) fetchKeys(ctx context.Context, address string, header map[string]string) (*answer, keySet, error) {
	var set keySet
	a, err := d.get(ctx, address, header)
	if err != nil {
		return nil, set, errors.New(reason(err))
	}
	if a.status != http.StatusOK {
		return a, set, fmt.Errorf("it answers %d", a.status)
	}
	text, err := a.plain()
	if err != nil {
		return a, set, errors.New("the compression is broken")
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return a, set, errors.New("what answers is no JSON: " + cut(a.header.Get("Content-Type")))
	}
	return a, set, nil
}

func (d *doctor) checkJWKS(ctx context.Context, r *report) {
	doc, err := d.discovery()
	if err != nil {
		r.unknown("no discovery document says where the keys are", "See discovery.")
		return
	}
	address := doc.text("jwks_uri")
	a, set, err := d.fetchKeys(ctx, address, nil)
	if err != nil {
		r.problem(cut(address)+": "+err.Error(), "Applications cannot verify any token. Look at the ingress, and at ready.")
		return
	}
	d.judgeCaching("the key set", a, r)
	missing := []string{}
	algs, _ := doc.values["id_token_signing_alg_values_supported"].([]any)
	for _, v := range algs {
		alg, _ := v.(string)
		signs := slices.ContainsFunc(set.Keys, func(k jwk) bool { return k.Alg == alg })
		if !strings.HasPrefix(alg, "HS") && !signs {
			missing = append(missing, alg)
		}
	}
	switch {
	case len(set.Keys) == 0:
		r.problem("the key set is empty", "See keys.")
	case len(missing) > 0:
		r.problem("the key set has no key for "+strings.Join(missing, ", "), "A proxy changed it, or serves another's: compare with `latchkey keys list`.")
	default:
		r.ok(fmt.Sprintf("%d keys, to be kept for %s", len(set.Keys), strings.TrimPrefix(a.header.Get("Cache-Control"), "public, ")))
	}
	d.compareKeys(ctx, address, set, r)
}

// compareKeys fetches the set in other ways: a cache or compressor in between may answer otherwise.
func (d *doctor) compareKeys(ctx context.Context, address string, set keySet, r *report) {
	want := set.kids()
	for name, ask := range map[string]struct {
		query  string
		header map[string]string
	}{
		"compressed":      {"", map[string]string{"Accept-Encoding": "gzip"}},
		"past all caches": {"?latchkey-doctor=" + strconv.FormatInt(d.Now().UnixNano(), 36), map[string]string{"Cache-Control": "no-cache"}},
	} {
		_, other, err := d.fetchKeys(ctx, address+ask.query, ask.header)
		switch {
		case err != nil:
			r.problem(fmt.Sprintf("the key set, asked for %s: %s", name, err), "Have the proxies in between hand it on as it is.")
		case !slices.Equal(want, other.kids()):
			r.problem(fmt.Sprintf("the key set, asked for %s, has other keys", name), "A cache in between serves an old key set: have it heed Cache-Control. Until then the next rotation locks people out.")
		}
	}
	if d.Admin == nil {
		return
	}
	keys, err := d.adminKeys(ctx)
	if err != nil {
		return // told by keys
	}
	var published []string
	for _, k := range keys {
		if k.State == "next" || k.State == "active" || k.State == "retiring" {
			published = append(published, k.KID)
		}
	}
	slices.Sort(published)
	if !slices.Equal(want, published) {
		r.problem("the key set that is served outside is not the server's", "A cache in between serves an old one, or the ingress leads to another installation. Compare with `latchkey keys list`.")
	}
}
