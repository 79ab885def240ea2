//go:build kube

package kube

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"latchkey/e2e/harness"
)

const password = "correct horse battery staple"

// signIn is what kubelogin does: the code flow with PKCE, a browser, and a redirect to localhost.
func (c *cluster) signIn(client, username string) (idToken, refresh string) {
	c.t.Helper()
	s := &harness.Server{Issuer: issuer, Secrets: &harness.Secrets{}}
	conf := oauth2.Config{ClientID: client, RedirectURL: "http://localhost:8000", Scopes: []string{"openid", "profile", "groups"},
		Endpoint: oauth2.Endpoint{AuthURL: issuer + "/authorize", TokenURL: issuer + "/token", AuthStyle: oauth2.AuthStyleInParams}}
	verifier, state := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	if client == "kubernetes" {
		conf.Scopes = append(conf.Scopes, "offline_access")
	}
	b := s.Browser(c.t)
	b.Open(conf.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "consent")))
	b.Submit("/login", map[string]string{"username": username, "password": password})
	if b.Outside == nil {
		b.Submit("/consent", nil, "decision", "allow")
	}
	if b.Outside == nil || b.Outside.Query().Get("state") != state {
		c.t.Fatalf("the browser is at %s", b.URL)
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{Timeout: 20 * time.Second})
	token, err := conf.Exchange(ctx, b.Outside.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		c.t.Fatal(err)
	}
	idToken, _ = token.Extra("id_token").(string)
	return idToken, token.RefreshToken
}

// as runs kubectl with an ID token, by the kubeconfig of the documentation: its plugin is a script that hands out the token.
func (c *cluster) as(token string, args ...string) (string, error) {
	c.t.Helper()
	config := strings.NewReplacer("https://kubernetes.example.com:6443", "https://127.0.0.1:6443", "ca.crt", c.path("ca.crt")).Replace(c.example("kubectl/kubeconfig.yaml"))
	path := c.write("people/config", config)
	c.write("people/token", token)
	script := c.write("people/bin/kubectl-oidc_login", `#!/bin/sh
case "$*" in
"get-token --oidc-issuer-url=https://id.example.com --oidc-client-id=kubernetes --oidc-extra-scope=profile --oidc-extra-scope=groups --oidc-extra-scope=offline_access") ;;
*) echo "called with $*" >&2; exit 1 ;;
esac
printf '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "%s"}}' "$(cat `+c.path("people/token")+`)"
`)
	if err := os.Chmod(script, 0o755); err != nil {
		c.t.Fatal(err)
	}
	return c.run("env", append([]string{"PATH=" + c.path("people/bin") + ":" + c.tools + ":" + os.Getenv("PATH"), c.tools + "/kubectl", "--kubeconfig", path}, args...)...)
}

// people: the cluster knows people and their groups by ID tokens, and by nothing else that looks like one.
func (c *cluster) people() {
	c.latchkey(password+"\n", "users", "create", "--username", "ada", "--email", "ada@example.com")
	c.latchkey("", "groups", "add", "viewers", "ada")
	c.kubectl("apply", "-f", c.write("rbac.yaml", c.example("kubectl/rbac.yaml")))
	config := strings.Replace(c.example("kubectl/authentication.yaml"), "    url: https://id.example.com\n",
		"    url: https://id.example.com\n      certificateAuthority: |\n"+indent(c.ca.certPEM, "        "), 1)
	if err := os.Rename(c.write("authn.new", config), c.path("authn.yaml")); err != nil {
		c.t.Fatal(err)
	}
	token, refresh := c.signIn("kubernetes", "ada")
	if refresh == "" {
		c.t.Error("no refresh token: kubelogin would ask again every ten minutes")
	}
	c.until("the API server does not take an ID token", 3*time.Minute, func() error { // it looks at the file once a minute
		_, err := c.as(token, "auth", "whoami")
		return err
	})
	out, err := c.as(token, "auth", "whoami", "-o", "json")
	if err != nil {
		c.t.Fatal(err)
	}
	var who struct {
		Status struct {
			UserInfo struct {
				Username string
				Groups   []string
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &who); err != nil {
		c.t.Fatal(err)
	}
	info := who.Status.UserInfo
	if info.Username != "latchkey:"+claim(c, token, "sub") || strings.Join(info.Groups, " ") != "latchkey:viewers system:authenticated" {
		c.t.Errorf("ada is %+v", info)
	}
	human, _ := c.as(token, "auth", "whoami")
	c.t.Logf("kubectl auth whoami:\n%s", human)
	c.rights(token)
	c.refused(token)
	c.rotation(token)
	c.expiry()
}

// claim reads a string of a token without looking at its signature.
func claim(c *cluster, token, name string) string {
	parts := strings.Split(token, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		c.t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		c.t.Fatal(err)
	}
	return fmt.Sprint(claims[name])
}

// rights: what a group may, its members may, and nothing else; and a change of groups is in force with the next token.
func (c *cluster) rights(token string) {
	if _, err := c.as(token, "get", "pods", "-A"); err != nil {
		c.t.Errorf("a viewer cannot look: %v", err)
	}
	for _, args := range [][]string{{"get", "secrets", "-A"}, {"-n", "shop", "create", "configmap", "x"}} {
		if out, err := c.as(token, args...); err == nil || !strings.Contains(strings.ToLower(err.Error()), "forbidden") {
			c.t.Errorf("a viewer may %v: %v %s", args, err, out)
		}
	}
	c.latchkey("", "groups", "add", "shop-developers", "ada")
	next, _ := c.signIn("kubernetes", "ada")
	if _, err := c.as(next, "-n", "shop", "create", "configmap", "x"); err != nil {
		c.t.Errorf("a developer cannot work: %v", err)
	}
}

// refused: tokens that are not for the cluster, not signed, changed, or no ID tokens of the issuer.
func (c *cluster) refused(good string) {
	elsewhere, _ := c.signIn("other", "ada")
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		c.t.Fatal(err)
	}
	masters := strings.Replace(string(payload), "viewers", "system:masters", 1)
	if masters == string(payload) {
		c.t.Fatalf("no group to change in %s", payload)
	}
	changed := parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(masters)) + "." + parts[2]
	for what, token := range map[string]string{"for another application": elsewhere, "unsigned": none, "changed": changed, "empty": "e30.e30.e30"} {
		out, err := c.as(token, "auth", "whoami")
		if err == nil || !strings.Contains(err.Error(), "Unauthorized") {
			c.t.Errorf("a token that is %s: %v %s", what, err, out)
		}
	}
	if _, err := c.as(good, "auth", "whoami"); err != nil {
		c.t.Errorf("the good one: %v", err)
	}
}
