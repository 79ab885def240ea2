package web

import (
	"context"
	"testing"

	"latchkey/provider/logo"
	"latchkey/storage"
)

// TestSaid: what an application says, in the language of the page.
func TestSaid(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, tc := range []struct {
		name, lang, plain string
		localized         map[string]string
		want              string
	}{
		{"RFC 7591 §2.2 the page's language", "de", "Notes", map[string]string{"client_name#de": "Notizen", "client_name#fr": "Cahiers"}, "Notizen"},
		{"RFC 7591 §2.2 in other case", "de", "Notes", map[string]string{"client_name#DE": "Notizen"}, "Notizen"},
		{"RFC 7591 §2.2 of another country", "de", "Notes", map[string]string{"client_name#de-CH": "Notizen"}, "Notizen"},
		{"RFC 7591 §2.2 none for this page", "en", "Notes", map[string]string{"client_name#de": "Notizen"}, "Notes"},
		{"RFC 7591 §2.2 another member", "de", "Notes", map[string]string{"client_uri#de": "https://a.example/"}, "Notes"},
		{"RFC 7591 §2.2 an empty one", "de", "Notes", map[string]string{"client_name#de": ""}, "Notes"},
		{"RFC 7591 §2.2 nothing without a language", "en", "", map[string]string{"client_name#fr": "Cahiers", "client_name#de": "Notizen"}, "Notizen"},
		{"nothing at all", "en", "", nil, "notes"},
		{"RFC 7591 §2.2 what turns text around", "de", "Notes", map[string]string{"client_name#de": "\u202eNotizen"}, "Notizen"},
	} {
		c, _ := b.words.Get(tc.lang)
		if got := b.frame(c, "").app(storage.Client{ID: "notes", Name: tc.plain, Localized: tc.localized}).Name; got != tc.want {
			t.Errorf("%s: %q", tc.name, got)
		}
	}
}

// TestAppLinks: every link and the logo come in the page's language, and nothing but web pages becomes one.
func TestAppLinks(t *testing.T) {
	b := newBench(t, sampleIssuer)
	de, _ := b.words.Get("de")
	c := storage.Client{ID: "a/b?c", URI: "https://a.example/", PolicyURI: "https://a.example/p", TOSURI: "https://a.example/t", LogoURI: "https://a.example/l", Localized: map[string]string{
		"client_uri#de": "https://a.example/de", "policy_uri#de": "https://a.example/de/p", "tos_uri#de": "https://a.example/de/t", "logo_uri#de": "https://a.example/de/l"}}
	want := app{ID: "a/b?c", Name: "a/b?c", URI: "https://a.example/de", PolicyURI: "https://a.example/de/p", TosURI: "https://a.example/de/t", Cut: outline("a/b?c"),
		Logo: "/client-logo/a%2Fb%3Fc?v=" + logo.Version("https://a.example/de/l")}
	if got := b.frame(de, "").app(c); got != want {
		t.Errorf("got %+v", got)
	}
	evil := storage.Client{ID: "a", URI: "javascript:alert(1)", PolicyURI: "data:text/html,x", TOSURI: "//x", Localized: map[string]string{"client_uri#de": "javascript:alert(2)"}}
	if got := b.frame(de, "").app(evil); got.URI+got.PolicyURI+got.TosURI+got.Logo != "" {
		t.Errorf("got %+v", got)
	}
	b.Site.Logos = nil
	if got := b.frame(de, "").app(c).Logo; got != "" {
		t.Errorf("a logo at %s that nobody serves", got)
	}
}

// TestClientOnPages: pages of a request show whose it is (OpenID Connect Registration §2), in the language that they have.
func TestClientOnPages(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.flows.open["f-fr"] = Flow{Client: storage.Client{ID: "x", Localized: map[string]string{"client_name#de": "Hafen", "client_name#en": "Harbour"}}}
	english, german := logo.Version("https://notes.harbour.example/logo.png"), logo.Version("https://notes.harbour.example/zeichen.png")
	for _, p := range []string{"/login?flow=f1", "/login?flow=f-reauth", "/signup?flow=f1", "/consent?flow=f1"} {
		b.get(t, p, signedIn).status(200).says("About Harbour Notes", "The app's privacy policy", "The app's terms").
			holds(`src="/client-logo/harbour-notes?v=`+english+`"`, `href="https://notes.harbour.example/"`, `href="https://notes.harbour.example/privacy"`, `href="https://notes.harbour.example/terms"`)
		b.get(t, p+"&ui_locales=de", signedIn).status(200).says("Über Harbour Notes", "Datenschutz der App").
			holds(german, `href="https://notes.harbour.example/datenschutz"`, `href="https://notes.harbour.example/terms"`).lacks(english, "/privacy")
	}
	b.get(t, "/login?flow=f-choose", signedIn).status(200).says("to continue to Harbour Notes").holds(english)
	b.get(t, "/login?flow=f-fr").status(200).says("Sign in to Harbour")
	b.get(t, "/login?flow=f-fr&ui_locales=de").status(200).says("Bei Hafen anmelden").lacks("client-logo", "class=\"mark\"")
	b.get(t, "/device/confirm", signedIn, deviceCookie).status(200).says("The app's privacy policy").lacks("client-logo")
	for _, p := range []string{"/login", "/signup", "/account", "/_/problem-expired"} {
		b.get(t, p).lacks("client-logo", "class=\"mark\"", "The app")
	}
	fr := storage.Client{ID: "x", Name: "Harbour", Localized: map[string]string{"client_name#de": "Hafen"}}
	b.Site.Client = func(_ context.Context, id string) (storage.Client, error) { fr.ID = id; return fr, nil }
	b.get(t, "/account/sessions?ui_locales=de", signedIn).says("Apps: Hafen, Hafen")
}

// TestLogoServed: pictures of applications, and nothing where there is none.
func TestLogoServed(t *testing.T) {
	b := newBench(t, "https://example.com/id")
	v := b.get(t, "/id/client-logo/harbour-notes?v=x").status(200)
	if v.Header().Get("Content-Type") != "image/png" || v.Body.String() != string(samplePicture()) || v.Header().Get("Cross-Origin-Resource-Policy") != "same-origin" {
		t.Errorf("headers %v", v.Header())
	}
	for _, p := range []string{"nobody?v=x", "busy?v=x", "?v=x", ""} {
		if v := b.get(t, "/id/client-logo/"+p).status(404); v.Body.Len() != 0 || v.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %q, %v", p, v.Body.String(), v.Header())
		}
	}
	b.get(t, "/id/client-logo/a%2Fb%20c?v=y").status(404)
	if got := b.logos.asked[len(b.logos.asked)-1]; got != "a/b c y" {
		t.Errorf("asked for %q", got)
	}
	b.get(t, "/id/client-logo/fault?v=x").status(500)
}
