package web

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/audit"
	"latchkey/storage"
	"latchkey/web/words"
)

const (
	activityPage = "/account/activity"
	// activityRows is how many events a page has; activityExport how many a download has at most.
	activityRows, activityExport = 30, 20_000
)

// activityKinds are what the list can be narrowed to, each with its events, in the order of the choice.
func activityKinds() []activityKind {
	return []activityKind{
		{"signin", []audit.Name{audit.SignIn, audit.SignInFailed, audit.SignOut, audit.SessionsEnded, audit.SecondFactor, audit.SecondFactorFailed, audit.DeviceAllowed, audit.DeviceRefused,
			audit.ForwardSignIn, audit.ForwardSignOut, audit.BrowserForgotten, audit.CodeReplayed, audit.RefreshReplayed}},
		{"security", []audit.Name{audit.PasswordChanged, audit.ResetRequested, audit.PasswordReset, audit.FactorAdded, audit.FactorRemoved, audit.RecoveryCodesMade, audit.FactorsReset,
			audit.PasskeyAdded, audit.PasskeyRemoved, audit.PasskeyRenamed, audit.PasskeyCounter, audit.EmailVerified, audit.EmailChangeAsked, audit.EmailChangeStopped, audit.EmailChanged,
			audit.EmailRestored, audit.RecoveryBegun, audit.RecoveryStopped, audit.RecoveryDone, audit.StoppedByMail}},
		{"apps", []audit.Name{audit.ConsentGiven, audit.ConsentRemoved, audit.AppSignedOut}},
		{"account", []audit.Name{audit.SignUp, audit.ProfileChanged, audit.GroupsChanged, audit.AccountDisabled, audit.AccountEnabled, audit.TermsAccepted, audit.Invited, audit.InviteAccepted,
			audit.SetUp, audit.DataExported, audit.DeletionPlanned, audit.DeletionStopped}},
	}
}

type activityKind struct {
	word  string
	names []audit.Name
}

// namesOf are the events of a kind; none for all.
func namesOf(kind string) (names []string) {
	for _, k := range activityKinds() {
		if k.word == kind {
			for _, n := range k.names {
				names = append(names, string(n))
			}
		}
	}
	return names
}

type activityView struct {
	*frame
	Rows  []eventRow
	Kinds []choice
	// Older and Newest are pages of the list, "" where there are none; CSV is the download.
	Older, Newest, CSV string
}

// eventRow is one event in words.
type eventRow struct {
	At time.Time
	// When is relative, Moment absolute.
	When, Moment, Text, Device, Address string
	Warn                                bool
}

// warnings are events that people should look at.
func warnings() []audit.Name {
	return []audit.Name{audit.SignInFailed, audit.SecondFactorFailed, audit.CodeReplayed, audit.RefreshReplayed, audit.PasskeyCounter, audit.RecoveryBegun}
}

// eventRow puts an event into words. name is what an application is called.
func (f *frame) eventRow(e storage.AccountEvent, name func(id string) string, now time.Time) eventRow {
	row := eventRow{At: e.At, When: f.ago(now.Sub(e.At)), Moment: f.Moment(e.At), Text: f.eventText(e, name), Address: words.Plain(e.Address), Warn: slices.Contains(warnings(), audit.Name(e.Name))}
	if e.UserAgent != "" {
		row.Device = f.device(storage.Session{UserAgent: e.UserAgent, Kind: string(account.Page)})
	}
	return row
}

// eventText is what happened. What has no words is shown by its name: nothing that happened is hidden.
func (f *frame) eventText(e storage.AccountEvent, name func(id string) string) string {
	key := "event." + e.Name
	if detail := key + "." + e.Detail; f.c.Has(detail) {
		key = detail
	}
	if !f.c.Has(key) {
		return words.Plain(strings.TrimSpace(e.Name + " " + e.Detail))
	}
	client := ""
	if e.ClientID != "" {
		client = shorten(name(e.ClientID), 60)
	}
	return f.T(key, "client", client, "detail", words.Plain(shorten(e.Detail, 60)))
}

func (s *Site) activity(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, activityPage)
	if !ok {
		return err
	}
	q := r.URL.Query()
	kind, before := q.Get("kind"), shorten(q.Get("before"), 64)
	events, err := s.Portal.Records.Events(r.Context(), storage.EventQuery{AccountID: a.ID, Before: before, Names: namesOf(kind), Limit: activityRows + 1})
	if err != nil {
		return err
	}
	return s.draw(w, r, http.StatusOK, "portal", "activity", s.activityView(f, events, kind, before, s.names(r, f), s.now(r)))
}

func (s *Site) activityView(f *frame, events []storage.AccountEvent, kind, before string, name func(string) string, now time.Time) *activityView {
	f.Title = f.T("activity.title")
	v := &activityView{frame: f, CSV: with("/account/activity.csv", "kind", kind)}
	v.Kinds = append(v.Kinds, choice{"", f.T("activity.all"), namesOf(kind) == nil})
	for _, k := range activityKinds() {
		v.Kinds = append(v.Kinds, choice{k.word, f.T("activity." + k.word), k.word == kind})
	}
	if len(events) > activityRows {
		events = events[:activityRows]
		v.Older = with(with(activityPage, "kind", kind), "before", events[activityRows-1].ID)
	}
	if before != "" {
		v.Newest = with(activityPage, "kind", kind)
	}
	for _, e := range events {
		v.Rows = append(v.Rows, f.eventRow(e, name, now))
	}
	return v
}

// names finds what applications are called, each once in a request.
func (s *Site) names(r *http.Request, f *frame) func(id string) string {
	known := map[string]string{}
	return func(id string) string {
		if _, ok := known[id]; !ok {
			known[id] = f.app(s.client(r.Context(), id)).Name
		}
		return known[id]
	}
}

// activityCSV is the list as a table (RFC 4180), a page of it read at a time.
func (s *Site) activityCSV(w http.ResponseWriter, r *http.Request) error {
	f, a, _, ok, err := s.portal(w, r, activityPage)
	if !ok {
		return err
	}
	kind := namesOf(r.URL.Query().Get("kind"))
	q := storage.EventQuery{AccountID: a.ID, Names: kind, Limit: storage.EventsListed}
	name := s.names(r, f)
	var b bytes.Buffer
	table := csv.NewWriter(&b)
	table.UseCRLF = true // RFC 4180 §2
	_ = table.Write([]string{"time", "event", "text", "application", "address", "browser"})
	for n := 0; n < activityExport; {
		events, err := s.Portal.Records.Events(r.Context(), q)
		if err != nil {
			return err
		}
		for _, e := range events {
			_ = table.Write(cells(iso(e.At), e.Name, plainText(f.eventText(e, name)), e.ClientID, e.Address, words.Plain(e.UserAgent)))
			q.Before, n = e.ID, n+1
		}
		if len(events) < q.Limit {
			break
		}
	}
	table.Flush()
	if err := table.Error(); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	setHeaders(w.Header(), policy{secure: s.secure, upload: true})
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present") // RFC 7111 §3
	h.Set("Content-Disposition", `attachment; filename="activity.csv"`)
	s.sendTable(w, r, b.Bytes())
	return nil
}

func (s *Site) sendTable(w http.ResponseWriter, r *http.Request, body []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // an attachment with nosniff; nobody is left to tell if it fails
	}
}

// cells keeps spreadsheets from taking a cell for a formula.
func cells(in ...string) []string {
	for i, c := range in {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			in[i] = "'" + c
		}
	}
	return in
}

// plainText is a message without the marks that keep the direction of what was put into it.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
}
