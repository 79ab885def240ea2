package e2e

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// TestDevice runs the device flow as a television and a person with a browser without JavaScript do (RFC 8628): she enters the code, signs in, compares, and
// allows or denies.
func TestDevice(t *testing.T) {
	tv := map[string]any{"client_id": "tv", "client_name": "Living-room TV", "token_endpoint_auth_method": "none", "grant_types": []string{deviceGrant, "refresh_token"}, "scope": "openid profile offline_access"}
	s := harness.Start(t, harness.Options{Clients: append(harness.Clients(), tv), Config: map[string]any{"authorization.device_interval": "1s"}})
	a, password := s.API(), harness.Random(16)
	s.SignUp(t, "viola", "viola@example.test", password)

	begin := func() (device, user, complete string) {
		t.Helper()
		r := a.Must(t, "POST", "/device_authorization", url.Values{"client_id": {"tv"}, "scope": {"openid profile"}}, nil).Want(t, 200)
		if r.S("verification_uri") != s.Issuer+"/device" || r.JSON["interval"] != 1.0 {
			t.Errorf("RFC 8628 §3.2: %s", r.Raw)
		}
		return r.S("device_code"), r.S("user_code"), r.S("verification_uri_complete")
	}
	poll := func(device string) *harness.Reply {
		t.Helper()
		time.Sleep(time.Second)
		return a.Must(t, "POST", "/token", url.Values{"grant_type": {deviceGrant}, "client_id": {"tv"}, "device_code": {device}}, nil)
	}

	device, user, _ := begin()
	if r := poll(device).Want(t, 400); r.S("error") != "authorization_pending" {
		t.Errorf("RFC 8628 §3.5: %s", r.Raw)
	}
	b := s.Browser(t)
	b.Open("/device").Submit("/device", map[string]string{"user_code": strings.ToLower(strings.ReplaceAll(user, "-", " "))})
	if b.URL.Path != "/login" {
		t.Fatalf("came to %s", b.URL)
	}
	b.Submit("/login", map[string]string{"username": "viola@example.test", "password": password})
	if b.URL.Path != "/device/confirm" || !strings.Contains(b.Text(), user) || !strings.Contains(b.Text(), "Living-room TV") {
		t.Fatalf("RFC 8628 §5.4: came to %s: %s", b.URL, b.Text())
	}
	b.Submit("/device/confirm", nil, "decision", "allow")
	if !strings.Contains(b.Text(), "return to your device") {
		t.Fatalf("came to %s: %s", b.URL, b.Text())
	}
	r := poll(device).Want(t, 200)
	if r.S("access_token") == "" || r.S("refresh_token") == "" || r.S("id_token") == "" {
		t.Error("RFC 8628 §3.5: a token is missing")
	}
	a.Must(t, "GET", "/userinfo", nil, harness.Bearer(r.S("access_token"))).Want(t, 200)

	// The second time she follows the address with the code in it, is asked all the same, and says no.
	device, user, complete := begin()
	b.Open(complete).Submit("/device", nil)
	if b.URL.Path != "/device/confirm" || !strings.Contains(b.Text(), user) {
		t.Fatalf("RFC 8628 §3.3.1: came to %s: %s", b.URL, b.Text())
	}
	b.Submit("/device/confirm", nil, "decision", "deny")
	if r := poll(device).Want(t, 400); r.S("error") != "access_denied" {
		t.Errorf("RFC 8628 §3.5: %s", r.Raw)
	}
}
