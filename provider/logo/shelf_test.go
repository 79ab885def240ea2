package logo

import (
	"fmt"
	"testing"
	"time"

	"latchkey/provider/picture"
)

func TestShelf(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	picture := func(n int) Logo {
		return Logo{Picture: picture.Picture{Content: make([]byte, n)}, Until: now.Add(time.Hour)}
	}
	at := func(n int) place { return place{"c", fmt.Sprint(n)} }
	s := newShelf(3, 10_000)
	for n := range 3 {
		s.put(at(n), picture(100))
	}
	s.get(at(0), now)
	s.put(at(3), picture(100))
	for n, want := range []bool{true, false, true, true} {
		if _, ok := s.get(at(n), now); ok != want {
			t.Errorf("%d: kept %v", n, ok)
		}
	}
	s.put(at(4), picture(9_200)) // heavy: the others go
	if _, ok := s.get(at(4), now); !ok || s.order.Len() != 2 || s.bytes > 10_000 {
		t.Errorf("%d kept, %d bytes", s.order.Len(), s.bytes)
	}
	s.put(at(4), picture(50)) // put again
	if l, _ := s.get(at(4), now); len(l.Content) != 50 {
		t.Error("the old one stays")
	}
	s.put(at(5), picture(20_000)) // too heavy for anything
	if s.order.Len() != 0 || s.bytes != 0 || len(s.items) != 0 {
		t.Errorf("%d kept, %d bytes", s.order.Len(), s.bytes)
	}
	s.put(at(6), picture(1))
	if _, ok := s.get(at(6), now.Add(time.Hour)); ok || s.bytes != 0 {
		t.Error("kept beyond its time")
	}
}
