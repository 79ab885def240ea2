package token

import (
	"crypto/sha256"
	"sync"
)

// Bounds of what [verified] keeps: tokens, and bytes of their text, of which their claims take about as many.
const (
	maxVerified      = 4096
	maxVerifiedBytes = 4 << 20
)

// verified remembers access tokens of ours whose signatures were found good: checking one costs more than all the rest of a request with it, and
// applications show the same token again and again. It says nothing of what may end a token before its time: whether it was revoked, and
// whether its grant, session and account still stand, is asked of the store each time ([Live]), and whether its key is still ours, of the keys.
//
// Tokens are found by their SHA-256, so that how long a search takes tells nothing of them. What is kept is bounded, see [maxVerified].
type verified struct {
	mu     sync.RWMutex
	tokens map[[sha256.Size]byte]remembered
	bytes  int
}

type remembered struct {
	claims Access
	kid    string
	// size is that of the token's text.
	size int
}

func (v *verified) find(sum [sha256.Size]byte) (remembered, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	r, ok := v.tokens[sum]
	return r, ok
}

// keep remembers a token. Where there is no room, any other goes.
func (v *verified) keep(sum [sha256.Size]byte, r remembered) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.tokens == nil {
		v.tokens = map[[sha256.Size]byte]remembered{}
	}
	if _, known := v.tokens[sum]; known {
		return
	}
	full := func() bool { return len(v.tokens) >= maxVerified || v.bytes+r.size > maxVerifiedBytes }
	for other, old := range v.tokens {
		if !full() {
			break
		}
		delete(v.tokens, other)
		v.bytes -= old.size
	}
	v.tokens[sum], v.bytes = r, v.bytes+r.size
}
