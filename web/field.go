package web

import (
	"fmt"

	"latchkey/provider/account"
)

// field is an input with its label, hint and message. The template "field" draws it; the script reads its data attributes.
type field struct {
	ID, Name, Type, Label, Hint, Value, Error string
	Autocomplete, InputMode, Enter, Pattern   string
	Capitalize, Dir, Rules                    string
	Optional, Required, Autofocus, Readonly   bool
	// Raw: no spelling help. Live: the script checks it. Reveal and Caps: show the password, warn of Caps Lock. Strength: draw the meter.
	Raw, Live, Reveal, Caps, Strength bool
	Min, Max, Rows                    int
	// Digits is of how many digits a code is that the script sends once it was pasted or filled in whole; 0: it does not.
	Digits int
	// Seen says who sees it.
	Seen string
	// Words for the script. Check is the address that tells whether a name is free.
	Missing, Malformed, OK, Short, Personal, Levels, Taken, Check string
	T                                                             func(string, ...any) string
}

// Described is the value of aria-describedby.
func (d field) Described() string {
	ids := d.ID + "-msg"
	if d.Digits > 0 {
		ids = d.ID + "-sent " + ids
	}
	if d.Hint != "" {
		ids = d.ID + "-hint " + ids
	}
	if d.Caps {
		ids += " " + d.ID + "-caps"
	}
	return ids
}

// put makes a field ready for its form: its message, and its words.
func (f *frame) put(d field) field {
	if d.ID == "" {
		d.ID = fieldID(d.Name)
	}
	d.T = f.T
	if d.Type == "" {
		d.Type = "text"
	}
	for _, e := range f.Errors {
		if e.Field == d.ID {
			d.Error = e.Text
		}
	}
	if len(f.Errors) > 0 {
		d.Autofocus = false // the summary has it
	}
	return d
}

func (f *frame) loginField(value string, autofocus bool) field {
	complete := "username"
	if f.s.Passkeys != nil {
		complete += " webauthn" // passkeys are in the field's own list
	}
	return f.put(field{Name: "username", Label: f.T("field.login"), Value: value, Autocomplete: complete, Capitalize: "none", Raw: true, Dir: "ltr",
		Enter: "next", Required: true, Max: 254, Autofocus: autofocus, Live: true, Missing: f.T("login.missing")})
}

func (f *frame) emailField(value, autocomplete, ok string) field {
	return f.put(field{Name: account.FieldEmail, Type: "email", InputMode: "email", Label: f.T("field.email"), Value: value, Autocomplete: autocomplete,
		Capitalize: "none", Raw: true, Dir: "ltr", Enter: "next", Required: true, Max: 254, Live: true,
		Missing: f.T("email.missing"), Malformed: f.T("email.malformed"), OK: ok})
}

func (f *frame) usernameField(value string) field {
	return f.put(field{Name: account.FieldUsername, Label: f.T("field.username"), Hint: f.T("username.hint"), Value: value, Autocomplete: "off",
		Capitalize: "none", Raw: true, Dir: "ltr", Enter: "next", Optional: true, Min: 3, Max: 20, Pattern: "[A-Za-z0-9_]{3,20}", Live: true,
		Malformed: f.T("username.malformed"), OK: f.T("username.free"), Taken: f.T("username.taken"), Check: f.Path("/api/signup/check")})
}

// passwordField asks for the password that there is.
func (f *frame) passwordField(name, label string) field {
	return f.put(field{Name: name, Type: "password", Label: label, Autocomplete: "current-password", Dir: "ltr", Enter: "go", Required: true, Max: 1024,
		Live: true, Reveal: true, Caps: true, Missing: f.T("password.missing")})
}

// newPasswordField asks for one to be set.
func (f *frame) newPasswordField(label string) field {
	n := f.s.PasswordMin
	return f.put(field{Name: account.FieldPassword, Type: "password", Label: label, Hint: f.T("password.hint", "n", n), Autocomplete: "new-password",
		Dir: "ltr", Enter: "done", Required: true, Min: n, Max: 1024, Rules: fmt.Sprintf("minlength: %d; maxlength: 128; allowed: ascii-printable;", n),
		Live: true, Reveal: true, Strength: true, Missing: f.T("password.new.missing"), Short: f.T("password.too_short", "n", n),
		Personal: f.T("password.personal"), Levels: f.T("password.levels")})
}
