package web

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
	"time"

	"latchkey/provider/account"
)

// kitView shows the parts that pages are made of, as the pages' own templates draw them.
type kitView struct {
	*frame
	asks
	// Wrong and Well are frames of a form that was refused, and of one that went well.
	Wrong, Well        *frame
	Plain, Bad, Long   field
	Secret             field
	Who                kitPerson
	Masked, When       string
	Apps               []app
	Events             []eventRow
	Newest, Older, CSV string
	Members            []explained
	Checks             []checkRow
	Snippets           []snippet
	Setup              setupView
}

// kitPerson is whom a page is about.
type kitPerson struct{ Person, LoginName string }

// Link is for the template of a set-up.
func (v *kitView) Link() template.URL { return template.URL(v.Setup.URI) } // #nosec G203 -- of the samples

func (s *Site) devKit(w http.ResponseWriter, r *http.Request) error {
	v, err := s.devFrame(r, "/dev/kit", "dev.kit").kit()
	if err != nil {
		return err
	}
	return s.draw(w, r, http.StatusOK, "portal", "dev_kit", v)
}

// kit fills the parts with the data of the samples.
func (f *frame) kit() (*kitView, error) {
	a, now := ada(), sampleTime()
	wrong, well := *f, *f
	wrong.wrong("email", "email.malformed").wrong("", "throttled", "wait", f.c.Wait(40*time.Second))
	well.well("notice.saved")
	v := &kitView{frame: f, Wrong: &wrong, Well: &well, Who: kitPerson{called(a), a.Email}, Masked: mask(a.Email), When: f.Moment(now)}
	well.Warning = f.recoveryWarning(now.Add(72 * time.Hour))
	v.Plain = f.nameField(account.FieldFullName, "off", "", 100)
	v.Bad, v.Secret = wrong.emailField("ada", "off", ""), f.newPasswordField(f.T("field.newpassword"))
	v.Long = f.put(field{Name: "kit_skills", Label: f.T("field.skills"), Hint: f.T("skills.hint"), Autocomplete: "off", Optional: true, Rows: 3})
	name := sampleName(f)
	clients := sampleClients()
	for _, id := range slices.Sorted(maps.Keys(clients)) {
		v.Apps = append(v.Apps, f.app(clients[id]))
	}
	v.asks = f.asks([]string{"openid", "email", "offline_access", "tides"}, []string{"profile"}, []string{f.s.Dev.Audience})
	v.Members = []explained{{"iss", f.s.Issuer, f.meaning("dev.claim.iss")}, {"unknown", "true", ""}}
	v.Checks = []checkRow{f.checked(true, "dev.check.state"), f.checked(false, "dev.check.nonce")}
	for _, e := range sampleEvents()[:3] {
		v.Events = append(v.Events, f.eventRow(e, name, now))
	}
	v.Newest, v.Older, v.CSV = "/dev/kit", "/dev/kit", "/dev/kit"
	all, err := f.snippets()
	if err != nil {
		return nil, err
	}
	v.Snippets = all.SignIn
	v.Snippets[0].Open = true
	v.Setup = f.sampleSetup()
	return v, nil
}
