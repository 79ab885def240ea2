package serve

import "sync/atomic"

// Priority says how long an endpoint is served when the server is full: the lower ones are refused first, with 503 and
// Retry-After, so that the higher ones keep their time.
type Priority int

// The priorities, the best protected first.
const (
	// Vital: JWKS and discovery. Every application stops without them, and they cost next to nothing.
	Vital Priority = iota
	// Machine: token, introspection, userinfo, the account API's protected routes.
	Machine
	// Interactive: pages and sign-in.
	Interactive
	// Deferrable: sign-up, reset, uploads.
	Deferrable
)

// String is a metric label.
func (p Priority) String() string {
	switch p {
	case Vital:
		return "vital"
	case Machine:
		return "machine"
	case Interactive:
		return "interactive"
	}
	return "deferrable"
}

// slots count the requests that are worked on. All priorities share one count; each has its own ceiling on it, so what is
// left above a lower priority's ceiling is kept free for the higher ones.
type slots struct {
	used    *atomic.Int64
	ceiling [Deferrable + 1]int64
}

func newSlots(n int) slots {
	part := func(percent int) int64 { return int64(max(1, n*percent/100)) }
	return slots{used: new(atomic.Int64), ceiling: [...]int64{Vital: int64(n), Machine: part(90), Interactive: part(75), Deferrable: part(50)}}
}

func (s slots) take(p Priority) bool {
	if s.used.Add(1) <= s.ceiling[p] {
		return true
	}
	s.used.Add(-1)
	return false
}

func (s slots) give() { s.used.Add(-1) }
