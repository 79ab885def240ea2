package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

type applicationsView struct {
	*frame
	Rows []applicationRow
}

// applicationRow is an application that has access to the account.
type applicationRow struct {
	app
	asks
	// Open is where one goes on in it, "" for nowhere.
	Open string
	// Since is when the person allowed it last; zero where the operator vouches for it and nobody is asked.
	Since     time.Time
	SinceText string
}

// applications lists what the person allowed, and the applications they used that ask nobody.
func (s *Site) applications(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account/applications")
	if !ok {
		return err
	}
	allowed, err := s.Account.Consents(r.Context(), a.ID)
	if err != nil {
		return s.orGone(w, r, err)
	}
	used, err := s.Account.Sessions(r.Context(), a.ID)
	if err != nil {
		return s.orGone(w, r, err)
	}
	f.Title = f.T("applications.title")
	v, seen := &applicationsView{frame: f}, map[string]bool{}
	for _, c := range allowed {
		seen[c.ClientID] = true
		scopes, resources := oauth.Consented(c.Scopes)
		row := s.applicationRow(f, s.client(r.Context(), c.ClientID), scopes, resources)
		row.Since, row.SinceText = c.GrantedAt, f.ago(s.now(r).Sub(c.GrantedAt))
		v.Rows = append(v.Rows, row)
	}
	for _, sess := range used {
		for _, id := range sess.Clients {
			if c := s.client(r.Context(), id); !seen[id] && c.SkipConsent {
				v.Rows = append(v.Rows, s.applicationRow(f, c, c.Scopes, nil))
			}
			seen[id] = true
		}
	}
	slices.SortStableFunc(v.Rows, func(a, b applicationRow) int { return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return s.draw(w, r, http.StatusOK, "portal", "applications", v)
}

func (s *Site) applicationRow(f *frame, c storage.Client, scopes, resources []string) applicationRow {
	row := applicationRow{app: f.app(c), asks: f.asks(scopes, nil, resources)}
	if row.Open = s.initiate(c); row.Open == "" {
		row.Open = row.URI
	}
	return row
}

// initiate is where the application itself begins a sign-in with us (OpenID Connect Core §4), "" where it named no such address.
func (s *Site) initiate(c storage.Client) string {
	u, err := url.Parse(webLink(c.InitiateLoginURI))
	if err != nil || u.Host == "" {
		return ""
	}
	query := "iss=" + url.QueryEscape(s.Issuer)
	if u.RawQuery != "" {
		query = u.RawQuery + "&" + query
	}
	u.RawQuery = query
	return u.String()
}

// applicationRemove takes back what the person allowed an application.
func (s *Site) applicationRemove(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, "/account/applications")
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	if err := s.Account.RemoveConsent(r.Context(), a.ID, form.Get("client_id"), s.caller(r, f.Lang)); err != nil && !isGone(err) {
		return err
	}
	s.see(w, r, "/account/applications?notice=access_removed")
	return nil
}
