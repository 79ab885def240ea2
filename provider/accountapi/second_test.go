package accountapi

import (
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- RFC 6238 §1.2
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/provider/account"
	"latchkey/storage"
)

// code is what an app with the key shows at a time (RFC 6238 §4.2).
func code(t *testing.T, key string, at time.Time) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(key)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, at.Unix()/30)
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff)%1_000_000)
}

// twoStep turns two-step sign-in on for Alice, and returns the key of her app and her recovery codes.
func (r *rig) twoStep() (key string, codes []string) {
	r.t.Helper()
	ctx := r.t.Context()
	a, err := r.service.FindAccount(ctx, storage.AccountKey{UsernameKey: "alice"})
	if err != nil {
		r.t.Fatal(err)
	}
	sessions, err := r.service.Sessions(ctx, a.ID)
	if err != nil || len(sessions) == 0 {
		r.t.Fatal(len(sessions), err)
	}
	setup, err := r.service.BeginTOTP(a)
	if err != nil {
		r.t.Fatal(err)
	}
	kept, err := r.service.ConfirmTOTP(ctx, a, sessions[0], setup.Ticket, code(r.t, setup.Secret, r.now()), account.Caller{})
	if err != nil {
		r.t.Fatal(err)
	}
	if codes, err = r.service.KeptCodes(a, kept); err != nil {
		r.t.Fatal(err)
	}
	r.pass(time.Minute)
	return setup.Secret, codes
}

// TestSecondFactorOfLogin: in every dialect a password alone gives no token any more.
func TestSecondFactorOfLogin(t *testing.T) {
	for _, d := range []struct{ name, path, who, wrong string }{
		{"platform", "/api/login", `"username":"alice"`, "Invalid username or password"},
		{"simple", "/api/auth/login", `"username":"alice"`, "Invalid username or password"},
		{"session", "/api/auth/login", `"email":"alice@example.org"`, "Invalid credentials"},
	} {
		t.Run(d.name, func(t *testing.T) {
			r := newRig(t)
			r.alice()
			login := func(more string) string { return `{` + d.who + `,"password":"secret1"` + more + `}` }
			want(t, r.post(d.path, login(`,"otp":"not asked for"`)), http.StatusOK, "Login successful") // without two-step it is nothing
			key, codes := r.twoStep()
			w := r.post(d.path, login(""))
			want(t, w, http.StatusUnauthorized, "Second factor required")
			if !strings.Contains(w.Body.String(), `"second_factor":["totp","recovery_code"]`) || strings.Contains(w.Body.String(), "token") {
				t.Errorf("%s", w.Body)
			}
			want(t, r.post(d.path, `{`+d.who+`,"password":"wrong one","otp":"`+codes[0]+`"}`), http.StatusUnauthorized, d.wrong)
			w = r.post(d.path, login(`,"otp":"000000"`))
			want(t, w, http.StatusUnauthorized, "Invalid second factor")
			if strings.Contains(w.Body.String(), "second_factor") {
				t.Errorf("%s", w.Body)
			}
			now := code(t, key, r.now())
			want(t, r.post(d.path, login(`,"otp":"`+now+`"`)), http.StatusOK, "Login successful")
			want(t, r.post(d.path, login(`,"otp":"`+now+`"`)), http.StatusUnauthorized, "Invalid second factor")
			want(t, r.post(d.path, login(`,"otp":"`+codes[0]+`"`)), http.StatusOK, "Login successful")
			want(t, r.post(d.path, login(`,"otp":"`+codes[0]+`"`)), http.StatusUnauthorized, "Invalid second factor")
			if w := r.post(d.path, login(`,"otp":123456`)); w.Code != http.StatusBadRequest {
				t.Errorf("a number: %d %s", w.Code, w.Body)
			}
		})
	}
}

// TestSecondFactorRequired: where the rules ask for two and none is set up, pages are the place.
func TestSecondFactorRequired(t *testing.T) {
	r := newRig(t, func(c *account.Config) { c.Second.Groups = []string{"admins"} })
	r.alice()
	if _, err := r.service.SetMember(t.Context(), 1, "admins", true, account.Caller{}); err != nil {
		t.Fatal(err)
	}
	w := r.post("/api/login", `{"username":"alice","password":"secret1"}`)
	want(t, w, http.StatusForbidden, "A second factor must be set up first")
	if strings.Contains(w.Body.String(), "token") {
		t.Errorf("%s", w.Body)
	}
	all := newRig(t, func(c *account.Config) { c.Second.Required = true })
	for path, body := range map[string]string{
		"/api/signup":        `{"username":"bob","email":"bob@example.org","password":"secret1"}`,
		"/api/auth/signup":   `{"username":"bob","password":"secret1","confirm_password":"secret1"}`,
		"/api/auth/register": `{"email":"bob@example.org","password":"secret12","first_name":"Bob","last_name":"Jones"}`,
	} {
		want(t, all.post(path, body), http.StatusForbidden, "A second factor must be set up first")
	}
}
