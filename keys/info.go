package keys

import "time"

// KeyInfo is one key as operators and metrics see it.
type KeyInfo struct {
	// KID is the RFC 7638 thumbprint.
	KID, Alg string
	State    State
	// RetiresAt and GoneAt are zero while no successor is planned, RevokedAt unless the key was revoked.
	PublishedAt, ActivatesAt, RetiresAt, GoneAt, RevokedAt time.Time
	// SealKeyID is the fingerprint of the key-encryption key.
	SealKeyID string
	// NextTransition is when State changes next; zero where that is not decided.
	NextTransition time.Time
	// Signed counts the tokens that this process signed with the key since it started. NewestExpiry is the latest expiry among them and
	// among those that may have been signed before this process knew the key; zero if there are none or all have expired.
	Signed       int64
	NewestExpiry time.Time
}

// List tells of every key there is a record of, ring by ring, in the order in which they become active.
func (r *Rings) List() []KeyInfo {
	now := r.cfg.Now()
	var infos []KeyInfo
	for _, k := range r.snap.Load().keys {
		info := KeyInfo{
			KID: k.record.KID, Alg: k.record.Alg, State: stateOf(&k.record, now),
			PublishedAt: k.record.PublishedAt, ActivatesAt: k.record.ActivatesAt, RetiresAt: k.record.RetiresAt,
			GoneAt: k.record.GoneAt, RevokedAt: k.record.RevokedAt, SealKeyID: k.record.SealKeyID,
			NextTransition: nextTransition(&k.record, now),
			Signed:         k.usage.signed.Load(),
		}
		if newest := k.usage.newest.Load(); newest > now.UnixNano() {
			info.NewestExpiry = time.Unix(0, newest).UTC()
		}
		infos = append(infos, info)
	}
	return infos
}

// NoteJWKSFetch remembers that somebody fetched the JWK set.
func (r *Rings) NoteJWKSFetch(now time.Time) { r.lastFetch.Store(now.UnixNano()) }

// LastJWKSFetch is when somebody last fetched the JWK set from this process; zero if nobody did.
func (r *Rings) LastJWKSFetch() time.Time {
	if at := r.lastFetch.Load(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return time.Time{}
}
