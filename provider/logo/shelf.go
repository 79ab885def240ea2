package logo

import (
	"container/list"
	"time"
)

// The bounds of what is kept.
const (
	maxKept      = 512
	maxKeptBytes = 16 << 20
)

// place is where a logo stands: an address of a client. What one client named is not taken for another's, so that each has its own bounds.
type place struct{ client, uri string }

// shelf keeps logos, and what is known to be none (a [Logo] without content), until their time; where it is full it forgets what was asked
// for least recently. It has no lock of its own.
type shelf struct {
	most, mostBytes, bytes int
	order                  *list.List
	items                  map[place]*list.Element
}

type item struct {
	at place
	l  Logo
}

// size is what an item weighs, with some for what holds it.
func (i item) size() int { return len(i.l.Content) + len(i.at.client) + len(i.at.uri) + 256 }

func newShelf(most, mostBytes int) *shelf {
	return &shelf{most: most, mostBytes: mostBytes, order: list.New(), items: map[place]*list.Element{}}
}

func (s *shelf) get(at place, now time.Time) (Logo, bool) {
	e, ok := s.items[at]
	if !ok {
		return Logo{}, false
	}
	if i := e.Value.(item); now.Before(i.l.Until) {
		s.order.MoveToFront(e)
		return i.l, true
	}
	s.drop(e)
	return Logo{}, false
}

func (s *shelf) put(at place, l Logo) {
	if e, ok := s.items[at]; ok {
		s.drop(e)
	}
	i := item{at, l}
	s.items[at] = s.order.PushFront(i)
	s.bytes += i.size()
	for s.order.Len() > s.most || s.bytes > s.mostBytes {
		s.drop(s.order.Back())
	}
}

func (s *shelf) drop(e *list.Element) {
	i := s.order.Remove(e).(item)
	delete(s.items, i.at)
	s.bytes -= i.size()
}
