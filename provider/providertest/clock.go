package providertest

import (
	"sync"
	"time"
)

// Start is what a new [Clock] shows.
var Start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Clock is set by hand. Each reading is a microsecond later than the one before, so that what comes later is later.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock shows Start.
func NewClock() *Clock { return &Clock{at: Start} }

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Microsecond)
	return c.at
}

// Add turns the clock on.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}
