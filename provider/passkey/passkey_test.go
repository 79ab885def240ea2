package passkey_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"latchkey/provider/passkey"
	"latchkey/provider/passkey/passkeytest"
)

const (
	host   = "id.example.com"
	origin = "https://id.example.com"
)

// vault seals for real, with a key of its own.
type vault struct{ cipher.AEAD }

func newVault(t *testing.T) vault {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	return vault{gcm}
}

func (v vault) Seal(purpose, context string, plain []byte) ([]byte, error) {
	return v.AEAD.Seal(nil, nil, plain, []byte(purpose+"\x00"+context)), nil
}

func (v vault) Open(purpose, context string, sealed []byte) ([]byte, error) {
	return v.AEAD.Open(nil, nil, sealed, []byte(purpose+"\x00"+context))
}

// bench is a party, a person with an authenticator, and a clock.
type bench struct {
	*passkey.Party
	t     *testing.T
	clock time.Time
	user  passkey.User
	soft  *passkeytest.Authenticator
}

func newBench(t *testing.T, alg string) *bench {
	b := &bench{t: t, clock: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), user: passkey.User{Handle: []byte("sixteen bytes ok"), Name: "ada@example.com", DisplayName: "Ada"},
		soft: &passkeytest.Authenticator{Origin: origin, Alg: alg, Verifies: true}}
	var err error
	b.Party, err = passkey.New(passkey.Config{ID: host, Name: "Latchkey", Origins: []string{origin, "https://accounts.example.com"}}, newVault(t), func() time.Time { return b.clock })
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// enrol makes a credential.
func (b *bench) enrol() {
	b.t.Helper()
	q, err := b.AskCreate(passkey.Create{Browser: "browser", For: b.user})
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := b.soft.Create(q.PublicKey)
	if err != nil {
		b.t.Fatal(err)
	}
	made, err := b.Made("browser", q.Ticket, b.user.Handle, answer)
	if err != nil {
		b.t.Fatal(err)
	}
	b.user.Keys = append(b.user.Keys, made.Key)
}

// find knows the one person.
func (b *bench) find(handle, id []byte) (passkey.User, error) {
	for _, k := range b.user.Keys {
		if bytes.Equal(k.ID, id) {
			return b.user, nil
		}
	}
	return passkey.User{}, passkey.ErrUnknown
}

func TestCeremonies(t *testing.T) {
	for _, alg := range []string{"ES256", "RS256", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			b := newBench(t, alg)
			b.soft.Counts, b.soft.Synced = true, true
			b.enrol()
			k := b.user.Keys[0]
			if !k.BackupEligible || !k.BackedUp || !k.UserVerified || !bytes.Equal(k.AAGUID, passkeytest.AAGUID()) || len(k.Transports) != 1 || k.Transports[0] != "internal" {
				t.Errorf("made %+v", k)
			}
			for _, from := range []*passkey.User{nil, &b.user} {
				q, err := b.AskGet(passkey.Get{Purpose: "signin", Browser: "browser", From: from, Verify: true})
				if err != nil {
					t.Fatal(err)
				}
				answer, err := b.soft.Get(q.PublicKey)
				if err != nil {
					t.Fatal(err)
				}
				got, err := b.Got("signin", "browser", q.Ticket, answer, b.find)
				if err != nil {
					t.Fatal(err)
				}
				if !got.UserVerified || !bytes.Equal(got.Handle, b.user.Handle) || !bytes.Equal(got.Key.ID, k.ID) || got.Key.SignCount != b.soft.Keys[0].Counter ||
					!got.Key.BackedUp || len(got.Challenge) < 22 || !got.Expires.Equal(b.clock.Add(passkey.TTL)) {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
}

// TestAttacksOnSignIn holds what an answer may not be. Each row spoils one thing of an answer that is otherwise good.
func TestAttacksOnSignIn(t *testing.T) {
	otherHandle := []byte("another person..")
	for _, c := range []struct {
		name string
		// ask and lie change the question and the answer; late changes what is posted, or the world.
		ask  func(b *bench, g *passkey.Get)
		lie  func(a *passkeytest.Answer)
		late func(b *bench, purpose, browser, ticket *string, answer *[]byte)
		want error
	}{
		{name: "a good one", want: nil},
		{name: "§7.2 step 13: an origin of somebody else", lie: func(a *passkeytest.Answer) { a.Origin = "https://id.example.com.evil.example" }, want: passkey.ErrRefused},
		{name: "another port", lie: func(a *passkeytest.Answer) { a.Origin = origin + ":8443" }, want: passkey.ErrRefused},
		{name: "http for https", lie: func(a *passkeytest.Answer) { a.Origin = "http://id.example.com" }, want: passkey.ErrRefused},
		{name: "an origin in capitals is no browser's", lie: func(a *passkeytest.Answer) { a.Origin = "https://ID.example.com" }, want: passkey.ErrRefused},
		{name: "an origin with a path", lie: func(a *passkeytest.Answer) { a.Origin = origin + "/x" }, want: passkey.ErrRefused},
		{name: "an origin with user information", lie: func(a *passkeytest.Answer) { a.Origin = "https://evil@id.example.com" }, want: passkey.ErrRefused},
		{name: "another origin that is configured", lie: func(a *passkeytest.Answer) { a.Origin = "https://accounts.example.com" }, want: nil},
		{name: "inside of somebody else's frame", lie: func(a *passkeytest.Answer) { a.CrossOrigin = true }, want: passkey.ErrRefused},
		{name: "§7.2 step 15: another party's hash", lie: func(a *passkeytest.Answer) { a.RPID = "evil.example" }, want: passkey.ErrRefused},
		{name: "§7.2 step 11: made by a registration", lie: func(a *passkeytest.Answer) { a.Type = "webauthn.create" }, want: passkey.ErrRefused},
		{name: "§7.2 step 12: another challenge", lie: func(a *passkeytest.Answer) { a.Challenge = passkeytest.B64(make([]byte, 32)) }, want: passkey.ErrRefused},
		{name: "an empty challenge", lie: func(a *passkeytest.Answer) { a.Challenge = "" }, want: passkey.ErrRefused},
		{name: "§7.2 step 16: nobody was there", lie: func(a *passkeytest.Answer) { a.Flags &^= 1 }, want: passkey.ErrRefused},
		{name: "§7.2 step 17: no verification where it is required", ask: func(_ *bench, g *passkey.Get) { g.Verify = true }, lie: func(a *passkeytest.Answer) { a.Flags &^= 4 }, want: passkey.ErrRefused},
		{name: "no verification where it is not", lie: func(a *passkeytest.Answer) { a.Flags &^= 4 }, want: nil},
		{name: "§6.1.3: backed up and not eligible", lie: func(a *passkeytest.Answer) { a.Flags |= 16 }, want: passkey.ErrRefused},
		{name: "§7.2 step 19: eligible, and was not", lie: func(a *passkeytest.Answer) { a.Flags |= 8 }, want: passkey.ErrRefused},
		{name: "§7.2 step 6: another user's handle", lie: func(a *passkeytest.Answer) { a.Handle = otherHandle }, want: passkey.ErrRefused},
		{name: "§7.2 step 6: no handle where nobody is known", lie: func(a *passkeytest.Answer) { a.Handle = nil }, want: passkey.ErrRefused},
		{name: "no handle where the user is known", ask: func(b *bench, g *passkey.Get) { g.From = &b.user }, lie: func(a *passkeytest.Answer) { a.Handle = nil }, want: nil},
		{name: "another user's handle where the user is known", ask: func(b *bench, g *passkey.Get) { g.From = &b.user }, lie: func(a *passkeytest.Answer) { a.Handle = otherHandle }, want: passkey.ErrRefused},
		{name: "another user's passkey where the user is known", ask: func(b *bench, g *passkey.Get) {
			u := b.user
			u.Handle = otherHandle
			g.From = &u
		}, lie: func(a *passkeytest.Answer) { a.Handle = nil }, want: passkey.ErrRefused},
		{name: "an unknown credential", lie: func(a *passkeytest.Answer) { a.ID = []byte("not a credential") }, want: passkey.ErrUnknown},
		{name: "client data changed after signing", lie: func(a *passkeytest.Answer) {
			a.After = func(client, _, _ *[]byte) {
				*client = bytes.Replace(*client, []byte(`"crossOrigin":false`), []byte(`"crossOrigin": false`), 1)
			}
		}, want: passkey.ErrRefused},
		{name: "verification claimed after signing", ask: func(_ *bench, g *passkey.Get) { g.Verify = true }, lie: func(a *passkeytest.Answer) {
			a.Flags &^= 4
			a.After = func(_, auth, _ *[]byte) { (*auth)[32] |= 4 }
		}, want: passkey.ErrRefused},
		{name: "a counter raised after signing", lie: func(a *passkeytest.Answer) {
			a.After = func(_, auth, _ *[]byte) { (*auth)[36]++ }
		}, want: passkey.ErrRefused},
		{name: "a broken signature", lie: func(a *passkeytest.Answer) { a.After = func(_, _, sig *[]byte) { (*sig)[len(*sig)-1] ^= 1 } }, want: passkey.ErrRefused},
		{name: "no signature", lie: func(a *passkeytest.Answer) { a.After = func(_, _, sig *[]byte) { *sig = nil } }, want: passkey.ErrRefused},
		{name: "r and s are zero", lie: func(a *passkeytest.Answer) {
			a.After = func(_, _, sig *[]byte) { *sig = []byte{0x30, 6, 2, 1, 0, 2, 1, 0} }
		}, want: passkey.ErrRefused},
		{name: "authenticator data cut short", lie: func(a *passkeytest.Answer) { a.After = func(_, auth, _ *[]byte) { *auth = (*auth)[:36] } }, want: passkey.ErrRefused},
		{name: "something behind the authenticator data", lie: func(a *passkeytest.Answer) { a.After = func(_, auth, _ *[]byte) { *auth = append(*auth, 0) } }, want: passkey.ErrRefused},
		{name: "five minutes later", late: func(b *bench, _, _, _ *string, _ *[]byte) { b.clock = b.clock.Add(passkey.TTL) }, want: passkey.ErrTicket},
		{name: "a moment before", late: func(b *bench, _, _, _ *string, _ *[]byte) { b.clock = b.clock.Add(passkey.TTL - time.Millisecond) }, want: nil},
		{name: "another browser", late: func(_ *bench, _, browser, _ *string, _ *[]byte) { *browser = "other" }, want: passkey.ErrTicket},
		{name: "no browser", late: func(_ *bench, _, browser, _ *string, _ *[]byte) { *browser = "" }, want: passkey.ErrTicket},
		{name: "for something else", late: func(_ *bench, purpose, _, _ *string, _ *[]byte) { *purpose = "step" }, want: passkey.ErrTicket},
		{name: "a ticket of another question", late: func(b *bench, _, _, ticket *string, _ *[]byte) {
			q, err := b.AskGet(passkey.Get{Purpose: "signin", Browser: "browser"})
			if err != nil {
				b.t.Fatal(err)
			}
			*ticket = q.Ticket
		}, want: passkey.ErrRefused},
		{name: "a ticket of a registration", late: func(b *bench, _, _, ticket *string, _ *[]byte) {
			q, err := b.AskCreate(passkey.Create{Browser: "browser", For: b.user})
			if err != nil {
				b.t.Fatal(err)
			}
			*ticket = q.Ticket
		}, want: passkey.ErrTicket},
		{name: "a ticket with a flipped bit", late: func(_ *bench, _, _, ticket *string, _ *[]byte) {
			flip := byte('A')
			if (*ticket)[20] == flip {
				flip = 'B'
			}
			*ticket = (*ticket)[:20] + string(flip) + (*ticket)[21:]
		}, want: passkey.ErrTicket},
		{name: "no ticket", late: func(_ *bench, _, _, ticket *string, _ *[]byte) { *ticket = "" }, want: passkey.ErrTicket},
		{name: "a huge ticket", late: func(_ *bench, _, _, ticket *string, _ *[]byte) { *ticket = strings.Repeat("A", 1<<20) }, want: passkey.ErrTicket},
		{name: "no answer", late: func(_ *bench, _, _, _ *string, answer *[]byte) { *answer = nil }, want: passkey.ErrRefused},
		{name: "two answers", late: func(_ *bench, _, _, _ *string, answer *[]byte) { *answer = append(*answer, *answer...) }, want: passkey.ErrRefused},
		{name: "a huge answer", late: func(_ *bench, _, _, _ *string, answer *[]byte) {
			*answer = append(*answer, bytes.Repeat([]byte(" "), passkey.MaxAnswer)...)
		}, want: passkey.ErrRefused},
		{name: "another type of credential", late: func(_ *bench, _, _, _ *string, answer *[]byte) {
			*answer = bytes.Replace(*answer, []byte(`"public-key"`), []byte(`"password"`), 1)
		}, want: passkey.ErrRefused},
		{name: "a key that was exchanged", late: func(b *bench, _, _, _ *string, _ *[]byte) {
			other := newBench(b.t, "")
			other.enrol()
			b.user.Keys[0].PublicKey = other.user.Keys[0].PublicKey
		}, want: passkey.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, "")
			b.enrol()
			g := passkey.Get{Purpose: "signin", Browser: "browser"}
			if c.ask != nil {
				c.ask(b, &g)
			}
			q, err := b.AskGet(g)
			if err != nil {
				t.Fatal(err)
			}
			var lies []func(*passkeytest.Answer)
			if c.lie != nil {
				lies = append(lies, c.lie)
			}
			answer, err := b.soft.Get(q.PublicKey, lies...)
			if err != nil {
				t.Fatal(err)
			}
			purpose, browser, ticket := "signin", "browser", q.Ticket
			if c.late != nil {
				c.late(b, &purpose, &browser, &ticket, &answer)
			}
			got, err := b.Got(purpose, browser, ticket, answer, b.find)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err != nil && got.Challenge != "" {
				t.Error("a proof beside an error")
			}
		})
	}
}

// TestAttacksOnRegistration holds the same for new credentials.
func TestAttacksOnRegistration(t *testing.T) {
	for _, c := range []struct {
		name  string
		alg   string
		quiet bool
		lie   func(a *passkeytest.Answer)
		late  func(b *bench, browser, ticket *string, handle *[]byte)
		want  error
	}{
		{name: "a good one"},
		{name: "§7.1 step 15: quiet, and nobody touched anything", quiet: true, lie: func(a *passkeytest.Answer) { a.Flags &^= 1 | 4 }},
		{name: "nobody touched anything, and it was not quiet", lie: func(a *passkeytest.Answer) { a.Flags &^= 1 }, want: passkey.ErrRefused},
		{name: "§7.1 step 9: another origin", lie: func(a *passkeytest.Answer) { a.Origin = "https://evil.example" }, want: passkey.ErrRefused},
		{name: "§7.1 step 14: another party's hash", lie: func(a *passkeytest.Answer) { a.RPID = "evil.example" }, want: passkey.ErrRefused},
		{name: "§7.1 step 7: made by a sign-in", lie: func(a *passkeytest.Answer) { a.Type = "webauthn.get" }, want: passkey.ErrRefused},
		{name: "§7.1 step 8: another challenge", lie: func(a *passkeytest.Answer) { a.Challenge = passkeytest.B64(make([]byte, 32)) }, want: passkey.ErrRefused},
		{name: "inside of somebody else's frame", lie: func(a *passkeytest.Answer) { a.CrossOrigin = true }, want: passkey.ErrRefused},
		{name: "§6.1.3: backed up and not eligible", lie: func(a *passkeytest.Answer) { a.Flags |= 16 }, want: passkey.ErrRefused},
		{name: "§7.1 step 25: an ID of 1024 bytes", lie: func(a *passkeytest.Answer) { a.ID = make([]byte, 1024) }, want: passkey.ErrRefused},
		{name: "an unknown format", lie: func(a *passkeytest.Answer) { a.Format = "made up" }, want: passkey.ErrRefused},
		{name: "no key", lie: func(a *passkeytest.Answer) { a.After = func(_, auth, _ *[]byte) { *auth = (*auth)[:60] } }, want: passkey.ErrRefused},
		{name: "another algorithm than ours", lie: func(a *passkeytest.Answer) {
			a.After = func(_, auth, _ *[]byte) { // ES256 becomes ES384: -35
				*auth = bytes.Replace(*auth, []byte{0x01, 0x02, 0x03, 0x26}, []byte{0x01, 0x02, 0x03, 0x38, 0x22}, 1)
			}
		}, want: passkey.ErrRefused},
		{name: "five minutes later", late: func(b *bench, _, _ *string, _ *[]byte) { b.clock = b.clock.Add(passkey.TTL) }, want: passkey.ErrTicket},
		{name: "another browser", late: func(_ *bench, browser, _ *string, _ *[]byte) { *browser = "other" }, want: passkey.ErrTicket},
		{name: "somebody else signed in meanwhile", late: func(_ *bench, _, _ *string, handle *[]byte) { *handle = []byte("another person..") }, want: passkey.ErrTicket},
		{name: "a ticket of a sign-in", late: func(b *bench, _, ticket *string, _ *[]byte) {
			q, err := b.AskGet(passkey.Get{Browser: "browser"})
			if err != nil {
				b.t.Fatal(err)
			}
			*ticket = q.Ticket
		}, want: passkey.ErrTicket},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.alg)
			q, err := b.AskCreate(passkey.Create{Browser: "browser", For: b.user, Quiet: c.quiet})
			if err != nil {
				t.Fatal(err)
			}
			var lies []func(*passkeytest.Answer)
			if c.lie != nil {
				lies = append(lies, c.lie)
			}
			answer, err := b.soft.Create(q.PublicKey, lies...)
			if err != nil {
				t.Fatal(err)
			}
			browser, ticket, handle := "browser", q.Ticket, b.user.Handle
			if c.late != nil {
				c.late(b, &browser, &ticket, &handle)
			}
			if _, err := b.Made(browser, ticket, handle, answer); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestQuestions holds what browsers are told.
func TestQuestions(t *testing.T) {
	b := newBench(t, "")
	b.enrol()
	read := func(q passkey.Question, err error) (out map[string]any) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(q.PublicKey, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	id := passkeytest.B64(b.user.Keys[0].ID)
	create := read(b.AskCreate(passkey.Create{Browser: "browser", For: b.user}))
	choice := create["authenticatorSelection"].(map[string]any)
	if choice["residentKey"] != "required" || choice["userVerification"] != "preferred" || create["attestation"] != nil && create["attestation"] != "none" {
		t.Errorf("create %v", create)
	}
	if got := create["excludeCredentials"].([]any)[0].(map[string]any); got["id"] != id || got["type"] != "public-key" {
		t.Errorf("excluded %v", got)
	}
	if got := create["user"].(map[string]any); got["id"] != passkeytest.B64(b.user.Handle) || got["name"] != "ada@example.com" || got["displayName"] != "Ada" {
		t.Errorf("user %v", got)
	}
	var algs []float64
	for _, p := range create["pubKeyCredParams"].([]any) {
		algs = append(algs, p.(map[string]any)["alg"].(float64))
	}
	if len(algs) != 3 || algs[0] != -7 || algs[1] != -8 || algs[2] != -257 {
		t.Errorf("algorithms %v", algs)
	}
	anybody := read(b.AskGet(passkey.Get{Purpose: "signin", Browser: "browser"}))
	if anybody["allowCredentials"] != nil || anybody["userVerification"] != "preferred" || anybody["rpId"] != host {
		t.Errorf("get %v", anybody)
	}
	known := read(b.AskGet(passkey.Get{Purpose: "step", Browser: "browser", From: &b.user, Verify: true}))
	if got := known["allowCredentials"].([]any)[0].(map[string]any); got["id"] != id || got["transports"].([]any)[0] != "internal" || known["userVerification"] != "required" {
		t.Errorf("get %v", known)
	}
	if anybody["challenge"] == known["challenge"] {
		t.Error("the same challenge twice")
	}
	if _, err := b.soft.Create(must(json.Marshal(create))); err == nil {
		t.Error("a second credential on the same authenticator")
	}
}

func must(raw []byte, _ error) []byte { return raw }

func TestNew(t *testing.T) {
	now := func() time.Time { return time.Time{} }
	for name, c := range map[string]passkey.Config{
		"no origin": {ID: host}, "no ID": {Origins: []string{origin}}, "an address": {ID: "192.0.2.1", Origins: []string{origin}}, "a URL": {ID: origin, Origins: []string{origin}},
	} {
		if _, err := passkey.New(c, newVault(t), now); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// FuzzGot holds that nothing that a stranger can post is taken, or ends the process.
func FuzzGot(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		b := newBench(t, "")
		b.user.Keys = []passkey.Key{{ID: []byte{0}, PublicKey: []byte{0xa0}}}
		q, err := b.AskGet(passkey.Get{Purpose: "signin", Browser: "browser"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Got("signin", "browser", q.Ticket, answer, func(h, _ []byte) (passkey.User, error) { return passkey.User{Handle: h, Keys: b.user.Keys}, nil }); err == nil {
			t.Errorf("taken: %+v", got)
		}
		passkey.AnswerID(answer)
	})
}

// FuzzMade is the same for new credentials, whose CBOR a stranger writes.
func FuzzMade(f *testing.F) {
	b := &passkeytest.Authenticator{Origin: origin}
	good, err := b.Create([]byte(`{"challenge":"AAAA","rp":{"id":"id.example.com"},"user":{"id":"AAAA"}}`))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("attestationObject\":\"o2"), []byte("attestationObject\":\"v_"), 1))
	junk := make([]byte, 40)
	_, _ = rand.Read(junk)
	f.Add(junk)
	f.Fuzz(func(t *testing.T, answer []byte) {
		b := newBench(t, "")
		q, err := b.AskCreate(passkey.Create{Browser: "browser", For: b.user})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Made("browser", q.Ticket, b.user.Handle, answer); err == nil {
			t.Errorf("taken: %+v", got)
		}
	})
}
