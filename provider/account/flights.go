package account

import (
	"context"
	"sync"
)

// flights knows the password checks under way in this process, by the key of a limit. It holds nothing when nothing is under way.
type flights struct {
	mu   sync.Mutex
	keys map[string]*flight
}

type flight struct {
	// trying ask the store for a slot, flying have one, parked found none.
	trying, flying, parked int
	// landings counts flights that ended.
	landings uint64
	// changed is closed, and made anew, when a try or a flight ends.
	changed chan struct{}
}

func newFlights() *flights { return &flights{keys: map[string]*flight{}} }

// try announces that a slot is asked for, and returns the landings so far.
func (f *flights) try(key string) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.keys[key]
	if fl == nil {
		fl = &flight{changed: make(chan struct{})}
		f.keys[key] = fl
	}
	fl.trying++
	return fl.landings
}

// fly says that the try found a slot.
func (f *flights) fly(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys[key].trying--
	f.keys[key].flying++
}

// land says that the flight ended.
func (f *flights) land(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.keys[key]
	fl.flying--
	fl.landings++
	f.signal(key, fl)
}

// park says that the try found no slot, and (with wait) waits for a flight to end. It returns whether one has ended since the
// try began, so that trying again makes sense: false where nothing is under way that could give a slot back.
func (f *flights) park(ctx context.Context, key string, seen uint64, wait bool) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl := f.keys[key]
	fl.trying--
	fl.parked++
	f.signal(key, fl)
	defer func() {
		fl.parked--
		f.forget(key, fl)
	}()
	for wait && ctx.Err() == nil {
		if fl.landings != seen {
			return true
		}
		if fl.flying == 0 && fl.trying == 0 {
			return false
		}
		changed := fl.changed
		f.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		f.mu.Lock()
	}
	return false
}

func (f *flights) signal(key string, fl *flight) {
	close(fl.changed)
	fl.changed = make(chan struct{})
	f.forget(key, fl)
}

func (f *flights) forget(key string, fl *flight) {
	if fl.trying == 0 && fl.flying == 0 && fl.parked == 0 {
		delete(f.keys, key)
	}
}
