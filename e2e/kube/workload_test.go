//go:build kube

package kube

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"latchkey/e2e/harness"
)

// workload: a service account of the cluster is a client without a secret, by the example of the documentation, and no other account is.
func (c *cluster) workload() {
	c.kubectl("-n", "shop", "create", "serviceaccount", "worker")
	c.kubectl("-n", "shop", "create", "serviceaccount", "stranger")
	ask := func(account, audience string) *harness.Reply {
		token := strings.TrimSpace(c.kubectl("-n", "shop", "create", "token", account, "--audience", audience))
		s := &harness.Server{Issuer: issuer, Secrets: &harness.Secrets{}}
		return s.API().Must(c.t, http.MethodPost, "/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"worker"},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {token}}, nil)
	}
	c.until("the service account gets no token", time.Minute, func() error {
		if r := ask("worker", issuer); r.Status != http.StatusOK {
			return &url.Error{Op: "token", URL: issuer, Err: errText(r.Raw)}
		}
		return nil
	})
	r := ask("worker", issuer).Want(c.t, http.StatusOK)
	if aud := claim(c, r.S("access_token"), "aud"); !strings.Contains(aud, "https://api.example.com") || claim(c, r.S("access_token"), "client_id") != "worker" {
		c.t.Errorf("the token is for %s", aud)
	}
	for what, r := range map[string]*harness.Reply{"another account": ask("stranger", issuer), "a token for the API server": ask("worker", "https://kubernetes.default.svc")} {
		if r.Status != http.StatusUnauthorized || r.S("error") != "invalid_client" {
			c.t.Errorf("%s: %d %s", what, r.Status, r.Raw)
		}
	}
}

type errText []byte

func (e errText) Error() string { return string(e) }
