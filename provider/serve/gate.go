package serve

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"latchkey/provider/pace"
)

// Times of the [gate]. Every probeEvery somebody looks how long one waits for a processor. More than maxLag is a storm, which is over once nobody
// waited for so long during stormLasts. In a storm the number of requests under way is judged every adaptEvery.
//
// Only in a flood is anybody refused soon: it begins when there are crowd requests at once (half of the most that may be under way, if that is less),
// and lasts until nobody was refused for floodLasts. While it is no older than rushLasts it may be a rush, which is served if that takes no longer than
// rushWait; from then on the line is standing, and who would be served after standingWait is refused, so that whoever is served is served
// soon: those that are worked on wait for each other for about maxLag besides. Few may always stand in line: they came at once, which is no flood yet. Where there is no flood, somebody else has the processors, a quota is spent or the store stood still: then everybody may wait up to slowWait,
// whatever can be expected.
const (
	crowd        = 128
	floodLasts   = 300 * time.Millisecond
	rushLasts    = 100 * time.Millisecond
	rushWait     = 50 * time.Millisecond
	standingWait = 2 * time.Millisecond
	few          = 16
	slowWait     = 5 * time.Second
	probeEvery   = 2 * time.Millisecond
	maxLag       = 2 * time.Millisecond
	stormLasts   = 100 * time.Millisecond
	adaptEvery   = 100 * time.Millisecond
)

// gate decides which requests are worked on, which wait and which are refused.
//
// As long as processors are free, everybody is served at once, up to most. In a storm requests are first read, then served: so those that matter most
// go first, those that would wait too long are refused early, and no more are under way than keep the processors busy. How many that are it finds
// out by itself, between least and most: with too many, each waits for the others; with too few, the processors wait for the store.
type gate struct {
	now func() time.Time
	// lag tells how long goroutines waited for a processor since it was last asked; false where too few did to say.
	lag func() (time.Duration, bool)
	// yield lets others run first, pause those too of whom the runtime does not know yet that there is something to read.
	yield, pause func()

	mu          sync.Mutex
	least, most float64
	limit       float64
	crowd       int
	busy        int
	lines       [Deferrable + 1]line
	// each is the time between two that a line let through, of the last ones.
	each time.Duration
	// pressed: somebody had to wait or was refused since adapted; through is when a line let one through.
	pressed          bool
	adapted, through time.Time
	// storm is when the storm is over, if nothing new comes up, flood likewise; rush is until when the flood may be a rush.
	storm, flood, rush time.Time
	// probed is when somebody looked, probing: somebody does.
	probed   time.Time
	probing  bool
	refusals pace.Refusals
	// calling: a goroutine is about to let in who waits; read are those who came since.
	calling bool
	read    int
}

func newGate(least, most int, now func() time.Time, lag func() (time.Duration, bool)) *gate {
	least = min(least, most)
	g := &gate{now: now, lag: lag, yield: runtime.Gosched, pause: func() { time.Sleep(time.Microsecond) }, least: float64(least), most: float64(most), limit: float64(min(4*least, most)), each: rushWait / 256, crowd: min(crowd, most/2)}
	g.adapted = now()
	return g
}

// ceiling is how many requests may be under way for one more of a priority to be let in. What is above a lower priority's is kept for the
// higher ones.
func (g *gate) ceiling(p Priority, now time.Time) int {
	limit := g.most
	if p != Vital && now.Before(g.storm) {
		limit = g.limit
	}
	percent := [...]float64{Vital: 100, Machine: 90, Interactive: 75, Deferrable: 50}[p]
	return max(1, int(limit*percent/100))
}

// admit lets a request in, now or after a while. It returns nil where it is refused.
func (g *gate) admit(ctx context.Context, p Priority) *turn {
	if t := g.enter(p); t != nil && t.wait(ctx) {
		return t
	}
	return nil
}

// probe looks how long one waits for a processor.
func (g *gate) probe() {
	begun := g.now()
	g.yield()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing, g.probed = false, g.now()
	if g.probed.Sub(begun) > maxLag {
		g.storm = g.probed.Add(stormLasts)
	}
}

// enter asks for a request to be served. The turn is served, or it waits, or it is nil: refused.
func (g *gate) enter(p Priority) *turn {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	if !g.probing && now.Sub(g.probed) >= probeEvery {
		g.probing = true
		go g.probe()
	}
	storm := now.Before(g.storm)
	if storm {
		g.adapt(now)
	}
	g.read++
	ahead, all := 0, g.busy
	for q := range g.lines {
		all += g.lines[q].length
		if Priority(q) <= p {
			ahead += g.lines[q].length
		}
	}
	if all >= g.crowd {
		if !now.Before(g.flood) {
			g.rush = now.Add(rushLasts)
		}
		g.flood = now.Add(floodLasts)
	}
	t := &turn{gate: g, priority: p, since: now}
	room := g.busy < g.ceiling(p, now)
	if room && ahead == 0 && (!storm || p == Vital) {
		g.busy++
		t.state = turnServed
		return t
	}
	g.pressed = g.pressed || !room
	if storm && ahead > 0 {
		g.storm = now.Add(stormLasts)
	}
	var longest time.Duration
	if longest, t.patience = g.patience(now); longest > 0 && ahead > few && time.Duration(ahead)*g.each > longest {
		g.flooded(now)
		return nil
	}
	t.ready = make(chan struct{})
	g.lines[p].push(t)
	if room && !g.calling {
		g.calling = true
		go g.callSoon()
	}
	return t
}

// callSoon lets in who waits, once everybody has been read who can be.
func (g *gate) callSoon() {
	g.yield()
	for range maxBatches {
		g.mu.Lock()
		many := g.read >= batch
		g.read = 0
		g.mu.Unlock()
		if !many {
			break
		}
		g.pause()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calling = false
	g.call(false)
}

// batch is how many requests the runtime finds readable at once, mostly: where so many came, there are more. maxBatches bounds for how long they
// are read before anybody is served.
const (
	batch      = 96
	maxBatches = 32
)

// flooded tells that somebody is refused: a flood goes on.
func (g *gate) flooded(now time.Time) {
	if now.Before(g.flood) {
		g.flood = now.Add(floodLasts)
	}
}

// call lets in who is next, as long as there is room. chained: one takes the place of another that is done.
func (g *gate) call(chained bool) {
	if !slices.ContainsFunc(g.lines[:], func(l line) bool { return l.length > 0 }) {
		return // mostly; the time costs more than all the rest
	}
	now := g.now()
	for p := range g.lines {
		for g.lines[p].length > 0 && g.busy < g.ceiling(Priority(p), now) {
			t := g.lines[p].first
			g.lines[p].remove(t)
			if d := now.Sub(g.through); chained && d < rushWait {
				g.each += (d - g.each) / 16
			}
			g.through = now
			t.state = turnServed
			g.busy++
			close(t.ready)
		}
	}
}

// adapt changes the limit, if it is due.
func (g *gate) adapt(now time.Time) {
	if now.Sub(g.adapted) < adaptEvery {
		return
	}
	g.adapted = now
	lag, known := g.lag()
	switch {
	case known && lag > maxLag:
		g.limit = max(g.least, g.limit*0.8)
	case g.pressed:
		g.limit = min(g.most, g.limit*1.1+1)
	}
	g.pressed = false
}

// state tells metrics how many are under way, how many may be, and how many wait.
func (g *gate) state() (busy, limit, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p := range g.lines {
		waiting += g.lines[p].length
	}
	limit = int(g.most)
	if g.now().Before(g.storm) {
		limit = int(g.limit)
	}
	return g.busy, limit, waiting
}
