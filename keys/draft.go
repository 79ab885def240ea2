package keys

import (
	"slices"
	"time"

	"latchkey/storage"
)

// draft is a keyring that is being changed: a decision at one instant, written with one conditional write or not at all.
type draft struct {
	cfg     *Config
	supply  *supply
	now     time.Time
	ring    storage.Keyring
	changed bool
	notes   []note
}

// note is a change to tell the log about, once it is written.
type note struct {
	what, kid, alg string
	at             time.Time
	loud           bool
}

func (d *draft) note(what string, k *storage.SigningKey, at time.Time) {
	d.changed = true
	d.notes = append(d.notes, note{what: what, kid: k.KID, alg: k.Alg, at: at})
}

// due does whatever is due: it makes missing keys, plans retirements and drops what is long gone.
func (d *draft) due() error {
	if err := d.ensureSecrets(); err != nil {
		return err
	}
	first := len(d.ring.Keys) == 0
	for _, alg := range d.cfg.Algs {
		d.complete(alg, first)
	}
	d.endStrays()
	d.lengthen()
	d.chain()
	d.drop()
	return nil
}

// ensureSecrets makes the service's secret, and the one that never changes, where they are missing. The latter counts as older than any
// other: a release that does not know it takes it for a former secret and never seals with it.
func (d *draft) ensureSecrets() error {
	stable := func(s storage.Secret) bool { return s.ID == stableID }
	if len(d.ring.Secrets) == 0 || len(d.ring.Secrets) == 1 && stable(d.ring.Secrets[0]) {
		if err := d.addSecret("", d.now); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(d.ring.Secrets, stable) {
		return nil
	}
	oldest := d.ring.Secrets[0].CreatedAt
	for _, s := range d.ring.Secrets {
		oldest = earlier(oldest, s.CreatedAt)
	}
	return d.addSecret(stableID, oldest.Add(-time.Millisecond))
}

func (d *draft) addSecret(id string, created time.Time) error {
	secret, err := newSecret(d.cfg.Rand, d.supply.sealer, id)
	if err != nil {
		return err
	}
	secret.CreatedAt = created
	d.ring.Secrets = append(d.ring.Secrets, secret)
	d.changed = true
	return nil
}

// complete sees to it that a ring has an active and a next key. Only in a keyring that never had a key may one sign at once:
// anywhere else somebody may hold a JWK set without it.
func (d *draft) complete(alg string, first bool) {
	if first {
		d.publish(alg, d.now)
	}
	ring := ringOf(d.ring.Keys, alg)
	if inState(ring, StateNext, d.now) != nil {
		return
	}
	at := d.now.Add(d.cfg.ahead())
	if active := inState(ring, StateActive, d.now); active != nil {
		at = later(at, active.ActivatesAt.Add(d.cfg.RotateEvery))
	}
	d.publish(alg, at)
}

// publish adds a new key of that algorithm which becomes active at the given time.
func (d *draft) publish(alg string, at time.Time) {
	k, ok := d.supply.take(alg)
	if !ok {
		return
	}
	k.PublishedAt, k.ActivatesAt, k.LongestToken = d.now, at, d.cfg.LongestToken
	d.ring.Keys = append(d.ring.Keys, k)
	d.note("published", &k, at)
}

// endStrays retires the last key of a ring that nobody keeps any longer. A process that does keep it has made a next key long
// before, so that processes with different configurations do not undo one another's work.
func (d *draft) endStrays() {
	for i := range d.ring.Keys {
		k := &d.ring.Keys[i]
		if slices.Contains(d.cfg.Algs, k.Alg) || !k.RevokedAt.IsZero() || !k.RetiresAt.IsZero() ||
			d.now.Before(k.ActivatesAt.Add(d.cfg.RotateEvery)) {
			continue
		}
		d.retire(k, d.now)
	}
}

// lengthen raises LongestToken of the keys that may still sign to what is configured.
func (d *draft) lengthen() {
	for i := range d.ring.Keys {
		k := &d.ring.Keys[i]
		if s := stateOf(k, d.now); (s == StateNext || s == StateActive) && k.LongestToken < d.cfg.LongestToken {
			k.LongestToken = d.cfg.LongestToken
			d.changed = true
		}
	}
}

// chain lets each key that has not retired yet retire when its successor becomes active. GoneAt is only ever raised here,
// lest processes with different settings write in turns for ever.
func (d *draft) chain() {
	var algs []string
	for i := range d.ring.Keys {
		if alg := d.ring.Keys[i].Alg; !slices.Contains(algs, alg) {
			algs = append(algs, alg)
		}
	}
	for _, alg := range algs {
		ring := ringOf(d.ring.Keys, alg)
		for i, k := range ring {
			switch retired := !k.RetiresAt.IsZero() && !d.now.Before(k.RetiresAt); {
			case retired:
			case i+1 < len(ring):
				if !k.RetiresAt.Equal(ring[i+1].ActivatesAt) || k.GoneAt.Before(d.goneAt(k, k.RetiresAt)) {
					d.retire(k, ring[i+1].ActivatesAt)
				}
			case !k.RetiresAt.IsZero(): // its successor was revoked
				k.RetiresAt, k.GoneAt = time.Time{}, time.Time{}
				d.changed = true
			}
		}
	}
}

// retire sets when k signs for the last time. Where that is earlier than was planned, a process that is cut off from the store
// goes on signing with k, for at most lead from when it last read; so k stays public for that much longer, up to the old plan.
func (d *draft) retire(k *storage.SigningKey, at time.Time) {
	gone := d.goneAt(k, at)
	if k.GoneAt.After(gone) {
		gone = earlier(k.GoneAt, gone.Add(d.cfg.lead()))
	}
	k.RetiresAt, k.GoneAt = at, gone
	d.note("retires", k, at)
}

func (d *draft) goneAt(k *storage.SigningKey, retires time.Time) time.Time {
	return retires.Add(k.LongestToken + d.cfg.Skew)
}

// drop removes records of keys that are gone for so long that no clock will find them alive again.
func (d *draft) drop() {
	d.ring.Keys = slices.DeleteFunc(d.ring.Keys, func(k storage.SigningKey) bool {
		old := !k.GoneAt.IsZero() && !d.now.Before(k.GoneAt.Add(d.cfg.keep()))
		if old {
			d.note("dropped", &k, d.now)
		}
		return old
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
