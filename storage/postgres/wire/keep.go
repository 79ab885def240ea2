package wire

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/puddle/v2"
)

// keep looks after the pool until it is closed.
func (p *Pool) keep() {
	p.fill()
	tick := time.NewTicker(p.cfg.HealthCheckPeriod)
	defer tick.Stop()
	for {
		select {
		case <-p.closed.Done():
			return
		case <-p.check:
			if !p.pause() {
				return
			}
		case <-tick.C:
		}
		for p.fill() && p.thin() {
			if !p.pause() {
				return
			}
		}
	}
}

func (p *Pool) pause() bool {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-p.closed.Done():
		return false
	case <-timer.C:
		return true
	}
}

// fill makes the connections that are to be there at least, and says whether that worked.
func (p *Pool) fill() bool {
	s := p.p.Stat()
	missing := max(p.cfg.MinConns-s.TotalResources(), p.cfg.MinIdleConns-s.IdleResources())
	missing = min(missing, s.MaxResources()-s.TotalResources())
	if missing <= 0 {
		return true
	}
	bounded, cancel := context.WithTimeout(p.closed, fillTimeout)
	defer cancel()
	var wg sync.WaitGroup
	for range missing {
		wg.Go(func() {
			if err := p.p.CreateResource(bounded); err != nil && !errors.Is(err, puddle.ErrNotAvailable) { // there is no more room, and need be none
				cancel() // the others would fail, too
			}
		})
	}
	wg.Wait()
	return bounded.Err() == nil
}

// thin ends connections that nobody uses and that are too old, or too many for too long; it says whether there were any.
func (p *Pool) thin() (ended bool) {
	all := p.p.Stat().TotalResources()
	for _, res := range p.p.AcquireAllIdle() {
		if res.Value().old() && all >= p.cfg.MinConns || res.IdleDuration() > p.cfg.MaxConnIdleTime && all > p.cfg.MinConns {
			res.Destroy()
			all--
			ended = true
			continue
		}
		res.ReleaseUnused()
	}
	return ended
}
