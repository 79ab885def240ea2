package keys

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"latchkey/storage"
)

// ErrUnknownKey: the keyring has no key with this kid.
var ErrUnknownKey = errors.New("no such key")

// Rotate brings the change-over to the next key forward, of one ring or, with "", of all. It happens as early as is safe: one
// reload period from now, so that all processes change over together, and not before the next key was public for
// max(2 × JWKSMaxAge, PublishAhead). As the next key is published all the time, the former is the rule. It returns when the last
// of the rings changes over. Any number of calls, in any number of processes, until then amount to one. No token fails for it.
func (r *Rings) Rotate(ctx context.Context, alg string) (activatesAt time.Time, err error) {
	algs := r.cfg.Algs
	if alg != "" {
		if !slices.Contains(algs, alg) {
			return time.Time{}, fmt.Errorf("rotate: %q is none of the rings %v", alg, algs)
		}
		algs = []string{alg}
	}
	err = r.change(ctx, func(d *draft) error {
		activatesAt = time.Time{}
		if err := d.due(); err != nil {
			return err
		}
		for _, alg := range algs {
			activatesAt = later(activatesAt, d.advance(alg))
		}
		d.chain()
		return nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("rotate: %w", err)
	}
	return activatesAt, nil
}

// advance makes the next key active as early as is safe, and returns when that is.
func (d *draft) advance(alg string) time.Time {
	next := inState(ringOf(d.ring.Keys, alg), StateNext, d.now)
	if next == nil {
		return time.Time{} // the supply was short: this draft is void
	}
	at := later(next.PublishedAt.Add(d.cfg.ahead()), d.now.Add(d.cfg.reload()))
	if at.Before(next.ActivatesAt) {
		next.ActivatesAt = at
		d.note("activates earlier", next, at)
	}
	return next.ActivatesAt
}

// Revoked tells what a revocation means for those who verify tokens.
type Revoked struct {
	KID, Alg string
	// Was is the key's state before. A key that was revoked or gone already is left as it is.
	Was State
	// ActiveKID is the key that signs in its place now; "" where the ring has none.
	ActiveKID string
	// MayFailUntil: until then verifiers may refuse good tokens of this ring, because they hold a JWK set without the key that
	// signs now, or because a process that has not heard yet signs with the revoked key. Zero where nothing good is refused.
	MayFailUntil time.Time
	// AcceptedUntil: until then verifiers may hold a JWK set with the revoked key, and so accept its tokens.
	AcceptedUntil time.Time
}

// MayFail says whether verifiers may refuse good tokens for a while.
func (v Revoked) MayFail() bool { return !v.MayFailUntil.IsZero() }

// Revoke is for emergencies: it takes the key out of the JWK set at once, so that the tokens it signed are worthless wherever that
// is known. If the key was active, the next key signs from now on, whether caches know it or not, and a new next key is made.
// Other processes hear of it within one reload period. Errors: [ErrUnknownKey], and those of the store.
func (r *Rings) Revoke(ctx context.Context, kid string) (Revoked, error) {
	var res Revoked
	err := r.change(ctx, func(d *draft) error {
		i := slices.IndexFunc(d.ring.Keys, func(k storage.SigningKey) bool { return k.KID == kid })
		if i < 0 {
			return fmt.Errorf("%w: %q", ErrUnknownKey, kid)
		}
		k := &d.ring.Keys[i]
		was := stateOf(k, d.now)
		// A write of unknown outcome may have done it: then the first answer is the right one.
		if !k.RevokedAt.IsZero() || was == StateGone {
			if res.KID == "" {
				res = Revoked{KID: kid, Alg: k.Alg, Was: was}
			}
		} else {
			res = d.revoke(i, was)
		}
		if err := d.due(); err != nil {
			return err
		}
		if active := inState(ringOf(d.ring.Keys, res.Alg), StateActive, d.now); active != nil {
			res.ActiveKID = active.KID
		}
		return nil
	})
	if err != nil {
		return Revoked{}, fmt.Errorf("revoke: %w", err)
	}
	return res, nil
}

// revoke withdraws a key that is next, active or retiring.
func (d *draft) revoke(i int, was State) Revoked {
	k := &d.ring.Keys[i]
	alg := k.Alg
	res := Revoked{KID: k.KID, Alg: alg, Was: was, AcceptedUntil: d.now.Add(d.cfg.reload() + d.cfg.JWKSMaxAge)}
	k.RevokedAt = d.now
	if was != StateRetiring {
		k.ActivatesAt, k.RetiresAt = earlier(k.ActivatesAt, d.now), d.now
		k.GoneAt = d.goneAt(k, d.now)
	}
	d.note("REVOKED", k, d.now)
	d.notes[len(d.notes)-1].loud = true
	if was != StateActive {
		return res
	}
	res.MayFailUntil = d.now.Add(d.cfg.reload())
	next := inState(ringOf(d.ring.Keys, alg), StateNext, d.now)
	if next == nil {
		d.publish(alg, d.now) // k is no longer valid: the slice grew
		next = inState(ringOf(d.ring.Keys, alg), StateActive, d.now)
		if next == nil {
			return res // the supply was short: this draft is void
		}
	}
	next.ActivatesAt = d.now
	next.PublishedAt = earlier(next.PublishedAt, d.now)
	d.note("activated at once", next, d.now)
	// Two maximum ages after it was published no cache lacks the key.
	res.MayFailUntil = later(res.MayFailUntil, next.PublishedAt.Add(2*d.cfg.JWKSMaxAge))
	return res
}

// Reseal opens every sealed row, of keys and of secrets, with whichever key sealed it, and seals those that the first key did
// not seal with the first, in one conditional write. It returns how many that were. After it the other keys are not needed.
func (r *Rings) Reseal(ctx context.Context) (int, error) {
	count := 0
	err := r.change(ctx, func(d *draft) error {
		count = 0
		for i := range d.ring.Keys {
			k := &d.ring.Keys[i]
			if err := r.reseal(&k.Sealed, &k.SealKeyID, &count, sealedKey, k.Alg, k.KID); err != nil {
				return err
			}
		}
		for i := range d.ring.Secrets {
			s := &d.ring.Secrets[i]
			if err := r.reseal(&s.Sealed, &s.SealKeyID, &count, sealedSecret, "", s.ID); err != nil {
				return err
			}
		}
		d.changed = count > 0
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("reseal keys: %w", err)
	}
	r.cfg.Logger.InfoContext(ctx, "keyring resealed", "rows", count, "key", r.sealer.KeyID())
	return count, nil
}

func (r *Rings) reseal(sealed *[]byte, keyID *string, count *int, kind, alg, name string) error {
	plain, err := r.sealer.open(*sealed, *keyID, kind, alg, name)
	if err != nil {
		return err
	}
	defer clear(plain)
	if *keyID == r.sealer.KeyID() {
		return nil
	}
	*sealed, *keyID, err = r.sealer.seal(r.cfg.Rand, plain, kind, alg, name)
	*count++
	return err
}
