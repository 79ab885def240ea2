package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// decoded is a token, taken apart and explained.
type decoded struct {
	*frame
	// Kind is "access", "id", "logout", "jwt", "opaque", "refresh", "code", "encrypted" or "none"; About says what that is.
	Kind, About string
	Header      []explained
	Claims      []explained
	// Absent are claims that are not there, and what would bring them.
	Absent []explained
	Checks []checkRow

	alg    string
	claims map[string]any
}

// checkRow is a check and how it came out: "ok", "bad", or "note" where it could not be made.
type checkRow struct{ State, Text string }

// checked words a check by whether it holds: the key is that of the message, with .not for the contrary.
func (f *frame) checked(ok bool, key string, args ...any) checkRow {
	if ok {
		return checkRow{"ok", f.T(key, args...)}
	}
	return checkRow{"bad", f.T(key+".not", args...)}
}

type debugView struct {
	*frame
	Token, Audience field
	Decoded         *decoded
}

func (s *Site) devToken(w http.ResponseWriter, r *http.Request) error {
	return s.draw(w, r, http.StatusOK, "portal", "dev_token", s.devFrame(r, "/dev/token", "dev.debug").debugger("", ""))
}

// debugger is the form. The token is never put back into it: a page that is kept does not hold one.
func (f *frame) debugger(audience, problem string) *debugView {
	if problem != "" {
		f.Errors = append(f.Errors, fieldError{"token", problem})
	}
	return &debugView{frame: f,
		Token:    f.put(field{Name: "token", Label: f.T("dev.debug.token"), Hint: f.T("dev.debug.hint"), Autocomplete: "off", Capitalize: "none", Raw: true, Dir: "ltr", Rows: 5, Required: true}),
		Audience: f.put(field{Name: "audience", Label: f.T("dev.debug.audience"), Hint: f.T("dev.debug.audience.hint"), Value: audience, Autocomplete: "off", Capitalize: "none", Raw: true, Dir: "ltr", Optional: true, Max: 512})}
}

// devTokenPost takes a token apart. It is neither kept nor logged.
func (s *Site) devTokenPost(w http.ResponseWriter, r *http.Request) error {
	form, ok := s.form(w, r)
	if !ok {
		return nil
	}
	f := s.devFrame(r, "/dev/token", "dev.debug")
	raw, audience := strings.TrimSpace(form.Get("token")), strings.TrimSpace(form.Get("audience"))
	raw = strings.TrimSpace(strings.TrimPrefix(raw, "Bearer "))
	if raw == "" {
		return s.draw(w, r, http.StatusUnprocessableEntity, "portal", "dev_token", f.debugger(audience, f.T("dev.debug.missing")))
	}
	v := f.debugger(audience, "")
	v.Decoded = f.decode(r.Context(), raw, s.now(r), audience)
	return s.draw(w, r, http.StatusOK, "portal", "dev_token", v)
}

// decode takes a token apart, and checks of it what this issuer can. audience is who it should be for, "" if nobody said.
func (f *frame) decode(ctx context.Context, raw string, now time.Time, audience string) *decoded {
	d := &decoded{frame: f, Kind: kindOf(raw), claims: map[string]any{}}
	defer func() { d.About = f.T("dev.kind." + d.Kind) }()
	if d.Kind != "jwt" {
		return d
	}
	parts := strings.Split(raw, ".")
	head, ok1 := object(parts[0])
	claims, ok2 := object(parts[1])
	if !ok1 || !ok2 {
		d.Kind = "none"
		return d
	}
	members, _ := ordered(head)
	header := map[string]any{}
	_ = json.Unmarshal(head, &header) // an object, see above
	_ = json.Unmarshal(claims, &d.claims)
	d.alg, _ = header["alg"].(string)
	typ, _ := header["typ"].(string)
	d.Kind = d.typed(typ)
	d.Header = f.explain(members, "dev.head.", d.Kind, now)
	members, _ = ordered(claims)
	d.Claims = f.explain(members, "dev.claim.", d.Kind, now)
	d.Absent = f.absent(d)
	d.Checks = f.checks(ctx, d, raw, typ, now, audience)
	return d
}

// kindOf tells tokens apart by their look.
func kindOf(raw string) string {
	for prefix, kind := range map[string]string{"lka_": "opaque", "lkr_": "refresh", "lkc_": "code"} {
		if strings.HasPrefix(raw, prefix) {
			return kind
		}
	}
	switch strings.Count(raw, ".") {
	case 2:
		return "jwt"
	case 4:
		return "encrypted" // RFC 7516 §7.1
	}
	return "none"
}

// typed tells JWTs apart (RFC 8725 §3.11).
func (d *decoded) typed(typ string) string {
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "at+jwt":
		return "access"
	case "logout+jwt":
		return "logout"
	case "jwt":
		if d.claims["aud"] != nil && d.claims["sub"] != nil && d.claims["exp"] != nil && d.claims["client_id"] == nil { // which access tokens alone have
			return "id"
		}
	}
	return "jwt"
}

// object decodes a part that is a JSON object.
func object(part string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, false
	}
	var o map[string]json.RawMessage
	return b, json.Unmarshal(b, &o) == nil && o != nil
}

// personal are the claims of a person that one message explains.
var personal = map[string]string{"name": "profile", "family_name": "profile", "given_name": "profile", "middle_name": "profile", "nickname": "profile", "preferred_username": "profile", "profile": "profile", "website": "profile",
	"gender": "profile", "birthdate": "profile", "zoneinfo": "profile", "locale": "profile", "updated_at": "profile", "picture": "profile", "email": "email", "email_verified": "email",
	"phone_number": "phone", "phone_number_verified": "phone", "address": "address"}

// times are claims that are moments.
var times = []string{"exp", "nbf", "iat", "auth_time", "updated_at"}

// explain says of each member what it is and why it is there.
func (f *frame) explain(members []explained, prefix, kind string, now time.Time) []explained {
	for i, m := range members {
		text := f.meaning(prefix + m.Name + "." + kind)
		if text == "" {
			text = f.meaning(prefix + m.Name)
		}
		if scope := personal[m.Name]; text == "" && prefix == "dev.claim." && scope != "" {
			text = f.T("dev.claim.person", "scope", scope)
		}
		if text == "" {
			text = f.T(prefix + "other")
		}
		if at, err := strconv.ParseFloat(m.Value, 64); err == nil && slices.Contains(times, m.Name) && at > 0 && at < 1<<40 {
			text += " " + f.moment(time.Unix(int64(at), 0), now)
		}
		members[i].Text = text
	}
	return members
}

// moment is a time, and how far away it is.
func (f *frame) moment(at, now time.Time) string {
	if at.After(now) {
		return f.T("dev.moment.in", "at", f.c.Moment(at, nil), "in", f.lasting(at.Sub(now)))
	}
	return f.T("dev.moment.ago", "at", f.c.Moment(at, nil), "ago", f.ago(now.Sub(at)))
}

// expected are the claims that a kind of token may have, in the order in which they are missed.
var expected = map[string][]string{
	"access": {"scope", "auth_time", "acr", "amr", "sid", "groups", "cnf", "user_id", "nbf", "profile", "email"},
	"id":     {"nonce", "at_hash", "c_hash", "auth_time", "acr", "amr", "sid", "groups", "profile", "email", "phone", "address", "scope"},
	"logout": {"sid", "nonce"},
}

// absent lists what is not there and what would bring it: a scope, the claims parameter, a setting of the client, or a field of the account.
func (f *frame) absent(d *decoded) (out []explained) {
	for _, name := range expected[d.Kind] {
		there := d.claims[name] != nil
		for claim, scope := range personal {
			there = there || scope == name && d.claims[claim] != nil
		}
		if there {
			continue
		}
		example := map[string]string{"profile": "name", "phone": "phone_number"}[name]
		if example == "" {
			example = name
		}
		if text := f.meaning("dev.absent."+name+"."+d.Kind, "example", idClaim(example)); text != "" {
			out = append(out, explained{Name: name, Text: text})
		}
	}
	return out
}
