package web

import (
	"net/http"
	"time"

	"latchkey/storage"
)

// samplePasskey is the block of the sign-in page.
func (f *frame) samplePasskey() *passkeyForm {
	p := f.getForm("/login/passkey", passkeyOptions, hidden{"flow", "sample"})
	p.Quiet, p.Or = true, true
	return p
}

// sampleKeys are somebody's passkeys: in a password manager that names itself, in a security key, and one that was never used.
func sampleKeys() []storage.Passkey {
	now := sampleTime()
	return []storage.Passkey{
		{ID: "AAAA", Name: "Apple Passwords", AAGUID: []byte("\xfb\xfc\x30\x07\x15\x4e\x4e\xcc\x8c\x0b\x6e\x02\x05\x57\xd7\xbd"), BackedUp: true,
			CreatedAt: now.Add(-90 * 24 * time.Hour), LastUsedAt: now.Add(-2 * time.Hour)},
		{ID: "BBBB", Name: "The key on my ring", AAGUID: []byte("\x2f\xc0\x57\x9f\x81\x13\x47\xea\xb1\x16\xbb\x5a\x8d\xb9\x20\x2a"),
			CreatedAt: now.Add(-30 * 24 * time.Hour), LastUsedAt: now.Add(-9 * 24 * time.Hour)},
		{ID: "CCCC", Name: "Chrome on Windows", AAGUID: make([]byte, 16), CreatedAt: now.Add(-3 * time.Minute)},
	}
}

// passkeySamples are the pages of passkeys.
func passkeySamples() []Sample {
	list := func(name string, status int, keys []storage.Passkey, change func(v *passkeysView)) Sample {
		return Sample{name, status, "portal", "passkeys", func(f *frame) view {
			f.titled("passkeys.title").Here = passkeysPage
			v := &passkeysView{frame: f, Add: f.createForm(passkeysPage), Signals: signals(signal{"signalAllAcceptedCredentials", map[string]any{"rpId": "localhost"}})}
			for i, k := range keys {
				row := f.passkeyRow(k, sampleTime())
				row.Field = f.passkeyField(i, k.Name, false)
				v.Rows = append(v.Rows, row)
			}
			change(v)
			return v
		}}
	}
	offer := func(name string, status int, change func(f *frame)) Sample {
		return Sample{name, status, "bow", "offer", func(f *frame) view {
			f.toNotes()
			change(f.titled("offer.title"))
			return &offerView{frame: f, Passkey: f.createForm("/login/offer", hidden{"flow", "sample"})}
		}}
	}
	return []Sample{
		list("passkeys", http.StatusOK, sampleKeys(), func(*passkeysView) {}),
		list("passkeys-none", http.StatusOK, nil, func(*passkeysView) {}),
		list("passkeys-added", http.StatusOK, sampleKeys()[:1], func(v *passkeysView) { v.well("notice.passkey_added") }),
		list("passkeys-again", http.StatusOK, sampleKeys(), func(v *passkeysView) { v.Add = nil }),
		list("passkeys-full", http.StatusOK, sampleKeys(), func(v *passkeysView) { v.Full = maxPasskeys }),
		list("passkeys-last", http.StatusUnprocessableEntity, sampleKeys()[:1], func(v *passkeysView) { v.wrong("", "passkey.last") }),
		list("passkeys-name", http.StatusUnprocessableEntity, sampleKeys(), func(v *passkeysView) {
			v.wrong("passkey-name", "passkey_name.missing")
			v.Rows[1].Open, v.Rows[1].Field = true, v.passkeyField(1, "", true)
		}),
		list("passkeys-remove", http.StatusOK, sampleKeys(), func(v *passkeysView) { v.Gone = &v.Rows[1] }),
		offer("offer", http.StatusOK, func(*frame) {}),
		offer("offer-refused", http.StatusUnprocessableEntity, func(f *frame) { f.wrong("", "passkey.refused") }),
	}
}
