package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"latchkey/provider/account"
	"latchkey/storage"
)

// TestAccountNeedsASession visits every page of the account without one.
func TestAccountNeedsASession(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, rt := range b.Routes() {
		if !strings.HasPrefix(rt.Path, "/account") || rt.Path == "/account/sign-out" || strings.HasPrefix(rt.Path, "/account/deletion") {
			continue
		}
		if rt.Method == http.MethodGet {
			b.get(t, rt.Path+"?notice=saved").goes("/login?return=" + strings.ReplaceAll(rt.Path, "/", "%2F"))
			continue
		}
		b.post(t, rt.Path, form()).goes("/login?return=%2Faccount")
	}
	b.get(t, "/.well-known/change-password").goes("/account/password")
	b.get(t, "/").goes("/account")
}

func TestProfile(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/profile?notice=saved", signedIn).status(200).says("Your profile", "Profile saved", "ada.byron@example.com", "Not confirmed", "Send the link again", "ada_b", "179 KB").
		holds(`src="/media/p1"`, `value="&#43;442079460958"`, "Analytical engines\nPoetry</textarea>", `value="12"`, `enctype="multipart/form-data"`, `aria-current="page"`, "ada byron résumé.pdf")
	b.verbs.account = func(int64) (storage.Account, error) {
		return storage.Account{ID: 7, Email: "bare@example.com", EmailVerified: true, Locale: "de"}, nil
	}
	b.get(t, "/account/profile", signedIn).status(200).says("Ihr Profil", "Bestätigt", "bare@example.com").lacks("/media/", "/account/verify", "resume/delete")

	var got account.Profile
	b.verbs.update = func(p account.Profile) (storage.Account, error) { got = p; return ada(), nil }
	b.post(t, "/account/profile", form("full_name", " Ada ", "first_name", "A", "last_name", "B", "phone", "+44 1", "experience_years", "3", "skills", "Go, Rust\r\n\r\n C\n,", "locale", "de"), signedIn).
		goes("/account/profile?notice=saved")
	if *got.FullName != "Ada" || **got.ExperienceYears != 3 || *got.Locale != "de" || *got.Phone != "+44 1" {
		t.Errorf("updated with %+v", got)
	}
	if diff := cmp.Diff([]string{"Go", "Rust", "C"}, *got.Skills); diff != "" {
		t.Errorf("skills (-want +got):\n%s", diff)
	}
	b.post(t, "/account/profile", form(), signedIn).goes("/account/profile?notice=saved")
	if *got.ExperienceYears != nil || *got.FullName != "" || len(*got.Skills) != 0 {
		t.Errorf("empty fields do not clear: %+v", got)
	}
}

// TestPatterns: browsers read a pattern with the flag v, where these stand escaped inside a class (ECMA-262 ClassSetSyntaxCharacter).
func TestPatterns(t *testing.T) {
	b := newBench(t, sampleIssuer)
	class := regexp.MustCompile(`\[[^]]*\]`)
	found := 0
	for _, p := range []string{"/account/profile", "/signup"} {
		for _, m := range regexp.MustCompile(` pattern="([^"]+)"`).FindAllStringSubmatch(b.get(t, p, signedIn).Body.String(), -1) {
			pattern := html.UnescapeString(m[1])
			found++
			if _, err := regexp.Compile(pattern); err != nil {
				t.Error(err)
			}
			for _, c := range class.FindAllString(pattern, -1) {
				if bare := regexp.MustCompile(`\\.`).ReplaceAllString(c[1:len(c)-1], ""); strings.ContainsAny(bare, "()[]{}/|") || strings.HasSuffix(bare, "-") {
					t.Errorf("%s: class %s is refused by browsers", p, c)
				}
			}
		}
	}
	if found != 7 {
		t.Errorf("%d patterns", found)
	}
}

func TestProfileRefused(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.post(t, "/account/profile", form("experience_years", "many", "full_name", "Kept"), signedIn).status(422).
		says("Error: Your profile", "whole number from 0 to 80").holds(`value="many"`, `value="Kept"`, `href="#experience-years"`)
	b.verbs.update = func(account.Profile) (storage.Account, error) {
		return storage.Account{}, invalid("phone", account.Malformed)
	}
	b.post(t, "/account/profile", form("phone", "12"), signedIn).status(422).says("Enter a phone number with country code").holds(`value="12"`)
	b.verbs.update = func(account.Profile) (storage.Account, error) { return storage.Account{}, refusal(account.Gone) }
	b.post(t, "/account/profile", form(), signedIn).goes("/login").sets("sid")
	b.verbs.update = func(account.Profile) (storage.Account, error) { return storage.Account{}, storage.ErrUnknown }
	b.post(t, "/account/profile", form(), signedIn).status(500)

	var sent string
	b.verbs.resend = func(e, _ string) error { sent = e; return nil }
	b.post(t, "/account/verify", form("email", "mallory@example.com"), signedIn).goes("/account/profile?notice=verification_sent")
	if sent != "ada.byron@example.com" {
		t.Errorf("sent to %q", sent)
	}
	b.verbs.resend = func(string, string) error { return refusal(account.Throttled) }
	b.post(t, "/account/verify", form(), signedIn).status(429)
	b.verbs.account = func(int64) (storage.Account, error) { a := ada(); a.EmailVerified = true; return a, nil }
	b.post(t, "/account/verify", form(), signedIn).goes("/account/profile")
}

func TestProfileMore(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/profile", signedIn).status(200).says("More about you", "Time zone", "Street and number").
		holds(`action="/account/profile/more"`, `id="zoneinfo"`, `autocomplete="bday"`, `autocomplete="street-address"`, `value="1815-12-10"`, "12 St James&#39;s Square\nFirst floor</textarea>", `value="London"`)

	var got account.Profile
	b.verbs.update = func(p account.Profile) (storage.Account, error) { got = p; return ada(), nil }
	same := form("middle_name", " King ", "nickname", "", "website", "https://a.example", "profile_url", "", "gender", "x", "birthdate", "1815", "zoneinfo", "UTC",
		"street_address", "12 St James's Square\r\nFirst floor", "postal_code", "", "locality", "London", "region", "", "country", "")
	b.post(t, "/account/profile/more", same, signedIn).goes("/account/profile?notice=saved")
	if *got.MiddleName != "King" || *got.Nickname != "" || *got.Website != "https://a.example" || *got.Birthdate != "1815" || *got.Zoneinfo != "UTC" || got.FullName != nil || got.Phone != nil || got.Skills != nil {
		t.Errorf("updated with %+v", got)
	}
	if (*got.Address).Formatted != "12 St James's Square, London" {
		t.Errorf("OpenID Connect Core §5.1.1: the same address has lost its formatted form: %+v", *got.Address)
	}
	same.Set("locality", "Oxford")
	b.post(t, "/account/profile/more", same, signedIn).goes("/account/profile?notice=saved")
	if a := *got.Address; a.Formatted != "" || a.Locality != "Oxford" {
		t.Errorf("OpenID Connect Core §5.1.1: another address in the old form: %+v", a)
	}
	b.post(t, "/account/profile/more", form(), signedIn).goes("/account/profile?notice=saved")
	if *got.MiddleName != "" || **got.Address != (storage.Address{}) {
		t.Errorf("empty fields do not clear: %+v", got)
	}
	b.verbs.update = func(account.Profile) (storage.Account, error) {
		return storage.Account{}, &account.Refusal{Kind: account.Invalid, Fields: map[string]account.Problem{"zoneinfo": account.Malformed, "street_address": account.TooLong, "region": account.Malformed},
			Order: []string{"zoneinfo", "street_address", "region"}}
	}
	b.post(t, "/account/profile/more", form("zoneinfo", "Mars", "nickname", "Kept"), signedIn).status(422).
		says("Error: Your profile", "Enter a time zone like Europe/London", "Street and number is too long", "State or region is not in the expected format").
		holds(`value="Mars"`, `value="Kept"`, `href="#zoneinfo"`, `href="#street-address"`, `value="Ada Byron"`)
	b.verbs.update = func(account.Profile) (storage.Account, error) { return storage.Account{}, refusal(account.Gone) }
	b.post(t, "/account/profile/more", form(), signedIn).goes("/login").sets("sid")
}

func TestFiles(t *testing.T) {
	b := newBench(t, sampleIssuer)
	var got account.Upload
	b.verbs.putResume = func(u account.Upload) (storage.Account, error) { got = u; return ada(), nil }
	b.send(t, "/account/resume", "resume", "cv.pdf", []byte("%PDF-1.7"), signedIn).goes("/account/profile?notice=resume_saved")
	if got.Filename != "cv.pdf" || string(got.Content) != "%PDF-1.7" {
		t.Errorf("uploaded %+v", got)
	}
	b.send(t, "/account/picture", "picture", "me.png", samplePicture(), signedIn).goes("/account/profile?notice=picture_saved")
	b.send(t, "/account/resume", "resume", "", nil, signedIn).status(422).says("Choose a file before you upload").holds(`href="#resume"`, `id="resume-msg" data-kind="error"`)
	b.send(t, "/account/resume", "other", "x", []byte("x"), signedIn).status(422)
	b.send(t, "/account/picture", "picture", "x", make([]byte, maxPicture+1), signedIn).status(413).says("Choose a picture under 2 MB")
	b.send(t, "/account/picture", "picture", "x", make([]byte, maxPicture+formSlack+1), signedIn).status(413).says("Choose a picture under 2 MB")
	b.post(t, "/account/resume", form("resume", "x"), signedIn).status(400)
	b.verbs.putResume = func(account.Upload) (storage.Account, error) {
		return storage.Account{}, invalid("resume", account.WrongType)
	}
	b.send(t, "/account/resume", "resume", "x.exe", []byte("MZ"), signedIn).status(422).says("Choose a PDF, Word or plain text file")

	v := b.get(t, "/account/resume", signedIn).status(200)
	if h := v.Header(); h.Get("Content-Disposition") != `attachment; filename*=utf-8''ada%20byron%20r%C3%A9sum%C3%A9.pdf` || h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" ||
		h.Get("Cache-Control") != "no-store" || h.Get("Content-Type") != "application/pdf" {
		t.Errorf("headers %v", h)
	}
	b.verbs.file = func(storage.FileKind) (storage.FileInfo, []byte, error) {
		return storage.FileInfo{Filename: "a\"\r\nSet-Cookie: x=y.pdf", ContentType: "application/pdf"}, nil, nil
	}
	v = b.get(t, "/account/resume", signedIn).status(200)
	if h := v.Header(); !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") || strings.ContainsAny(h.Get("Content-Disposition"), "\r\n") || len(v.Result().Cookies()) != 0 {
		t.Errorf("headers %v", h)
	}
	var gone []storage.FileKind
	b.verbs.deleteFile = func(k storage.FileKind) error { gone = append(gone, k); return nil }
	b.post(t, "/account/resume/delete", form(), signedIn).goes("/account/profile?notice=resume_removed")
	b.post(t, "/account/picture/delete", form(), signedIn).goes("/account/profile?notice=picture_removed")
	if diff := cmp.Diff([]storage.FileKind{storage.FileResume, storage.FilePicture}, gone); diff != "" {
		t.Error(diff)
	}
	b.verbs.deleteFile = func(storage.FileKind) error { return refusal(account.Gone) } // by another tab
	b.post(t, "/account/resume/delete", form(), signedIn).goes("/account/profile?notice=resume_removed")
	b.verbs.deleteFile = func(storage.FileKind) error { return storage.ErrUnavailable }
	b.post(t, "/account/resume/delete", form(), signedIn).status(500)
	b.verbs.account = func(int64) (storage.Account, error) { return storage.Account{ID: 7, Username: "bare"}, nil }
	b.post(t, "/account/resume/delete", form(), signedIn).goes("/account/profile")
	b.verbs.file = func(storage.FileKind) (storage.FileInfo, []byte, error) {
		return storage.FileInfo{}, nil, refusal(account.Gone)
	}
	b.get(t, "/account/resume", signedIn).status(404)
}

func TestMedia(t *testing.T) {
	b := newBench(t, sampleIssuer)
	v := b.get(t, "/media/p1").status(200)
	if h := v.Header(); h.Get("Content-Security-Policy") != "default-src 'none'; sandbox" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Type") != "image/png" {
		t.Errorf("headers %v", h)
	}
	b.get(t, "/media/other").status(404)
	b.verbs.picture = func(string) (storage.FileInfo, []byte, error) {
		return storage.FileInfo{ContentType: "application/pdf"}, []byte("%PDF"), nil
	}
	b.get(t, "/media/p1").status(404) // a resume never goes out this way
	b.get(t, "/media/").status(404)
	b.verbs.picture = func(string) (storage.FileInfo, []byte, error) { return storage.FileInfo{}, nil, refusal(account.Gone) }
	b.get(t, "/media/p1").status(404)
	b.verbs.picture = func(string) (storage.FileInfo, []byte, error) {
		return storage.FileInfo{}, nil, storage.ErrUnavailable
	}
	b.get(t, "/media/p1").status(500)
}

func TestChangePassword(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/account/password", signedIn).status(200).says("Change your password", "Sign out my other devices").
		holds(`autocomplete="current-password"`, `autocomplete="new-password"`, `value="ada.byron@example.com" autocomplete="username" readonly`, `value="out" checked`)
	var got account.OwnPassword
	b.portal.own = func(in account.OwnPassword) error { got = in; return nil }
	b.post(t, "/account/password", form("current", "a", "password", "b", "others", "out"), signedIn).goes("/account/password?notice=password_changed")
	if (got != account.OwnPassword{Current: "a", Next: "b", SID: "s1"}) {
		t.Errorf("changed with %+v", got)
	}
	b.post(t, "/account/password", form("current", "a", "password", "b"), signedIn).goes("/account/password?notice=password_set")
	if !got.Stay {
		t.Error("other devices are signed out, though the box was empty")
	}
	b.get(t, "/account/password?notice=password_changed", signedIn).says("Password changed")
	b.post(t, "/account/password", form(), signedIn).status(422).says("Enter your current password", "Choose a password").holds(`href="#current"`, `href="#password"`).lacks(`value="out" checked`)
	in := form("current", "typed-old", "password", "typed-new", "others", "out")
	for err, want := range map[error]string{refusal(account.WrongPassword): "That is not your current password", refusal(account.PasswordReused): "have not used here before",
		invalid("password", account.Personal): "must not contain your name", invalid("password", account.Common): "easy to guess"} {
		b.portal.own = func(account.OwnPassword) error { return err }
		b.post(t, "/account/password", in, signedIn).status(422).says(want).lacks("typed-old", "typed-new")
	}
	b.portal.own = func(account.OwnPassword) error { return refusal(account.Gone) }
	b.post(t, "/account/password", in, signedIn).goes("/login")
	b.portal.own = func(account.OwnPassword) error { return refusal(account.Throttled) }
	b.post(t, "/account/password", in, signedIn).status(429)
}

// TestFirstPassword: an account without a password sets one, once its owner proved lately who they are.
func TestFirstPassword(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.verbs.account = func(int64) (storage.Account, error) { a := ada(); a.PasswordHash = ""; return a, nil }
	b.second.recent = func(storage.Account, storage.Session) bool { return false }
	b.get(t, "/account/password", signedIn).goes("/reauth?return=%2Faccount%2Fpassword")
	b.portal.own = nil
	b.post(t, "/account/password", form("password", "b"), signedIn).goes("/reauth?return=%2Faccount%2Fpassword")
	b.second.recent = func(storage.Account, storage.Session) bool { return true }
	b.get(t, "/account/password", signedIn).status(200).says("Set a password").lacks(`name="current"`)
	var got account.OwnPassword
	b.portal.own = func(in account.OwnPassword) error { got = in; return nil }
	b.post(t, "/account/password", form("password", "b", "others", "out"), signedIn).goes("/account/password?notice=password_changed")
	if got.Next != "b" || got.Current != "" {
		t.Errorf("set with %+v", got)
	}
}

func TestSessionsPage(t *testing.T) {
	b := newBench(t, sampleIssuer)
	v := b.get(t, "/account/sessions", signedIn).status(200).says("Chrome on Linux This device", "Last used just now", "Apps: Harbour Notes, Tide Tables", "Safari on iPhone", "3 hours ago",
		"Signed in 30 days ago", "An app, directly", "Sign out all others").holds(`datetime="2026-11-21T20:59:40Z" title="21 November 2026 at 20:59 GMT"`)
	if this, app := strings.Index(v.Body.String(), "Chrome on Linux"), strings.Index(v.Body.String(), "An app, directly"); this > app {
		t.Error("this device is not first")
	}
	var ended string
	b.verbs.endSession = func(sid string) error { ended = sid; return nil }
	b.post(t, "/account/sessions/end", form("sid", "s2"), signedIn).goes("/account/sessions?notice=session_ended")
	if ended != "s2" || b.verbs.lastAccounts[0] != 7 {
		t.Errorf("ended %q of %v", ended, b.verbs.lastAccounts)
	}
	if v := b.post(t, "/account/sessions/end", form("sid", "s1"), signedIn).goes("/login?notice=signed_out"); v.sets("sid").MaxAge >= 0 {
		t.Error("the cookie stays")
	}
	b.verbs.endSession = func(string) error { return storage.ErrNotFound }
	b.post(t, "/account/sessions/end", form("sid", "s2"), signedIn).goes("/account/sessions?notice=session_ended")
	b.verbs.endSession = func(string) error { return storage.ErrUnavailable }
	b.post(t, "/account/sessions/end", form("sid", "s2"), signedIn).status(500)
	var keep string
	b.verbs.endOthers = func(k string) (int, error) { keep = k; return 2, nil }
	b.post(t, "/account/sessions/end-others", form(), signedIn).goes("/account/sessions?notice=sessions_ended")
	if keep != "s1" {
		t.Errorf("keeps %q", keep)
	}
	one := *b.sess.live
	b.verbs.sessions = func() ([]storage.Session, error) { return []storage.Session{one}, nil }
	b.get(t, "/account/sessions", signedIn).status(200).lacks("end-others")
	b.verbs.sessions = func() ([]storage.Session, error) { return nil, nil }
	b.get(t, "/account/sessions", signedIn).status(200).says("Nothing is signed in.")
}
