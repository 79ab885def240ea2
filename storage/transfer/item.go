package transfer

import (
	"bytes"
	"errors"
	"fmt"

	"latchkey/storage"
)

// Kind is what a record is, as it stands in streams and summaries.
type Kind string

// ErrFormat: what was read is not what Latchkey writes: another version's, cut off, or damaged.
var ErrFormat = errors.New("not a dump that this version can read")

// codec is how one kind is written and read.
type codec struct {
	kind Kind
	// walk writes item and returns it, or reads one.
	walk func(c *coder, item storage.Item) storage.Item
	// valid says whether an item that was read can be stored.
	valid func(item storage.Item) bool
}

func codecOf[T storage.Item](kind Kind, walk func(*coder, *T), valid func(T) bool) codec {
	return codec{
		kind: kind,
		walk: func(c *coder, item storage.Item) storage.Item {
			var v T
			if !c.reading {
				v = item.(T)
			}
			c.object(func() {
				if c.member(string(kind), false) {
					c.object(func() { walk(c, &v) })
				}
			})
			return v
		},
		valid: func(item storage.Item) bool { return valid(item.(T)) },
	}
}

// codecs are all kinds, in the order in which they are dumped.
func codecs() []codec {
	return []codec{
		codecOf("account_sequence", walkSequence, func(s storage.AccountSequence) bool { return s.Last > 0 }),
		codecOf("account", walkAccount, func(a storage.Account) bool { return a.ID > 0 && a.Sub != "" }),
		codecOf("file", walkFile, func(f storage.StoredFile) bool {
			return f.AccountID > 0 && f.Info.ID != "" && (f.Kind == storage.FileResume || f.Kind == storage.FilePicture)
		}),
		codecOf("session", walkSession, func(s storage.Session) bool { return s.SID != "" && s.AccountID > 0 }),
		codecOf("grant", walkGrant, func(g storage.StoredGrant) bool {
			return g.ID != "" && g.AccountID >= 0 && (g.Code == nil || g.Code.Hash != "")
		}),
		codecOf("consent", walkConsent, func(c storage.Consent) bool { return c.AccountID > 0 }),
		codecOf("passkey", walkPasskey, func(p storage.Passkey) bool { return p.ID != "" && p.AccountID > 0 }),
		codecOf("event", walkEvent, func(e storage.AccountEvent) bool { return e.ID != "" && e.AccountID > 0 }),
		codecOf("one_time_token", walkOneTime, func(o storage.OneTime) bool { return o.Hash != "" && o.AccountID > 0 }),
		codecOf("denial", walkDenial, func(d storage.Denial) bool { return d.JTI != "" }),
		codecOf("replay", walkReplay, func(r storage.Replay) bool { return r.Key != "" }),
		codecOf("pushed_request", walkPushed, func(p storage.PushedRequest) bool { return p.ID != "" }),
		codecOf("device", walkDevice, func(d storage.Device) bool {
			return d.CodeHash != "" && d.UserCodeHash != "" && d.Decision.AccountID >= 0 && !(d.Decision.Allowed && d.Decision.Denied)
		}),
		codecOf("client", walkClient, func(c storage.Client) bool { return c.ID != "" }),
		codecOf("registration_token", walkRegistration, func(r storage.RegistrationToken) bool { return r.ID != "" && r.Hash != "" }),
		codecOf("mail", walkMail, func(m storage.Mail) bool { return m.ID != "" }),
		codecOf("notice", walkNotice, func(n storage.LogoutNotice) bool { return n.SID != "" && n.ClientID != "" }),
		codecOf("keyring", walkKeyring, func(k storage.Keyring) bool { return k.Revision > 0 }),
	}
}

// order is a kind's place among codecs, -1 for none.
func order(item storage.Item) int {
	switch item.(type) {
	case storage.AccountSequence:
		return 0
	case storage.Account:
		return 1
	case storage.StoredFile:
		return 2
	case storage.Session:
		return 3
	case storage.StoredGrant:
		return 4
	case storage.Consent:
		return 5
	case storage.Passkey:
		return 6
	case storage.AccountEvent:
		return 7
	case storage.OneTime:
		return 8
	case storage.Denial:
		return 9
	case storage.Replay:
		return 10
	case storage.PushedRequest:
		return 11
	case storage.Device:
		return 12
	case storage.Client:
		return 13
	case storage.RegistrationToken:
		return 14
	case storage.Mail:
		return 15
	case storage.LogoutNotice:
		return 16
	case storage.Keyring:
		return 17
	}
	return -1
}

// table is what [codecs] returns, made once for each dump.
type table []codec

// encode appends the item's line, without its end, to buf.
func (t table) encode(buf []byte, item storage.Item) (Kind, []byte, error) {
	i := order(item)
	if i < 0 {
		return "", buf, fmt.Errorf("a record of type %T", item)
	}
	c := coder{buf: buf}
	t[i].walk(&c, item)
	if c.bad {
		return "", buf, fmt.Errorf("a record of kind %s cannot be written: a time or a number is out of bounds", t[i].kind)
	}
	return t[i].kind, c.buf, nil
}

// decode reads a line. It takes nothing but what encode writes, byte for byte.
func (t table) decode(line []byte) (Kind, storage.Item, error) {
	for _, k := range t {
		if !bytes.HasPrefix(line, []byte(`{"`+string(k.kind)+`":`)) {
			continue
		}
		c := coder{buf: line, reading: true}
		item := k.walk(&c, nil)
		if c.bad || len(c.buf) > 0 || !k.valid(item) {
			break
		}
		if _, again, err := t.encode(make([]byte, 0, len(line)), item); err != nil || !bytes.Equal(line, again) {
			break
		}
		return k.kind, item, nil
	}
	return "", nil, ErrFormat
}
