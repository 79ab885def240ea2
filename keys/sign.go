package keys

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"latchkey/storage"
)

// ErrNoKey: the algorithm has no ring, or no key that may sign yet.
var ErrNoKey = errors.New("no key signs with this algorithm now")

// ErrTooLong: the token would live longer than [Config.LongestToken].
var ErrTooLong = errors.New("the token would outlive its key")

// ErrStale: the keyring could not be read for so long that the token's key may be gone before the token expires.
var ErrStale = errors.New("the keyring was not read for too long")

// Sign makes a compact JWS (RFC 7515 §7.1) of claims, a JSON object which it takes as it is, with the key of alg that is active
// now. The header has alg, kid, and typ unless that is "". A token that expires later than its key may be relied on is refused.
// Errors: [ErrNoKey], [ErrTooLong], [ErrStale], and that of ctx.
func (r *Rings) Sign(ctx context.Context, alg, typ string, claims []byte, expires time.Time) (compact string, err error) {
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	snap, now := r.snap.Load(), r.cfg.Now()
	k := snap.active(alg, now)
	if k == nil {
		return "", fmt.Errorf("sign with %q: %w", alg, ErrNoKey)
	}
	life := k.record.LongestToken + r.cfg.Skew
	if expires.After(now.Add(life)) {
		return "", fmt.Errorf("sign with %s: %w: it lives for %v, and the longest token for %v", k.record.KID, ErrTooLong,
			expires.Sub(now).Round(time.Second), k.record.LongestToken)
	}
	// Another process may have retired the key, from lead after the last read on.
	if expires.After(snap.readAt.Add(r.cfg.lead()+life)) || !k.record.GoneAt.IsZero() && expires.After(k.record.GoneAt) {
		return "", fmt.Errorf("sign with %s: %w: last at %v", k.record.KID, ErrStale, snap.readAt)
	}
	compact, err = k.sign(typ, claims)
	if err != nil {
		return "", fmt.Errorf("sign with %s: %w", k.record.KID, err)
	}
	k.usage.note(expires)
	return compact, nil
}

const typChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-./"

// sign writes the compact form into one buffer.
func (k *key) sign(typ string, claims []byte) (string, error) {
	head, err := k.head(typ)
	if err != nil {
		return "", err
	}
	b64, alg := base64.RawURLEncoding, k.material.alg
	buf := make([]byte, 0, len(head)+b64.EncodedLen(len(claims))+1+b64.EncodedLen(alg.signatureSize(k.material.signer)))
	buf = b64.AppendEncode(append(buf, head...), claims)
	signature, err := alg.sign(k.material.signer, buf)
	if err != nil {
		return "", err
	}
	return string(b64.AppendEncode(append(buf, '.'), signature)), nil
}

// head is the protected header for a typ, encoded, with its dot. Nothing in it needs escaping: alg and kid are our own, typ is checked.
func (k *key) head(typ string) ([]byte, error) {
	if known, ok := k.material.heads.Load(typ); ok {
		return known.([]byte), nil
	}
	if strings.Trim(typ, typChars) != "" {
		return nil, errors.New("typ is not a media type")
	}
	text := `{"alg":"` + k.record.Alg + `","kid":"` + k.record.KID
	if typ != "" {
		text += `","typ":"` + typ
	}
	head := append(base64.RawURLEncoding.AppendEncode(nil, []byte(text+`"}`)), '.')
	k.material.heads.Store(typ, head)
	return head, nil
}

// usage is what this process did with a key.
type usage struct {
	signed atomic.Int64
	// newest is the latest expiry of any token, in nanoseconds since 1970; 0 if there was none.
	newest atomic.Int64
}

func (u *usage) note(expires time.Time) {
	u.signed.Add(1)
	at := expires.UnixNano()
	for seen := u.newest.Load(); at > seen; seen = u.newest.Load() {
		if u.newest.CompareAndSwap(seen, at) {
			return
		}
	}
}

// usageOf and forgetUsage are for load, under mu.
func (r *Rings) usageOf(record *storage.SigningKey, readAt time.Time) *usage {
	u := r.usage[record.KID]
	if u == nil {
		u = &usage{}
		u.before(record, readAt)
		r.usage[record.KID] = u
	}
	return u
}

// before reckons with tokens that were signed with the key before this process knew it, by a former run or another process: they may be as
// young as that allows and live as long as any. So nobody retires a key too early because a restart forgot what it signed.
func (u *usage) before(record *storage.SigningKey, readAt time.Time) {
	const justMade = time.Second
	if readAt.Sub(record.ActivatesAt) <= justMade || record.ActivatesAt.IsZero() {
		return
	}
	last := readAt
	if !record.RetiresAt.IsZero() {
		last = earlier(last, record.RetiresAt)
	}
	u.newest.Store(last.Add(record.LongestToken).UnixNano())
}

func (r *Rings) forgetUsage(snap *snapshot) {
	for kid := range r.usage {
		if snap.byKID[kid] == nil {
			delete(r.usage, kid)
		}
	}
}
