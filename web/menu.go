package web

import "net/http"

// menuItem is an entry of the account's menu.
type menuItem struct {
	Path, Label, Icon string
	Current           bool
}

// menuPages are the pages of the account, in their order, each with the word and the icon of its entry.
var menuPages = [...]struct{ path, word, icon string }{
	{"/account", "menu.home", "home"}, {"/account/profile", "menu.profile", "person"}, {"/account/email", "menu.email", "mail"}, {"/account/password", "menu.password", "key"},
	{"/account/passkeys", "menu.passkeys", "passkey"}, {"/account/two-step", "menu.two_step", "shield"}, {"/account/sessions", "menu.sessions", "device"},
	{"/account/applications", "menu.applications", "apps"}, {"/account/activity", "menu.activity", "clock"}, {"/account/data", "menu.data", "file"},
}

// Menu is the account's menu: the pages that there are.
func (f *frame) Menu() []menuItem {
	var out []menuItem
	for _, p := range menuPages {
		if f.s.has(p.path) {
			out = append(out, menuItem{Path: f.Path(p.path), Label: f.T(p.word), Icon: p.icon, Current: f.Here == p.path})
		}
	}
	return out
}

// Where is the entry of the menu that the page belongs to, for the menu of small screens.
func (f *frame) Where() string {
	for _, m := range f.Menu() {
		if m.Current {
			return m.Label
		}
	}
	return f.T("menu.account")
}

// Has tells templates whether there is a page at a path under the issuer.
func (f *frame) Has(path string) bool { return f.s.has(path) }

// has tells whether there is a page at a path under the issuer.
func (s *Site) has(path string) bool { return s.paths[path] }

// findPaths notes which pages there are.
func (s *Site) findPaths() {
	s.paths = map[string]bool{}
	for _, r := range s.Routes() {
		if r.Method == http.MethodGet && !r.Prefix {
			s.paths[r.Path] = true
		}
	}
}
