package main

import (
	"sync"
	"time"
)

// complaintEvery is how often a fault that lasts is told of.
const complaintEvery = time.Minute

// paced keeps what is tried every few seconds, and fails as long as the database is away, from flooding the log.
type paced struct {
	mu   sync.Mutex
	last time.Time
}

// due says whether err is to be told of at now: the first time, and then once a minute, until it went well in between.
func (p *paced) due(err error, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.last = time.Time{}
		return false
	}
	if age := now.Sub(p.last); !p.last.IsZero() && age >= 0 && age < complaintEvery {
		return false
	}
	p.last = now
	return true
}
