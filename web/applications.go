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

const applicationsPage = "/account/applications"

type applicationsView struct {
	*frame
	Rows []applicationRow
}

// applicationRow is an application that has access to the account.
type applicationRow struct {
	app
	asks
	// Open is where one goes on in it, "" for nowhere. Groups are the groups that it is for.
	Open, Groups string
	// Since is when the person allowed it first, Used when it last got tokens. Since is zero where the operator vouches for it and nobody is asked.
	Since, Used         time.Time
	SinceText, UsedText string
	// Told: it is told of a sign-out.
	Told bool
}

// applications lists what the person allowed, and the applications they used that ask nobody.
func (s *Site) applications(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, applicationsPage)
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
		v.Rows = append(v.Rows, s.allowedRow(f, s.client(r.Context(), c.ClientID), c, s.now(r)))
	}
	for _, sess := range used {
		for _, id := range sess.Clients {
			if c := s.client(r.Context(), id); !seen[id] && c.SkipConsent {
				v.Rows = append(v.Rows, s.applicationRow(f, c, c.Scopes, nil))
			}
			seen[id] = true
		}
	}
	storage.SortStable(v.Rows, func(a, b applicationRow) int { return compareNames(a.Name, b.Name) })
	return s.draw(w, r, http.StatusOK, "portal", "applications", v)
}

// compareNames orders names as people read them.
func compareNames(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }

// allowedRow is an application that the person allowed something.
func (s *Site) allowedRow(f *frame, client storage.Client, c storage.Consent, now time.Time) applicationRow {
	scopes, resources := oauth.Consented(c.Scopes)
	row := s.applicationRow(f, client, scopes, resources)
	row.Since, row.SinceText = c.GrantedAt, f.ago(now.Sub(c.GrantedAt))
	if !c.UsedAt.IsZero() {
		row.Used, row.UsedText = c.UsedAt, f.ago(now.Sub(c.UsedAt))
	}
	return row
}

func (s *Site) applicationRow(f *frame, c storage.Client, scopes, resources []string) applicationRow {
	row := applicationRow{app: f.app(c), asks: f.asks(scopes, nil, resources), Told: c.BackchannelLogoutURI != "", Groups: strings.Join(c.AllowedGroups, ", ")}
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

// applicationAsk says what it means to take back what was allowed, and asks.
func (s *Site) applicationAsk(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, applicationsPage)
	if !ok {
		return err
	}
	allowed, err := s.Account.Consents(r.Context(), a.ID)
	if err != nil {
		return s.orGone(w, r, err)
	}
	id := r.URL.Query().Get("client_id")
	i := slices.IndexFunc(allowed, func(c storage.Consent) bool { return c.ClientID == id })
	if i < 0 { // twice pressed
		s.see(w, r, applicationsPage)
		return nil
	}
	f.Back = with("/account/applications/remove", "client_id", id)
	row := s.allowedRow(f, s.client(r.Context(), id), allowed[i], s.now(r))
	f.Title = f.T("applications.ask", "client", row.Name)
	return s.draw(w, r, http.StatusOK, "portal", "appremove", &appRemoveView{f, row})
}

type appRemoveView struct {
	*frame
	Row applicationRow
}

// applicationRemove takes back what the person allowed an application.
func (s *Site) applicationRemove(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, applicationsPage)
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
	s.see(w, r, applicationsPage+"?notice=access_removed")
	return nil
}

// applicationLeave ends the person's part in an application that asks nobody.
func (s *Site) applicationLeave(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, applicationsPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	if err := s.Portal.Leavings.SignOutOf(r.Context(), a.ID, form.Get("client_id"), s.caller(r, f.Lang)); err != nil {
		return s.orGone(w, r, err)
	}
	s.see(w, r, applicationsPage+"?notice=app_left")
	return nil
}
