package serve

import (
	"context"
	"time"
)

// Refusing is not free: a token costs some six times as much as its refusal. Where all that come were refused as fast as they come, those who come
// again at once would have the whole processor for being refused, and nobody would be served. So the more come, the longer a refusal takes: on
// average a request is refused in the time in which two are served. A few may be refused at once, and nobody is held for longer than maxHold.
const (
	fewRefusals = 32
	maxHold     = time.Second
)

// hold lets a refusal wait, unless so many do already.
func (g *gate) hold(ctx context.Context, most int) {
	wait := g.due(most)
	if wait <= 0 {
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held--
}

// due is how long the next refusal is to wait. Where that is more than nothing, it counts as held.
func (g *gate) due(most int) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	now, gap := g.now(), 2*g.each
	if g.held >= most {
		return 0
	}
	if first := now.Add(-fewRefusals * gap); g.refusal.Before(first) {
		g.refusal = first
	}
	if g.refusal.Before(now.Add(maxHold)) {
		g.refusal = g.refusal.Add(gap)
	}
	wait := g.refusal.Sub(now)
	if wait <= 0 {
		return 0
	}
	g.held++
	return wait
}
