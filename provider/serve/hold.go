package serve

import (
	"context"
	"time"
)

// Refusing is not free: a token costs two to three times as much as its refusal, of which the kernel's part is most. So on average a request is refused in
// the time in which servedForOne are served, after fewRefusals at once: that leaves refusals a twentieth of the processor at most. Who is held loses
// nothing by it: he would be told to come back after a second, and is held for no longer; see [pace.Refusals].
const (
	fewRefusals  = 32
	servedForOne = 10
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
	g.refusals.Held--
}

// due is how long the next refusal is to wait. Where that is more than nothing, it counts as held.
func (g *gate) due(most int) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refusals.Due(g.now(), servedForOne*g.each, fewRefusals, most)
}
