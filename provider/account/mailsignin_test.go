package account

import (
	"strings"
	"sync"
	"testing"
	"time"
)

func (r *rig) ask(kind AskKind, email string) (Ask, Caller) {
	r.t.Helper()
	a, ticket, err := r.NewAsk(kind, Ask{Email: email})
	if err != nil {
		r.t.Fatal(err)
	}
	if opened := must(r.OpenAsk(kind, ticket))(r.t); opened.ID != a.ID || opened.Email != email {
		r.t.Fatalf("opened %+v", opened)
	}
	c := here
	c.Ask = a.ID
	return a, c
}

func TestSignInByMail(t *testing.T) {
	r := newRig(t)
	r.proven("ann@example.org")
	ask, c := r.ask(AskSignIn, "ann@example.org")
	if err := r.AskSignIn(t.Context(), "ANN@example.org", c, "the flow"); err != nil {
		t.Fatal(err)
	}
	token, l := r.mailed(MailSignIn)
	if len(l.Code) != 8 {
		t.Fatalf("code %q", l.Code)
	}
	if a := must(r.PeekSignIn(t.Context(), token))(t); a.Email != "ann@example.org" {
		t.Errorf("for %q", a.Email)
	}
	// The code is for the browser that asked.
	stranger, _ := r.ask(AskSignIn, "ann@example.org")
	_, err := r.SignInByCode(t.Context(), stranger, l.Code, MailEntry{Caller: here})
	wantKind(t, err, BadToken)
	_, err = r.VerifyByCode(t.Context(), ask, l.Code, MailEntry{Caller: here})
	wantKind(t, err, BadToken) // a code of one kind is none of another
	in := must(r.SignInByCode(t.Context(), ask, l.Code[:4]+" "+l.Code[4:], MailEntry{Caller: here}))(t)
	if strings.Join(in.Session.AMR, " ") != "otp" || in.Session.ACR != "1" {
		t.Errorf("amr %v, acr %q", in.Session.AMR, in.Session.ACR)
	}
	// Used once, whichever way.
	_, err = r.SignInByCode(t.Context(), ask, l.Code, MailEntry{Caller: here})
	wantKind(t, err, BadToken)
	_, _, err = r.SignInByLink(t.Context(), token, MailEntry{Caller: here})
	wantKind(t, err, BadToken)

	r.pass(time.Minute)
	if err := r.AskSignIn(t.Context(), "ann@example.org", here, "the flow"); err != nil {
		t.Fatal(err)
	}
	token, l = r.mailed(MailSignIn)
	if l.Code != "" {
		t.Error("a code for a browser that waits for none")
	}
	_, flow, err := r.SignInByLink(t.Context(), token, MailEntry{Caller: here})
	if err != nil || flow != "the flow" {
		t.Errorf("flow %q, %v", flow, err)
	}
}

func TestMailedCodeTries(t *testing.T) {
	r := newRig(t)
	r.proven("ann@example.org")
	ask, c := r.ask(AskSignIn, "ann@example.org")
	if err := r.AskSignIn(t.Context(), "ann@example.org", c, ""); err != nil {
		t.Fatal(err)
	}
	_, l := r.mailed(MailSignIn)
	wrong := "00000000"
	if l.Code == wrong {
		wrong = "00000001"
	}
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() { _, errs[i] = r.SignInByCode(t.Context(), ask, wrong, MailEntry{Caller: here}) })
	}
	wg.Wait()
	tried := 0
	for _, err := range errs {
		if IsKind(err, BadToken) {
			tried++
		} else {
			wantKind(t, err, CodeVoid)
		}
	}
	if tried != codeTries {
		t.Errorf("%d codes were tried", tried)
	}
	_, err := r.SignInByCode(t.Context(), ask, l.Code, MailEntry{Caller: from("203.0.113.5")})
	wantKind(t, err, CodeVoid) // the right one too, from anywhere
}

// Nobody learns by the answer or its work whether an address is known, and what is not for this way in gets another mail.
func TestAskSignInTellsNothing(t *testing.T) {
	r := newRig(t)
	r.proven("ann@example.org")
	must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "unproven@example.org", Password: "tr1cky words", NoSession: true, Caller: here}))(t)
	r.courier()
	disabled, _ := r.proven("off@example.org")
	must(r.SetDisabled(t.Context(), disabled.ID, true, here))(t)
	r.courier()
	want := map[string]string{"ann@example.org": MailSignIn, "unproven@example.org": MailVerify, "off@example.org": "", "nobody@example.org": "", "not an address": ""}
	ops := ""
	for email, kind := range want {
		r.store.take()
		if err := r.AskSignIn(t.Context(), email, from("203.0.113.1"), ""); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(r.store.take(), " ")
		if ops == "" {
			ops = got
		}
		if got != ops {
			t.Errorf("%s: the store was used %q, not %q", email, got, ops)
		}
		mails := r.courier()
		if kind == "" && len(mails) != 0 || kind != "" && (len(mails) != 1 || mails[0].Kind != kind) {
			t.Errorf("%s: %v", email, mails)
		}
		wantKind(t, r.AskSignIn(t.Context(), email, from("203.0.113.1"), ""), Throttled) // once a minute
	}
	off := newRig(t, func(c *Config) { c.Lifecycle.MailSignIn = false })
	wantKind(t, off.AskSignIn(t.Context(), "ann@example.org", here, ""), Gone)
}

func TestAskTickets(t *testing.T) {
	r := newRig(t)
	_, ticket, err := r.NewAsk(AskSignIn, Ask{Email: "ann@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", ticket + "A", ticket[:len(ticket)-4]} {
		_, err := r.OpenAsk(AskSignIn, bad)
		wantKind(t, err, BadToken)
	}
	_, err = r.OpenAsk(AskVerify, ticket)
	wantKind(t, err, BadToken)
	r.pass(15 * time.Minute)
	_, err = r.OpenAsk(AskSignIn, ticket)
	wantKind(t, err, BadToken)
}

func TestVerifyByCode(t *testing.T) {
	r := newRig(t)
	ask, c := r.ask(AskVerify, "bob@example.org")
	must(r.SignUp(t.Context(), SignUp{Dialect: Page, Email: "bob@example.org", Password: "tr1cky words", NoSession: true, Flow: "the flow", Caller: c}))(t)
	token, l := r.mailed(MailVerify)
	v, err := r.VerifyByCode(t.Context(), ask, l.Code, MailEntry{Caller: here})
	if err != nil || !v.Account.EmailVerified || v.Flow != "the flow" {
		t.Errorf("got %+v, %v", v, err)
	}
	_, err = r.VerifyEmail(t.Context(), token, Ask{}, MailEntry{Caller: here})
	wantKind(t, err, AlreadyVerified)
}

func TestNewDeviceMail(t *testing.T) {
	r := newRig(t)
	_, first := r.proven("ann@example.org")
	if mails := r.courier(); len(mails) != 0 {
		t.Errorf("the first sign-in was told of: %v", mails)
	}
	known := func(device string) []letter {
		must(r.SignIn(t.Context(), Credentials{Dialect: Page, Login: "ann@example.org", Password: "tr1cky words", DeviceToken: device,
			Caller: Caller{Address: "203.0.113.4", UserAgent: "Firefox/150"}}))(t)
		return r.courier()
	}
	if mails := known(first.Device); len(mails) != 0 {
		t.Errorf("a known browser was told of: %v", mails)
	}
	mails := known("")
	if len(mails) != 1 || mails[0].Kind != MailNewDevice || mails[0].Agent != "Firefox/150" || mails[0].Where != "203.0.113.4" {
		t.Fatalf("mails %+v", mails)
	}
	if err := r.RevokeByMail(t.Context(), kinds(mails)["new_device ann@example.org"], here); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Live(t.Context(), first.Session.SID); !IsKind(err, Gone) {
		t.Errorf("still signed in: %v", err)
	}
	off := newRig(t, func(c *Config) { c.Lifecycle.DeviceMail = false })
	off.proven("ann@example.org")
	off.enterPage("ann@example.org")
	if mails := off.courier(); len(mails) != 0 {
		t.Errorf("mails %v", mails)
	}
}
