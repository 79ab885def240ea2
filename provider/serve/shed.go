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
//
// Uploads are counted apart: their handlers read the body themselves, as slowly as it is sent, so a few accounts could otherwise hold
// every slot of everybody's.
type slots struct {
	used, uploads *atomic.Int64
	ceiling       [Deferrable + 1]int64
	uploadCeiling int64
}

func newSlots(n int) slots {
	part := func(percent int) int64 { return int64(max(1, n*percent/100)) }
	return slots{
		used: new(atomic.Int64), ceiling: [...]int64{Vital: int64(n), Machine: part(90), Interactive: part(75), Deferrable: part(50)},
		uploads: new(atomic.Int64), uploadCeiling: part(6),
	}
}

// lane is where an endpoint's requests are counted, and up to where.
func (s slots) lane(ep *endpoint) (used *atomic.Int64, ceiling int64) {
	if ep.upload() {
		return s.uploads, s.uploadCeiling
	}
	return s.used, s.ceiling[ep.priority]
}

// take counts a request of the endpoint; ok is false where there is no room. give must follow once it is served.
func (s slots) take(ep *endpoint) (give func(), ok bool) {
	used, ceiling := s.lane(ep)
	if used.Add(1) <= ceiling {
		return func() { used.Add(-1) }, true
	}
	used.Add(-1)
	return nil, false
}
