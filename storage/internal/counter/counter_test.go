package counter_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
	"latchkey/storage/internal/counter"
)

var t0 = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func limit(key string, max int) storage.Limit {
	return storage.Limit{Key: key, Max: max, Window: time.Minute}
}

func TestTakeIsAllOrNone(t *testing.T) {
	tab := counter.New(10)
	both := []storage.Limit{limit("a", 5), limit("b", 1)}
	if got := tab.Take(both, t0); !got.OK {
		t.Fatalf("first attempt refused: %+v", got)
	}
	got := tab.Take(both, t0.Add(20*time.Second))
	want := storage.Taken{Over: 1, RetryAfter: 40 * time.Second}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("second attempt (-want +got)\n%s", d)
	}
	// The refused attempt must have left "a" at one of five.
	for i := range 4 {
		if got := tab.Take([]storage.Limit{limit("a", 5)}, t0); !got.OK {
			t.Fatalf("attempt %d on a refused: the refused one was counted", i+2)
		}
	}
	if got := tab.Take([]storage.Limit{limit("a", 5)}, t0); got.OK {
		t.Fatal("sixth attempt on a allowed")
	}
}

func TestOneKeyTwiceInOneCallCountsTwice(t *testing.T) {
	tab := counter.New(10)
	twice := []storage.Limit{limit("a", 1), limit("a", 1)}
	if got := tab.Take(twice, t0); got.OK || got.Over != 1 {
		t.Fatalf("got %+v, want refusal by the second", got)
	}
	if tab.Len() != 0 {
		t.Fatalf("%d counters after a refused call, want 0", tab.Len())
	}
}

func TestWindowEnds(t *testing.T) {
	tab := counter.New(10)
	l := []storage.Limit{limit("a", 1)}
	tab.Take(l, t0)
	if got := tab.Take(l, t0.Add(time.Minute-1)); got.OK || got.RetryAfter != 1 {
		t.Fatalf("just before the end: %+v", got)
	}
	if got := tab.Take(l, t0.Add(time.Minute)); !got.OK {
		t.Fatalf("at the end: %+v", got)
	}
}

func TestNoBudgetAtAll(t *testing.T) {
	got := counter.New(10).Take([]storage.Limit{limit("a", 0)}, t0)
	if d := cmp.Diff(storage.Taken{RetryAfter: time.Minute}, got); d != "" {
		t.Fatal(d)
	}
}

func TestReturnAndClear(t *testing.T) {
	tab := counter.New(10)
	l := []storage.Limit{limit("a", 1)}
	tab.Return(l, t0) // nothing to give back
	tab.Take(l, t0)
	tab.Return(l, t0)
	tab.Return(l, t0) // never below zero
	if got := tab.Take(l, t0); !got.OK {
		t.Fatal("returned attempt is not there")
	}
	if got := tab.Take(l, t0); got.OK {
		t.Fatal("returning twice gave an extra attempt")
	}
	tab.Clear([]string{"a", "unknown"})
	if got := tab.Take(l, t0); !got.OK {
		t.Fatal("cleared counter still counts")
	}
}

func TestBoundForgetsTheOldest(t *testing.T) {
	tab := counter.New(3)
	for i := range 4 {
		tab.Take([]storage.Limit{limit(fmt.Sprint(i), 1)}, t0.Add(time.Duration(i)))
	}
	if tab.Len() != 3 {
		t.Fatalf("%d counters, want 3", tab.Len())
	}
	if got := tab.Take([]storage.Limit{limit("3", 1)}, t0.Add(4)); got.OK {
		t.Fatal("the newest was forgotten")
	}
	if got := tab.Take([]storage.Limit{limit("0", 1)}, t0.Add(4)); !got.OK {
		t.Fatal("the oldest was kept")
	}
}

// Counters that cost nothing to make must not make room by forgetting those of failed sign-ins.
func TestFloodOfOneClassForgetsItsOwn(t *testing.T) {
	tab := counter.New(8)
	victim := []storage.Limit{limit("acct.signin:victim", 1)}
	tab.Take(victim, t0)
	for i := range 100 {
		tab.Take([]storage.Limit{limit(fmt.Sprintf("check:%d", i), 1)}, t0.Add(time.Duration(i)))
	}
	if got := tab.Take(victim, t0.Add(time.Second)); got.OK {
		t.Fatal("the flood washed away another class's counter")
	}
	if tab.Len() != 8 {
		t.Fatalf("%d counters, want 8", tab.Len())
	}
	if got := tab.Take([]storage.Limit{limit("check:99", 1)}, t0.Add(time.Second)); got.OK {
		t.Fatal("the newest of the flood was forgotten")
	}
	if got := tab.Take(victim, t0.Add(time.Minute)); !got.OK {
		t.Fatal("still counted when its window had ended")
	}
}

func TestNeverAboveMaxUnderRace(t *testing.T) {
	tab := counter.New(0)
	var ok atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 20 {
				if tab.Take([]storage.Limit{limit("a", 100)}, t0).OK {
					ok.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if ok.Load() != 100 {
		t.Fatalf("%d attempts allowed, want 100", ok.Load())
	}
}
