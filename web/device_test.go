package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"latchkey/provider/serve"
	"latchkey/storage"
)

// fakeDevices finds the devices it holds, by their codes in normal form.
type fakeDevices struct {
	waits map[string]Device
	err   error
	// looked and decided are what was asked for.
	looked  []string
	decided []string
}

func (f *fakeDevices) Look(_ *http.Request, code string) (Device, error) {
	f.looked = append(f.looked, code)
	if f.err != nil {
		return Device{}, f.err
	}
	d, ok := f.waits[code]
	if !ok {
		return Device{}, ErrNoDevice
	}
	return d, nil
}

func (f *fakeDevices) Decide(_ *http.Request, ticket string, allow bool) error {
	if f.err != nil {
		return f.err
	}
	if ticket != "sealed" {
		return ErrNoDevice
	}
	f.decided = append(f.decided, map[bool]string{true: "allow", false: "deny"}[allow])
	return nil
}

func television(now time.Time) Device {
	return Device{Ticket: "sealed", Client: sampleClients()["harbour-tv"],
		Scopes: []string{"openid", "profile", "offline_access", "films:watch"}, Resources: []string{"https://api.harbour.example/v1"}, AskedAt: now.Add(-2 * time.Minute)}
}

const deviceCookie = "lk_device=WDJBMJHT"

func TestDeviceEnter(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/device").status(200).says("Connect a device", "Code from your device").
		holds(`id="user-code"`, `autocomplete="off"`, `autocapitalize="characters"`, `dir="ltr"`, ` autofocus`, `value=""`, `id="device-submit"`).lacks("WDJB")
	// What comes with the address is filled in, and no more.
	b.get(t, "/device?user_code=wdjbmjht", signedIn).status(200).holds(`value="WDJB-MJHT"`, `name="back" value="/device?user_code=WDJBMJHT"`).lacks("Harbour TV")
	b.get(t, "/device?user_code=%22%3E%3Cscript%3E").status(200).holds(`value=""`).lacks("<script>")
	b.get(t, "/device", "lk_lang=de").says("Gerät verbinden")
	if len(b.devices.looked) != 0 {
		t.Errorf("RFC 8628 §3.3.1, §5.4: looked for %q by an address alone", b.devices.looked)
	}

	c := b.post(t, "/device", form("user_code", " wdjb mjht "), signedIn).goes("/device/confirm").sets("lk_device")
	if c.Value != "WDJBMJHT" || c.Path != "/device" || !c.HttpOnly || c.MaxAge <= 0 || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("cookie %+v", c)
	}
	for _, wrong := range []string{"", "WDJB-MJH", "AEIO-UUUU", "BBBB-BBBB"} {
		v := b.post(t, "/device", form("user_code", wrong), signedIn).status(422).says("Error: Connect a device", "Check the code on your device").holds(`href="#user-code"`, `value="`+wrong+`"`)
		if len(v.Result().Cookies()) != 0 {
			t.Errorf("%q is kept", wrong)
		}
	}
	b.devices.err = &serve.Throttled{RetryAfter: 40 * time.Second}
	if v := b.post(t, "/device", form("user_code", "WDJB-MJHT"), signedIn).status(429).says("Too many attempts. Wait 40 seconds"); v.Header().Get("Retry-After") != "40" {
		t.Errorf("RFC 9110 §10.2.3: Retry-After %q", v.Header().Get("Retry-After"))
	}
	b.devices.err = storage.ErrUnavailable
	b.post(t, "/device", form("user_code", "WDJB-MJHT"), signedIn).status(500)
}

// TestDeviceSignIn: who is not signed in learns nothing of a code, signs in, and is asked.
func TestDeviceSignIn(t *testing.T) {
	b := newBench(t, sampleIssuer)
	for _, code := range []string{"WDJB-MJHT", "BBBB-BBBB"} {
		b.post(t, "/device", form("user_code", code)).goes("/device/confirm").sets("lk_device")
	}
	b.get(t, "/device/confirm", deviceCookie).goes("/login?return=%2Fdevice%2Fconfirm")
	b.post(t, "/device/confirm", form("ticket", "sealed", "decision", "allow"), deviceCookie).goes("/device/confirm")
	if len(b.devices.looked)+len(b.devices.decided) != 0 {
		t.Errorf("RFC 8628 §5.1: looked for %q, decided %q for nobody", b.devices.looked, b.devices.decided)
	}
	b.get(t, "/login?return=%2Fdevice%2Fconfirm").status(200).holds(`name="return" value="/device/confirm"`)
	b.post(t, "/login", form("username", "ada", "password", "correct horse", "return", "/device/confirm")).goes("/device/confirm")
	b.get(t, "/login?return=%2Fdevice%2Fconfirm", signedIn).goes("/device/confirm")
	// Another account: the page asks who, although somebody is signed in.
	b.get(t, "/login?return=%2Fdevice%2Fconfirm&other=1", signedIn).status(200).says("Sign in to").holds(`name="other" value="1"`, `name="return" value="/device/confirm"`)
	b.post(t, "/login", form("username", "bob", "password", "correct horse", "return", "/device/confirm", "other", "1"), signedIn).goes("/device/confirm")
}

func TestDeviceConfirm(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/device/confirm", signedIn, deviceCookie).status(200).
		says("Harbour TV on a device asks for access", "WDJB-MJHT", "Only if you started this yourself", "The device asked 2 minutes ago", "Your profile", "When you are away", "films:watch", "api.harbour.example/v1",
			"Ada Byron", "Switch", "Deny", "Allow", "About Harbour TV").
		holds(`id="device-allow"`, `id="device-deny"`, `name="ticket" value="sealed"`, "data-guard", `href="/login?return=%2Fdevice%2Fconfirm&amp;other=1"`).lacks("autofocus")
	b.get(t, "/device/confirm", signedIn, deviceCookie, "lk_lang=de").says("Zeigt Ihr Gerät genau diesen Code?", "Ablehnen")
	b.get(t, "/device/confirm", signedIn).goes("/device")
	b.get(t, "/device/confirm", signedIn, "lk_device=BBBBBBBB").status(422).says("Check the code on your device").holds(`value="BBBB-BBBB"`, `action="/device"`)
	b.get(t, "/device/confirm?user_code=WDJB-MJHT", signedIn).goes("/device")
	bare := television(time.Time{})
	bare.Client.Name, bare.Scopes, bare.Resources, bare.Client.URI = "", nil, nil, "javascript:alert(1)"
	b.devices.waits["WDJBMJHT"] = bare
	b.get(t, "/device/confirm", signedIn, deviceCookie).status(200).says("harbour-tv on a device", "nothing but that you sign in").lacks("javascript:", "signed itself up")
	bare.Client.Registered = true
	b.devices.waits["WDJBMJHT"] = bare
	b.get(t, "/device/confirm", signedIn, deviceCookie).status(200).says("This application signed itself up. Nobody here has checked its name")
}

func TestDeviceDecide(t *testing.T) {
	b := newBench(t, sampleIssuer)
	b.get(t, "/device/done?decision=allow").status(200).says("Your device is connected", "return to your device")
	b.get(t, "/device/done?decision=deny").status(200).says("The device gets no access")
	b.get(t, "/device/done").status(200).says("The device gets no access")
	for _, decision := range []string{"allow", "deny"} {
		v := b.post(t, "/device/confirm", form("ticket", "sealed", "decision", decision), signedIn, deviceCookie).goes("/device/done?decision=" + decision)
		if v.sets("lk_device").MaxAge >= 0 {
			t.Error("the code stays in the browser")
		}
	}
	if got := strings.Join(b.devices.decided, " "); got != "allow deny" {
		t.Errorf("decided %q", got)
	}
	b.post(t, "/device/confirm", form("ticket", "sealed"), signedIn, deviceCookie).goes("/device/confirm")
	b.post(t, "/device/confirm", form("ticket", "sealed", "decision", "yes"), signedIn, deviceCookie).goes("/device/confirm")
	b.post(t, "/device/confirm?ticket=sealed&decision=allow", form(), signedIn, deviceCookie).goes("/device/confirm")
	b.post(t, "/device/confirm", form("ticket", "stolen", "decision", "allow"), signedIn, deviceCookie).status(422).says("Check the code on your device")
	b.devices.err = storage.ErrUnavailable
	b.post(t, "/device/confirm", form("ticket", "sealed", "decision", "allow"), signedIn, deviceCookie).status(500)
	if len(b.devices.decided) != 2 {
		t.Errorf("something that was no word was taken for one: %q", b.devices.decided)
	}
}

// TestDeviceHostile puts what a client may be called into the page.
func TestDeviceHostile(t *testing.T) {
	for _, evil := range []string{`"><script>alert(1)</script>`, "{{.Title}}", "\u202Etxt.exe", strings.Repeat("Ü", 200), "a\r\nSet-Cookie: x=y", "\xff\xfe"} {
		b := newBench(t, sampleIssuer)
		b.devices.waits["WDJBMJHT"] = Device{Ticket: "sealed", Client: storage.Client{ID: evil, Name: evil, URI: evil, LogoURI: evil}, Scopes: []string{evil, "openid"}, Resources: []string{evil}}
		b.get(t, "/device/confirm", signedIn, deviceCookie).status(200).lacks("<script>alert", "\u202E")
		b.get(t, "/device/confirm", signedIn, "lk_device="+strings.Map(func(r rune) rune {
			if r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;\`, r) {
				return 'x'
			}
			return r
		}, evil)).status(422).lacks("<script>alert")
	}
}

// TestNoDevices: without them there are no such pages.
func TestNoDevices(t *testing.T) {
	d := newBench(t, sampleIssuer).Deps
	d.Devices = nil
	s, err := New(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, rt := range s.Routes() {
		if strings.HasPrefix(rt.Path, "/device") {
			t.Errorf("%s is served", rt.Path)
		}
	}
}
