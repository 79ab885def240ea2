package fetch

import (
	"context"
	"sync"
)

// How many fetches run at once: from one host, so that a slow one cannot take all places, and in all.
const (
	maxPerHost = 4
	maxFetches = 64
)

// gate holds back what is too much. The rest waits, as long as its context does.
type gate struct {
	all chan struct{}
	mu  sync.Mutex
	// hosts has an entry for each host that somebody fetches from, or waits for.
	hosts map[string]*places
}

type places struct {
	taken chan struct{}
	users int
}

func newGate() *gate {
	return &gate{all: make(chan struct{}, maxFetches), hosts: map[string]*places{}}
}

// enter takes a place at the host and then one of all; leave gives both back. Errors: that of ctx.
func (g *gate) enter(ctx context.Context, host string) (leave func(), err error) {
	p := g.join(host)
	select {
	case p.taken <- struct{}{}:
	case <-ctx.Done():
		g.part(host, p)
		return nil, ctx.Err()
	}
	select {
	case g.all <- struct{}{}:
	case <-ctx.Done():
		<-p.taken
		g.part(host, p)
		return nil, ctx.Err()
	}
	return func() {
		<-g.all
		<-p.taken
		g.part(host, p)
	}, nil
}

func (g *gate) join(host string) *places {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.hosts[host]
	if p == nil {
		p = &places{taken: make(chan struct{}, maxPerHost)}
		g.hosts[host] = p
	}
	p.users++
	return p
}

func (g *gate) part(host string, p *places) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.users--; p.users == 0 {
		delete(g.hosts, host)
	}
}
