package web

import (
	"net/http"
	"net/url"

	"latchkey/web/words"
)

// consentView asks whether a client may have what it asks for.
type consentView struct {
	*frame
	Flow      Flow
	LoginName string
	asks
}

// asks is what a client asks for, in plain words.
type asks struct {
	// See, Away and Other are the scopes asked for; Granted those allowed before.
	See, Away, Other, Granted []scopeRow
	Resources                 []string
	// Nothing: the client asks for nothing but the sign-in itself.
	Nothing bool
}

// scopeRow is a scope in plain words; Text is "" for one we do not know.
type scopeRow struct{ Name, Text string }

func (s *Site) consent(w http.ResponseWriter, r *http.Request) error {
	fl, ok := s.flow(w, r, r.URL.Query())
	if !ok {
		return nil
	}
	if fl.Sealed == "" {
		s.see(w, r, "/account")
		return nil
	}
	a, _, live, err := s.who(r)
	if err != nil {
		return err
	}
	if !live {
		s.resume(w, r, fl.Sealed)
		return nil
	}
	f := s.begin(r, fl.UILocales, a.Locale)
	f.forFlow(fl)
	f.Person, f.Title = called(a), f.T("consent.title", "client", f.App.Name)
	if fl.Barred {
		f.Title = f.T("barred.title", "client", f.App.Name)
		return s.draw(w, r, http.StatusForbidden, "bow", "barred", &consentView{frame: f, Flow: fl, LoginName: login(a)})
	}
	v := &consentView{frame: f, Flow: fl, LoginName: login(a), asks: f.asks(fl.Scopes, fl.GrantedScopes, fl.Resources)}
	return s.draw(w, r, http.StatusOK, "bow", "consent", v)
}

func (f *frame) asks(scopes, before, resources []string) (v asks) {
	granted := map[string]bool{}
	for _, sc := range before {
		granted[sc] = true
		v.Granted = append(v.Granted, f.scope(sc))
	}
	for _, sc := range scopes {
		if granted[sc] {
			continue
		}
		switch row := f.scope(sc); {
		case row.Text == "":
			v.Other = append(v.Other, row)
		case sc == "offline_access":
			v.Away = append(v.Away, row)
		default:
			v.See = append(v.See, row)
		}
	}
	for _, res := range resources {
		if u, err := url.Parse(res); err == nil && u.Host != "" {
			res = u.Host + u.EscapedPath()
		}
		v.Resources = append(v.Resources, words.Plain(res))
	}
	v.Nothing = len(v.See)+len(v.Away)+len(v.Other)+len(v.Resources) == 0
	return v
}

// scope puts a scope into words (OpenID Connect Core §5.4, §11): ours, or those of whoever declared it.
func (f *frame) scope(sc string) scopeRow {
	switch sc {
	case "openid", "profile", "email", "phone", "address", "groups", "offline_access":
		return scopeRow{sc, f.T("scope." + sc)}
	}
	if f.s.ScopeText != nil {
		if text := words.Plain(f.s.ScopeText(sc, f.Lang)); text != "" {
			return scopeRow{words.Plain(sc), text}
		}
	}
	return scopeRow{Name: words.Plain(sc)}
}

func (s *Site) consentPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	fl, ok := s.flow(w, r, form)
	if !ok {
		return nil
	}
	if fl.Sealed == "" {
		s.see(w, r, "/account")
		return nil
	}
	switch form.Get("decision") {
	case "allow":
		if err := s.Flows.Allow(r, fl.Sealed); err != nil {
			return err
		}
		s.resume(w, r, fl.Sealed)
		return nil
	case "deny":
		return s.Flows.Deny(w, r, fl.Sealed)
	}
	// Neither button: ask again, and take nothing for a yes.
	s.see(w, r, with("/consent", "flow", fl.Sealed))
	return nil
}
