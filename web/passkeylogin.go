package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/passkey"
)

// loginPasskeyForm is the block of the sign-in page. For somebody who is known it is there if they have a passkey.
func (s *Site) loginPasskeyForm(r *http.Request, v *loginView, in signIn) (*passkeyForm, error) {
	if s.Passkeys == nil {
		return nil, nil //nolint:nilnil // there are no passkeys
	}
	options := passkeyOptions
	if v.Known {
		list, err := s.Passkeys.Passkeys(r.Context(), in.who.ID)
		if err != nil || len(list) == 0 {
			return nil, err
		}
		options = with(options, "for", "again")
	}
	if in.fl.TwoFactors || in.fl.MustTwo {
		options = with(options, "two", "1")
	}
	other := ""
	if in.other {
		other = "1"
	}
	p := v.getForm("/login/passkey", options, hidden{"flow", in.fl.Sealed}, hidden{"return", in.ret}, hidden{"other", other})
	p.Quiet, p.Or = true, true
	return p, nil
}

// loginPasskey is a sign-in by a passkey, with a flow or without.
func (s *Site) loginPasskey(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.sentSignIn(w, r)
	if !ok {
		return err
	}
	sent := account.PasskeySignIn{PasskeyAnswer: s.passkeyAnswer(r, in.lang), Persistent: in.remember(), DeviceToken: s.cookie(r, "known"), Two: in.fl.TwoFactors, Must: in.fl.MustTwo}
	if in.live {
		sent.Replace = in.sess.SID
	}
	if in.reauth() {
		sent.AccountID, sent.Persistent = in.who.ID, in.sess.Persistent // the page does not ask again
	}
	got, err := s.Passkeys.SignInPasskey(r.Context(), sent)
	if s.step(w, r, err, in.fl.Sealed, in.ret) {
		return nil
	}
	if err != nil {
		v := s.loginAgain(r, in)
		status, ok := v.refusePasskey(w, r, err)
		if !ok {
			return err
		}
		v.Signals = s.forget(err, sent.Answer)
		name := in.fl.LoginHint
		if v.Known {
			name = v.LoginName
		}
		return s.drawLogin(w, r, status, v, name)
	}
	s.welcome(w, r, got, in.fl.Sealed, in.ret)
	return nil
}

// refusePasskey is refuse with the words of passkeys.
func (f *frame) refusePasskey(w http.ResponseWriter, r *http.Request, err error) (status int, ok bool) {
	own := map[account.Kind]fieldError{}
	for kind, key := range map[account.Kind]string{
		account.PasskeyStale: "passkey.again", account.StepGone: "passkey.again", account.PasskeyUnknown: "passkey.unknown", account.WrongCredentials: "passkey.unknown",
		account.PasskeyRefused: "passkey.refused", account.PasskeyTaken: "passkey.exists", account.PasskeysFull: "passkey.full", account.LastWayIn: "passkey.last",
		account.FactorRequired: "passkey.required",
	} {
		own[kind] = fieldError{"", f.T(key, "n", maxPasskeys)}
	}
	return f.refuse(w, r, err, own)
}

// forget tells the browser that nobody here knows the passkey that it showed (§5.1.10.1), so that it stops offering it. "" for any other refusal: those of a
// disabled account are good again when it is.
func (s *Site) forget(err error, answer []byte) string {
	id := passkey.AnswerID(answer)
	if !account.IsKind(err, account.PasskeyUnknown) || id == nil {
		return ""
	}
	return signals(signal{"signalUnknownCredential", map[string]any{"rpId": s.Passkeys.Party, "credentialId": base64.RawURLEncoding.EncodeToString(id)}})
}

// signal is a method of PublicKeyCredential, and what it is told.
type signal [2]any

func signals(all ...signal) string {
	raw, err := json.Marshal(all)
	if err != nil {
		return "" // strings and lists of strings always can be
	}
	return string(raw)
}

// offerEvery is how often one browser is offered a passkey at most.
const offerEvery = 30 * 24 * time.Hour

type offerView struct {
	*frame
	Passkey *passkeyForm
}

// welcomeBy is welcome after a password: on the way a passkey is offered, where the browser says that it could keep one, the person has none, and was not
// asked lately.
func (s *Site) welcomeBy(w http.ResponseWriter, r *http.Request, got account.SignedIn, form url.Values, flow, ret string) error {
	if s.Passkeys != nil && form.Get("able") == "1" && s.cookie(r, "offered") == "" {
		list, err := s.Passkeys.Passkeys(r.Context(), got.Account.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			s.remember(w, r, got)
			s.see(w, r, with(with("/login/offer", "flow", flow), "return", ret))
			return nil
		}
	}
	s.welcome(w, r, got, flow, ret)
	return nil
}

func (s *Site) offer(w http.ResponseWriter, r *http.Request) error {
	in, ok, err := s.signIn(w, r, r.URL.Query())
	if !ok {
		return err
	}
	if !in.live || s.cookie(r, "offered") != "" || !s.Second.Recent(in.who, in.sess) {
		s.goOn(w, r, in.fl.Sealed, in.ret)
		return nil
	}
	s.setCookie(w, "offered", "1", "/login", offerEvery)
	return s.drawOffer(w, r, http.StatusOK, s.offerFrame(r, in), in)
}

func (s *Site) offerFrame(r *http.Request, in signIn) *frame {
	f := s.begin(r, in.fl.UILocales, in.who.Locale)
	f.forFlow(in.fl)
	f.Back = with(f.Back, "return", in.ret)
	return f
}

func (s *Site) drawOffer(w http.ResponseWriter, r *http.Request, status int, f *frame, in signIn) error {
	f.Title = f.T("offer.title")
	p := f.createForm("/login/offer", hidden{"flow", in.fl.Sealed}, hidden{"return", in.ret})
	p.Quiet = status == http.StatusOK
	return s.draw(w, r, status, "bow", "offer", &offerView{frame: f, Passkey: p})
}

// offerPost takes the passkey that was made; without one the person said "not now".
func (s *Site) offerPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	in, ok, err := s.signIn(w, r, form)
	if !ok {
		return err
	}
	if !in.live || form.Get("credential") == "" || !s.Second.Recent(in.who, in.sess) {
		s.goOn(w, r, in.fl.Sealed, in.ret)
		return nil
	}
	f := s.offerFrame(r, in)
	if _, err := s.Passkeys.AddPasskey(r.Context(), in.who.ID, s.passkeyAnswer(r, f.Lang), f.device(in.sess)); err != nil {
		status, ok := f.refusePasskey(w, r, err)
		if !ok {
			return fmt.Errorf("add passkey: %w", err)
		}
		return s.drawOffer(w, r, status, f, in)
	}
	if in.fl.Sealed == "" && in.ret == "" {
		in.ret = "/account/passkeys?notice=passkey_added"
	}
	s.goOn(w, r, in.fl.Sealed, in.ret)
	return nil
}
