package bolt

import (
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"latchkey/storage"
)

// Bounds of what [standings] keeps: answers, and bytes that they take, of which each takes overhead beside its rows.
const (
	maxStandings      = 2048
	maxStandingBytes  = 2 << 20
	standingsOverhead = 1 << 10
)

// slots is how many [row]s there are. Rows of one slot are taken for one another: a write to one forgets what was read of the others.
const slots = 8192

// row is where a row's writes are noted.
type row uint16

// pending is the number of a commit that is under way.
const pending = math.MaxUint64

// standings remembers what access tokens stand on, for those that are shown again and again. It is exact: an answer counts as long as no row that it
// was read from has been written.
//
// Only this process writes, and by one goroutine, so commits have numbers. Before a commit, the rows that it writes are marked as [pending], and when
// it is over, with its number; only then its callers are told. Whoever reads notes first which commits are over, then opens the transaction. So an
// answer is as of that number at least, and counts while no row of it has a later one. What is pending is later than anything: it is read anew.
//
// Rows are noted where they are read and written ([txn.get], [txn.put], [txn.drop]), so that no verb can forget it.
type standings struct {
	// seed is drawn once, so that nobody chooses names that fall together.
	seed  maphash.Seed
	rows  [slots]atomic.Uint64
	over  atomic.Uint64
	began uint64 // by the committer alone
	// shown are the tokens that were read for last: what is shown once is not kept.
	shown [8192]atomic.Uint32

	mu    sync.RWMutex
	ended bool
	known map[string]stood
	bytes int
}

// stood is an answer that is kept.
type stood struct {
	key storage.StandingKey
	as  *storage.Standing
	// until it holds, by the clock; zero: there is no end. lasting: it is worth keeping.
	until   time.Time
	lasting bool
	// of is the number of the commit that it is as of.
	of   uint64
	rows [maxRead]row
	n    int
	size int
}

// maxRead is how many rows an answer is read from at most: grant or subject, account, session, denial.
const maxRead = 4

// reading are the rows that a transaction reads.
type reading struct {
	rows [maxRead]row
	n    int
	size int
	// wide: something else was read, too.
	wide bool
}

func (r *reading) note(tb table, r0 row) {
	if !tb.stood() || r.n == maxRead {
		r.wide = true
		return
	}
	r.rows[r.n] = r0
	r.n++
}

// stood says whether tokens stand on rows of the table.
func (tb table) stood() bool {
	switch tb {
	case tAccounts, tSubs, tSessions, tGrants, tDenials:
		return true
	}
	return false
}

func (s *standings) rowOf(tb table, key []byte) row {
	return row((maphash.Bytes(s.seed, key) + uint64(tb)*0x9e3779b97f4a7c15) >> 7 % slots)
}

// writing is told of the rows that a commit is about to write.
func (s *standings) writing(rows []row) {
	s.began++
	for _, r := range rows {
		s.rows[r].Store(pending)
	}
}

// written is told that the commit is over, whatever came of it.
func (s *standings) written(rows []row) {
	for _, r := range rows {
		s.rows[r].Store(s.began)
	}
	s.over.Store(s.began)
}

// find returns an answer that still counts.
func (s *standings) find(key storage.StandingKey, now time.Time) (storage.Standing, bool) {
	s.mu.RLock()
	k, ok := s.known[key.JTI]
	s.mu.RUnlock()
	if !ok || k.key != key || !k.until.IsZero() && !k.until.After(now) {
		return storage.Standing{}, false
	}
	for _, r := range k.rows[:k.n] {
		if s.rows[r].Load() > k.of {
			return storage.Standing{}, false
		}
	}
	return *k.as, true
}

// again says whether the token was read for lately, and remembers that it is.
func (s *standings) again(jti string) bool {
	h := maphash.String(s.seed, jti)
	return s.shown[h%uint64(len(s.shown))].Swap(uint32(h>>32)|1) == uint32(h>>32)|1
}

// keep remembers an answer. Where there is no room, any other goes.
func (s *standings) keep(k stood) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || k.size > maxStandingBytes {
		return
	}
	if s.known == nil {
		s.known = map[string]stood{}
	}
	s.forget(k.key.JTI)
	for other := range s.known {
		if len(s.known) < maxStandings && s.bytes+k.size <= maxStandingBytes {
			break
		}
		s.forget(other)
	}
	s.known[k.key.JTI], s.bytes = k, s.bytes+k.size
}

// forget forgets an answer. The caller holds mu.
func (s *standings) forget(jti string) {
	if old, ok := s.known[jti]; ok {
		delete(s.known, jti)
		s.bytes -= old.size
	}
}

// end forgets everything, and keeps nothing any more.
func (s *standings) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended, s.known, s.bytes = true, nil, 0
}
