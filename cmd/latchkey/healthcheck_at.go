package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// maxDocument bounds a discovery document and a set of keys, in bytes.
const maxDocument = 1 << 20

// healthcheckAt asks an issuer for its discovery document and keys at an address of our choice, such as that of a Service, as if by its own name.
// It needs no configuration but the issuer.
func (a *app) healthcheckAt(cmd *cobra.Command, at string) error {
	issuer, err := a.issuerFlag(cmd)
	if err != nil {
		return err
	}
	base, err := url.Parse(at)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || strings.Trim(base.Path, "/") != "" {
		return usageError{errors.New("--at is no URL of a host, such as http://latchkey.identity.svc")}
	}
	insecure, err := cmd.Flags().GetBool("insecure")
	if err != nil {
		return err
	}
	c := issuerAt{issuer: issuer, base: base, client: &http.Client{
		Timeout:       10 * time.Second,
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{ServerName: issuer.Hostname(), InsecureSkipVerify: insecure, MinVersion: tls.VersionTLS12}}, // #nosec G402 -- asked for; nothing secret is sent
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	keys, err := c.check(cmd.Context())
	if err != nil {
		return err
	}
	text := fmt.Sprintf("ok: %s answers at %s with %d keys", issuer, base, keys)
	return a.show(cmd, map[string]any{"status": "ok", "issuer": issuer.String(), "keys": keys}, func(w io.Writer) { _, _ = fmt.Fprintln(w, text) })
}

// issuerFlag is the issuer that the command line or the environment names.
func (a *app) issuerFlag(cmd *cobra.Command) (*url.URL, error) {
	text, err := cmd.Flags().GetString("issuer")
	if err != nil {
		return nil, err
	}
	for _, e := range a.env {
		if value, found := strings.CutPrefix(e, "LATCHKEY_ISSUER="); found && text == "" {
			text = value
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, usageError{errors.New("--at needs the issuer: --issuer or LATCHKEY_ISSUER")}
	}
	return u, nil
}

// issuerAt is an issuer, and where to ask for it.
type issuerAt struct {
	issuer, base *url.URL
	client       *http.Client
}

// check reads discovery document and keys, and returns how many keys there are.
func (c issuerAt) check(ctx context.Context) (int, error) {
	var doc struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := c.get(ctx, c.issuer.Path+"/.well-known/openid-configuration", &doc); err != nil {
		return 0, err
	}
	if doc.Issuer != c.issuer.String() { // OpenID Connect Discovery §4.3
		return 0, fmt.Errorf("the discovery document is of %q", doc.Issuer)
	}
	at, err := url.Parse(doc.JWKSURI)
	if err != nil || at.Host != c.issuer.Host {
		return 0, fmt.Errorf("jwks_uri is %q, which is not the issuer's", doc.JWKSURI)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := c.get(ctx, at.Path, &set); err != nil {
		return 0, err
	}
	if len(set.Keys) == 0 {
		return 0, errors.New("there are no keys in JWKS")
	}
	return len(set.Keys), nil
}

// get reads a document at our address by the issuer's name: any other host gets 421.
func (c issuerAt) get(ctx context.Context, path string, into any) error {
	u := url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Path: path}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return err
	}
	req.Host = c.issuer.Host
	res, err := c.client.Do(req)
	if err != nil {
		return unavailableError{err}
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", u.String(), res.Status)
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxDocument)).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", u.String(), err)
	}
	return nil
}
