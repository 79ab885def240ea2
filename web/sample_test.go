package web

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"
	"maps"
	"net/http"
	"net/http/httptest"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/client"
	"latchkey/provider/logo"
	"latchkey/provider/picture"
	"latchkey/provider/serve"
	"latchkey/storage"
)

// bench is a site over fakes, with a person signed in for whoever sends the cookie sid=s1.
type bench struct {
	*Site
	verbs    *fakeVerbs
	second   *fakeSecond
	portal   *fakePortal
	life     *fakeLife
	sess     *fakeSessions
	flows    *fakeFlows
	devices  *fakeDevices
	logos    *sampleLogos
	answered error
}

const sampleIssuer = "http://localhost:8099"

// sampleLogos has a picture of one of the sample clients.
type sampleLogos struct{ asked []string }

func (l *sampleLogos) Logo(_ context.Context, clientID, version string) (logo.Logo, error) {
	l.asked = append(l.asked, clientID+" "+version)
	switch clientID {
	case "harbour-notes":
		return logo.Logo{Picture: picture.Picture{Content: samplePicture(), ContentType: "image/png"}, Until: at("2026-11-22T09:00:00Z")}, nil
	case "busy":
		return logo.Logo{}, logo.ErrLater
	case "fault":
		return logo.Logo{}, storage.ErrUnavailable
	}
	return logo.Logo{}, logo.ErrNone
}

func newBench(t interface{ Fatal(...any) }, issuer string) *bench {
	now := at("2026-11-21T21:00:00Z")
	b := &bench{verbs: &fakeVerbs{}, second: newFakeSecond(now), portal: newFakePortal(now), sess: &fakeSessions{}, flows: &fakeFlows{open: map[string]Flow{}}, logos: &sampleLogos{}, devices: &fakeDevices{waits: map[string]Device{"WDJBMJHT": television(now)}}}
	b.sess.live = &storage.Session{SID: "s1", AccountID: 7, CreatedAt: now.Add(-26 * time.Hour), LastSeenAt: now.Add(-20 * time.Second), Kind: "page",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36", Address: "192.0.2.17", Clients: []string{"harbour-notes", "tide-tables"}}
	b.flows.open["f1"] = notes()
	reauth, choose, hint := notes(), notes(), notes()
	reauth.Reauth, choose.ChooseAccount, hint.LoginHint, hint.UILocales = true, true, "ada@example.com", "de"
	b.flows.open["f-reauth"], b.flows.open["f-choose"], b.flows.open["f-hint"] = reauth, choose, hint
	b.flows.choose = func(sealed, sid string) (string, error) { return sealed + "." + sid, nil }
	b.flows.allow = func(string) error { return nil }
	b.flows.deny = func(w http.ResponseWriter, _ string) error { w.WriteHeader(http.StatusTeapot); return nil }
	b.fill(now)
	composer, err := NewComposer(issuer, "", "", nil, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	var mails fakeMailbox
	for _, kind := range []string{account.MailReset, account.MailVerify} {
		subject, text, html, err := composer.Compose(kind, "en", account.Letter{To: "ada.byron@example.com", Name: "Ada Byron",
			Link: Links(issuer).Reset("sample-token"), Expires: now.Add(15 * time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		mails = append(mails, SentMail{"ada.byron@example.com", subject, text, html, now.Add(-3 * time.Minute)})
	}
	b.life = &fakeLife{now: now, signed: account.SignedIn{Account: ada(), Session: *b.sess.live, Secret: "secret"}, step: ada()}
	b.life.step.EmailVerified = true
	site, err := New(Deps{Account: b.verbs, Life: b.life, MailSignIn: true, MailSignInTTL: 15 * time.Minute, RecoveryWait: 72 * time.Hour, Second: b.second, Authenticators: b.second, RecoveryCodes: b.second, Portal: PortalOf(b.portal), Sessions: b.sess, Flows: b.flows, Devices: b.devices, Issuer: issuer, SignUpOpen: true, ResetOpen: true, RequireVerified: true,
		PasswordMin: 8, StepUpAge: 10 * time.Minute, ResetTTL: 15 * time.Minute, VerifyTTL: 24 * time.Hour, Now: func() time.Time { return now }, Mailbox: mails, DemoClientID: "demo",
		Logos: b.logos, Client: func(_ context.Context, id string) (storage.Client, error) {
			if c, ok := sampleClients()[id]; ok {
				return c, nil
			}
			return storage.Client{}, client.ErrUnknown
		}})
	if err != nil {
		t.Fatal(err)
	}
	b.Site = site
	return b
}

// fill gives the verbs a friendly answer each.
func (b *bench) fill(now time.Time) {
	v, live := b.verbs, b.sess.live
	v.signUp = func(account.SignUp) (account.SignedIn, error) { return account.SignedIn{Account: ada()}, nil }
	v.signIn = func(c account.Credentials) (account.SignedIn, error) {
		if c.Password != "correct horse" {
			return account.SignedIn{}, refusal(account.WrongCredentials)
		}
		return account.SignedIn{Account: ada(), Session: *live, Secret: "secret"}, nil
	}
	v.signOut = func(string) error { return nil }
	v.resend = func(string, string) error { return nil }
	token := func(t string) error {
		if t != "good" {
			return refusal(account.BadToken)
		}
		return nil
	}
	v.peekVerify = func(t string) (string, error) { return "ada.byron@example.com", token(t) }
	v.verify = func(t string) (storage.Account, string, error) { return ada(), "", token(t) }
	v.forgot = func(string) error { return nil }
	v.peekReset = func(t string) (storage.Account, error) { return ada(), token(t) }
	v.reset = func(t, _ string) (storage.Account, error) { return ada(), token(t) }
	v.revoke = token
	v.change = func(current, _, _ string) error {
		if current != "correct horse" {
			return refusal(account.WrongPassword)
		}
		return nil
	}
	v.account = func(int64) (storage.Account, error) { return ada(), nil }
	v.update = func(account.Profile) (storage.Account, error) { return ada(), nil }
	v.putResume = func(account.Upload) (storage.Account, error) { return ada(), nil }
	v.putPicture = func(account.Upload) (storage.Account, error) { return ada(), nil }
	v.file = func(storage.FileKind) (storage.FileInfo, []byte, error) {
		return *ada().Resume, []byte("%PDF-1.7"), nil
	}
	v.picture = func(id string) (storage.FileInfo, []byte, error) {
		if id != "p1" {
			return storage.FileInfo{}, nil, storage.ErrNotFound
		}
		return *ada().Picture, samplePicture(), nil
	}
	v.deleteFile = func(storage.FileKind) error { return nil }
	v.sessions = func() ([]storage.Session, error) {
		phone := storage.Session{SID: "s2", Kind: "page", CreatedAt: now.Add(-30 * 24 * time.Hour), LastSeenAt: now.Add(-3 * time.Hour), Address: "2001:db8:1f::7a2c",
			UserAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile/15E148 Safari/604.1"}
		api := storage.Session{SID: "s3", Kind: "platform", CreatedAt: now.Add(-90 * time.Minute), LastSeenAt: now.Add(-5 * time.Minute), Address: "198.51.100.4", UserAgent: "okhttp/4.12"}
		return []storage.Session{api, *live, phone}, nil
	}
	v.consents = func() ([]storage.Consent, error) {
		return []storage.Consent{
			{AccountID: 7, ClientID: "gone-app", Scopes: []string{"(sign in)"}, GrantedAt: now.Add(-400 * 24 * time.Hour)},
			{AccountID: 7, ClientID: "harbour-notes", Scopes: []string{"openid", "profile", "email", "offline_access", "notes:write", "(resource) https://api.harbour.example/v1"}, GrantedAt: now.Add(-3 * 24 * time.Hour)},
			{AccountID: 7, ClientID: "harbour-tv", Scopes: []string{"openid"}, GrantedAt: now.Add(-2 * time.Hour)},
		}, nil
	}
	v.removed = func(string) error { return nil }
	v.endSession = func(string) error { return nil }
	v.endOthers = func(string) (int, error) { return 2, nil }
}

func samplePicture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 96, 96))
	for x := range 96 {
		for y := range 96 {
			img.Set(x, y, color.RGBA{uint8(60 + x), uint8(90 + y), 140, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// handler mounts the table as the integrator does, with the pages of [serve.Pages] under /_/ for the preview.
func (b *bench) handler() http.Handler {
	mux := http.NewServeMux()
	wrap := func(name string, h serve.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			rec := &serve.Record{ID: "7QK2-M4TD", Endpoint: name, Address: "192.0.2.17"}
			r = r.WithContext(serve.WithRecord(r.Context(), rec))
			if b.answered = h(w, r); b.answered != nil {
				b.Problem(w, r, serve.Problem{Status: http.StatusInternalServerError, Kind: "internal", Reference: rec.ID})
			}
		})
	}
	for _, rt := range b.Routes() {
		pattern := rt.Path
		if pattern == "/" {
			pattern = "/{$}"
		}
		mux.Handle(rt.Method+" "+b.base+pattern, wrap(rt.Endpoint, rt.Handler))
	}
	for name, h := range b.extras() {
		mux.Handle("GET "+b.base+"/_/"+name, wrap(name, h))
	}
	mux.HandleFunc("GET "+b.base+"/api/signup/check", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.FormValue("username") == "taken" {
			_, _ = w.Write([]byte(`{"available":false,"message":"Username already exists"}`))
			return
		}
		_, _ = w.Write([]byte(`{"available":true}`))
	})
	mux.Handle("/", wrap("none", func(w http.ResponseWriter, r *http.Request) error {
		b.Problem(w, r, serve.Problem{Status: http.StatusNotFound, Kind: "not_found", Reference: "7QK2-M4TD"})
		return nil
	}))
	return mux
}

// extras are the pages that others ask for through [serve.Pages].
func (b *bench) extras() map[string]serve.Handler {
	told := []storage.Client{sampleClients()["harbour-notes"], sampleClients()["tide-tables"]}
	pages := map[string]serve.Handler{
		"handoff": func(w http.ResponseWriter, r *http.Request) error {
			rec := httptest.NewRecorder()
			err := b.HandOff(rec, r, "https://notes.harbour.example/cb?code=abc&state=x")
			maps.Copy(w.Header(), rec.Header())
			w.Header().Del("Refresh") // to be looked at, not to leave
			_, _ = w.Write(rec.Body.Bytes())
			return err
		},
		"formpost": func(w http.ResponseWriter, r *http.Request) error {
			return b.FormPost(w, r, "https://notes.harbour.example/cb", []serve.Param{{Name: "code", Value: "abc"}, {Name: "state", Value: `"><script>`}})
		},
		"signout": func(w http.ResponseWriter, r *http.Request) error {
			return b.SignOutConfirm(w, r, serve.SignOutView{Account: "Ada Byron", Client: sampleClients()["harbour-notes"], Confirm: "sealed", Apps: told})
		},
		"signedout": func(w http.ResponseWriter, r *http.Request) error {
			return b.SignedOut(w, r, serve.SignOutView{Client: sampleClients()["harbour-notes"], ReturnTo: "https://notes.harbour.example/"})
		},
		"signingout": func(w http.ResponseWriter, r *http.Request) error {
			return b.SignedOut(w, r, serve.SignOutView{Client: sampleClients()["harbour-notes"], ReturnTo: "https://notes.harbour.example/", Onward: true, Apps: told,
				Frames: []string{"https://notes.harbour.example/out?iss=x&sid=s1", "https://tides.example:8443/out"}})
		},
		"fault": func(http.ResponseWriter, *http.Request) error { return storage.ErrUnavailable },
	}
	for _, kind := range problemKinds() {
		pages["problem-"+kind] = func(w http.ResponseWriter, r *http.Request) error {
			b.Problem(w, r, serve.Problem{Status: 400, Kind: kind, Code: "invalid_request", Description: "code_challenge is missing", Reference: "7QK2-M4TD", RetryAfter: 40 * time.Second})
			return nil
		}
	}
	return pages
}

func problemKinds() []string {
	return []string{"unknown_client", "redirect_uri", "request", "expired", "used_up", "forbidden", "not_found", "method", "too_large", "throttled", "internal", "unavailable", "cross_site"}
}
