package web

import (
	"net/http"
	"slices"
	"time"

	"latchkey/provider/account"
	"latchkey/provider/passkey"
	"latchkey/storage"
	"latchkey/web/words"
)

// maxPasskeys is told to people.
const maxPasskeys = storage.PasskeysMax

const passkeysPage = "/account/passkeys"

type passkeysView struct {
	*frame
	Rows []passkeyRow
	// Gone is the passkey that is about to be removed: the page asks about it alone.
	Gone *passkeyRow
	// Add makes one; nil where the person must prove first who they are. Full is how many there can be, where there are as many.
	Add  *passkeyForm
	Full int
	// Signals are for the browser.
	Signals string
}

type passkeyRow struct {
	ID, Name, Provider    string
	Synced, Open          bool
	Created, Used         time.Time
	CreatedText, UsedText string
	Field                 field
}

func (f *frame) passkeyRow(k storage.Passkey, now time.Time) passkeyRow {
	row := passkeyRow{ID: k.ID, Name: words.Plain(k.Name), Provider: passkey.Provider(k.AAGUID), Synced: k.BackedUp, Created: k.CreatedAt, CreatedText: f.ago(now.Sub(k.CreatedAt)),
		Used: k.LastUsedAt}
	if row.Provider == row.Name {
		row.Provider = ""
	}
	if !k.LastUsedAt.IsZero() {
		row.UsedText = f.ago(now.Sub(k.LastUsedAt))
	}
	return row
}

// passkeys is the list of somebody's passkeys.
func (s *Site) passkeys(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passkeysPage)
	if !ok {
		return err
	}
	if word := r.URL.Query().Get("notice"); slices.Contains([]string{"passkey_added", "passkey_renamed", "passkey_removed"}, word) {
		f.Notice = f.T("notice." + word)
	}
	return s.drawPasskeys(w, r, http.StatusOK, f, a, sess, "", "")
}

// drawPasskeys draws the list; where the new name of one was refused, its form is open and has that name.
func (s *Site) drawPasskeys(w http.ResponseWriter, r *http.Request, status int, f *frame, a storage.Account, sess storage.Session, renamed, name string) error {
	list, err := s.Passkeys.Passkeys(r.Context(), a.ID)
	if err != nil {
		return err
	}
	told, err := s.Passkeys.PasskeySignals(r.Context(), a)
	if err != nil {
		return err
	}
	f.Title = f.T("passkeys.title")
	v := &passkeysView{frame: f, Signals: signals(
		signal{"signalAllAcceptedCredentials", map[string]any{"rpId": told.Party, "userId": told.Handle, "allAcceptedCredentialIds": told.IDs}},
		signal{"signalCurrentUserDetails", map[string]any{"rpId": told.Party, "userId": told.Handle, "name": told.Name, "displayName": told.DisplayName}})}
	for i, k := range list {
		row := f.passkeyRow(k, s.now(r))
		value := k.Name
		if k.ID == renamed {
			row.Open, value = true, name
		}
		row.Field = f.passkeyField(i, value, row.Open)
		v.Rows = append(v.Rows, row)
	}
	switch {
	case len(list) >= maxPasskeys:
		v.Full = maxPasskeys
	case s.Second.Recent(a, sess):
		v.Add = f.createForm(passkeysPage)
	}
	return s.draw(w, r, status, "portal", "passkeys", v)
}

// passkeyField is the name of the i-th. Only the one that is open has its message.
func (f *frame) passkeyField(i int, value string, open bool) field {
	d := field{ID: "passkey-name", Name: "name", Label: f.T("passkeys.name"), Value: value, Autocomplete: "off", Enter: "done", Required: true, Max: 60}
	if !open {
		d.ID += "-" + string(rune('a'+i))
	}
	return f.put(d)
}

// passkeyAdd stores the passkey that was made.
func (s *Site) passkeyAdd(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passkeysPage)
	if !ok {
		return err
	}
	if _, ok := s.form(w, r); !ok || !s.recent(w, r, a, sess, passkeysPage) {
		return nil
	}
	if _, err := s.Passkeys.AddPasskey(r.Context(), a.ID, s.passkeyAnswer(r, f.Lang), f.device(sess)); err != nil {
		return s.passkeysRefused(w, r, f, a, sess, err, "", "")
	}
	s.see(w, r, passkeysPage+"?notice=passkey_added")
	return nil
}

// passkeysRefused draws the list with what was wrong.
func (s *Site) passkeysRefused(w http.ResponseWriter, r *http.Request, f *frame, a storage.Account, sess storage.Session, err error, renamed, name string) error {
	status, ok := f.refusePasskey(w, r, err)
	if !ok {
		return s.orGone(w, r, err)
	}
	return s.drawPasskeys(w, r, status, f, a, sess, renamed, name)
}

func (s *Site) passkeyRename(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passkeysPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	err = s.Passkeys.RenamePasskey(r.Context(), a.ID, form.Get("id"), form.Get("name"), s.caller(r, f.Lang))
	if err != nil && !account.IsKind(err, account.Gone) {
		return s.passkeysRefused(w, r, f, a, sess, err, form.Get("id"), form.Get("name"))
	}
	if err == nil {
		s.see(w, r, passkeysPage+"?notice=passkey_renamed")
		return nil
	}
	s.see(w, r, passkeysPage) // it was removed meanwhile: the list says so
	return nil
}

// passkeyRemove asks whether one is to go.
func (s *Site) passkeyRemove(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passkeysPage)
	if !ok {
		return err
	}
	id := r.URL.Query().Get("id")
	list, err := s.Passkeys.Passkeys(r.Context(), a.ID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(k storage.Passkey) bool { return k.ID == id })
	if i < 0 {
		s.see(w, r, passkeysPage)
		return nil
	}
	if !s.recent(w, r, a, sess, with(passkeysPage+"/remove", "id", id)) {
		return nil
	}
	f.Title = f.T("passkeys.title")
	row := f.passkeyRow(list[i], s.now(r))
	return s.draw(w, r, http.StatusOK, "portal", "passkeys", &passkeysView{frame: f, Gone: &row})
}

func (s *Site) passkeyRemovePost(w http.ResponseWriter, r *http.Request) error {
	f, a, sess, ok, err := s.portal(w, r, passkeysPage)
	if !ok {
		return err
	}
	form, ok := s.form(w, r)
	if !ok || !s.recent(w, r, a, sess, with(passkeysPage+"/remove", "id", form.Get("id"))) {
		return nil
	}
	if err := s.Passkeys.RemovePasskey(r.Context(), a.ID, form.Get("id"), s.caller(r, f.Lang)); err != nil && !account.IsKind(err, account.Gone) {
		return s.passkeysRefused(w, r, f, a, sess, err, "", "")
	}
	s.see(w, r, passkeysPage+"?notice=passkey_removed")
	return nil
}
