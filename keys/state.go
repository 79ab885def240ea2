package keys

import (
	"cmp"
	"time"

	"latchkey/storage"
)

// State is where a key stands in its life.
type State string

// The states, in the order of a key's life; a revoked key has left it.
const (
	// StateNext keys are public and do not sign yet.
	StateNext State = "next"
	// StateActive is the key of a ring that signs.
	StateActive State = "active"
	// StateRetiring keys sign no more and stay public for the tokens they signed.
	StateRetiring State = "retiring"
	// StateGone keys are no longer public; their records are dropped some time later.
	StateGone State = "gone"
	// StateRevoked keys were withdrawn by an emergency; they are shown until the tokens they signed would have expired.
	StateRevoked State = "revoked"
)

// stateOf is a pure function of the record's times and now, so that all processes agree. A revocation holds whatever the clock
// says. PublishedAt plays no part: a record that exists is public, also for a clock that runs late.
func stateOf(k *storage.SigningKey, now time.Time) State {
	switch {
	case !k.GoneAt.IsZero() && !now.Before(k.GoneAt):
		return StateGone
	case !k.RevokedAt.IsZero():
		return StateRevoked
	case now.Before(k.ActivatesAt):
		return StateNext
	case k.RetiresAt.IsZero() || now.Before(k.RetiresAt):
		return StateActive
	default:
		return StateRetiring
	}
}

// published says whether keys of that state are in the JWK set.
func (s State) published() bool { return s == StateNext || s == StateActive || s == StateRetiring }

// nextTransition is when the key's state next changes; zero where that is not decided.
func nextTransition(k *storage.SigningKey, now time.Time) time.Time {
	switch stateOf(k, now) {
	case StateNext:
		return k.ActivatesAt
	case StateActive:
		return k.RetiresAt
	case StateRetiring, StateRevoked:
		return k.GoneAt
	default:
		return time.Time{}
	}
}

// byActivation orders keys by when they become active.
func byActivation(a, b *storage.SigningKey) int {
	return cmp.Or(a.ActivatesAt.Compare(b.ActivatesAt), cmp.Compare(a.KID, b.KID))
}

// ringOf returns the keys of one ring that were not revoked, in order of activation, as pointers into keys.
func ringOf(keys []storage.SigningKey, alg string) []*storage.SigningKey {
	var ring []*storage.SigningKey
	for i := range keys {
		if keys[i].Alg == alg && keys[i].RevokedAt.IsZero() {
			ring = append(ring, &keys[i])
		}
	}
	storage.Sort(ring, byActivation)
	return ring
}

// inState returns the first key of the ring in that state, or nil.
func inState(ring []*storage.SigningKey, s State, now time.Time) *storage.SigningKey {
	for _, k := range ring {
		if stateOf(k, now) == s {
			return k
		}
	}
	return nil
}
