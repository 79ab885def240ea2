package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/storage"
)

// A browser that signed somebody in is known from then on: it has a token in a cookie, of which the store has the hash. Attempts from a known browser
// have a budget of their own, so that strangers' failures do not keep the owner out; and where its owner said so, it stands in for the second factor for
// a while. One browser can be known to several accounts: the cookie has a token for each.

const (
	// deviceTTL is how long a browser that is not used stays known.
	deviceTTL = 365 * 24 * time.Hour
	// devicesKept is how many browsers of one account are known; deviceTokens how many accounts one browser is known to.
	devicesKept  = 50
	deviceTokens = 5
	deviceBytes  = 24
)

// deviceData is what the store has of a known browser.
type deviceData struct {
	// TrustedUntil: it stands in for the second factor; zero for not.
	TrustedUntil time.Time `json:"trusted_until,omitzero"`
	UserAgent    string    `json:"user_agent,omitempty"`
}

// knownDevice is a browser as an account knows it; the zero value is a stranger.
type knownDevice struct {
	key  storage.OneTimeKey
	data deviceData
	// token is the one of the cookie's that is the account's.
	token string
}

func (d knownDevice) known() bool                { return d.token != "" }
func (d knownDevice) trusted(now time.Time) bool { return now.Before(d.data.TrustedUntil) }

// splitDevice are the tokens of a cookie, newest first.
func splitDevice(cookie string) []string {
	var out []string
	if len(cookie) > deviceTokens*64 {
		return nil
	}
	for t := range strings.SplitSeq(cookie, ".") {
		if len(t) == deviceBytes*4/3 && len(out) < deviceTokens {
			out = append(out, t)
		}
	}
	return out
}

// findDevice looks whether a cookie has a token of the account. It reads as much where there is no account.
func (s *Service) findDevice(ctx context.Context, accountID int64, cookie string) (knownDevice, error) {
	var found knownDevice
	for _, token := range splitDevice(cookie) {
		key := storage.OneTimeKey{Purpose: storage.PurposeDevice, Hash: digest(token)}
		one, err := s.store.OneTime(ctx, key, s.now())
		if errors.Is(err, storage.ErrNotFound) {
			continue
		}
		if err != nil {
			return knownDevice{}, fmt.Errorf("look for device: %w", err)
		}
		if one.AccountID != accountID {
			continue
		}
		found = knownDevice{key: key, token: token}
		if err := json.Unmarshal(one.Data, &found.data); err != nil {
			return knownDevice{}, fmt.Errorf("decode device: %w", err)
		}
	}
	return found, nil
}

// browserOf is the browser as the account knows it. One that was known before the password was checked is not looked up again, unless it may stand in for
// the second factor: that may have been taken from it meanwhile.
func (s *Service) browserOf(ctx context.Context, in opening, a storage.Account) (knownDevice, error) {
	if in.Seen.known() && !in.Seen.trusted(s.now()) {
		return in.Seen, nil
	}
	return s.findDevice(ctx, a.ID, in.DeviceToken)
}

// keepDevice makes the browser of a page known, or trusted. What it has to store goes with the session; out.Device is the cookie's new value.
func (s *Service) keepDevice(ctx context.Context, in opening, a storage.Account, device knownDevice, out *SignedIn) (with storage.Effects, err error) {
	now := s.now()
	trust := in.Trust && in.Second && s.config.Second.Remember > 0
	if in.Dialect != Page || device.known() && !trust {
		return with, nil
	}
	data := deviceData{UserAgent: cut(in.Caller.UserAgent, 256)}
	if trust {
		data.TrustedUntil = now.Add(s.config.Second.Remember)
	}
	text, err := json.Marshal(data)
	if err != nil {
		return with, fmt.Errorf("encode device: %w", err)
	}
	token, err := s.secret(deviceBytes)
	if err != nil {
		return with, err
	}
	with.Put = []storage.OneTime{{OneTimeKey: storage.OneTimeKey{Purpose: storage.PurposeDevice, Hash: digest(token)}, AccountID: a.ID, Data: text,
		CreatedAt: now, ExpiresAt: now.Add(deviceTTL)}}
	if with.Take, err = s.formerDevice(ctx, a.ID, device); err != nil {
		return with, err
	}
	tokens := []string{token}
	for _, t := range splitDevice(in.DeviceToken) {
		if t != device.token && len(tokens) < deviceTokens {
			tokens = append(tokens, t)
		}
	}
	out.Device = strings.Join(tokens, ".")
	return with, nil
}

// formerDevice is the record that a new one replaces: the browser's own, or the oldest where there are too many.
func (s *Service) formerDevice(ctx context.Context, accountID int64, device knownDevice) (*storage.OneTimeKey, error) {
	if device.known() {
		return &device.key, nil
	}
	all, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeDevice, s.now())
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	if len(all) < devicesKept {
		return nil, nil //nolint:nilnil // nothing is replaced
	}
	return &all[len(all)-1].OneTimeKey, nil
}
