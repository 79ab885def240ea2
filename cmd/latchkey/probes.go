package main

import (
	"crypto/rand"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"time"

	"latchkey/cmd/latchkey/doctor"
	"latchkey/provider/serve"
)

// A probe is kept for probeLife; maxProbes are kept at most.
const probeLife, maxProbes = time.Minute, 16

// probes remember what the server makes of single requests, for `latchkey doctor`: whoever asks has opened the admin socket, and sends a request
// with the token that it got there. What is remembered is told at the socket alone.
type probes struct {
	now  func() time.Time
	mu   sync.Mutex
	open map[string]*openProbe
}

type openProbe struct {
	doctor.Probe
	until time.Time
}

func newProbes(now func() time.Time) *probes { return &probes{now: now, open: map[string]*openProbe{}} }

// watch lets requests through and remembers those with a token.
func (p *probes) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.Header.Get(doctor.ProbeHeader); token != "" {
			p.note(token, r)
		}
		next.ServeHTTP(w, r)
	})
}

func (p *probes) note(token string, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.open[token]
	if o == nil || p.now().After(o.until) {
		return
	}
	peer, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		peer = r.RemoteAddr
	}
	o.Seen, o.Address, o.Peer = true, serve.RecordOf(r.Context()).Address, peer
	o.ForwardedFor, o.Forwarded = r.Header.Values("X-Forwarded-For"), r.Header.Values("Forwarded")
}

// begin makes a token; ok is false where too many are open.
func (p *probes) begin() (probe doctor.Probe, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for token, o := range p.open {
		if p.now().After(o.until) {
			delete(p.open, token)
		}
	}
	if len(p.open) >= maxProbes {
		return doctor.Probe{}, false
	}
	o := &openProbe{Probe: doctor.Probe{Token: rand.Text()}, until: p.now().Add(probeLife)}
	p.open[o.Token] = o
	return o.Probe, true
}

// result tells of a probe. One that was seen is told once.
func (p *probes) result(token string) (probe doctor.Probe, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.open[token]
	if o == nil {
		return doctor.Probe{}, false
	}
	if o.Seen {
		delete(p.open, token)
	}
	return o.Probe, true
}

// beside serves probes at the admin socket, and everything else by next.
func (p *probes) beside(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v doctor.Probe, ok bool, status int) {
		w.Header().Set("Content-Type", "application/json")
		if !ok {
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(map[string]string{"message": http.StatusText(status)})
			return
		}
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("POST /v1/probes", func(w http.ResponseWriter, _ *http.Request) {
		v, ok := p.begin()
		answer(w, v, ok, http.StatusServiceUnavailable)
	})
	mux.HandleFunc("GET /v1/probes/{token}", func(w http.ResponseWriter, r *http.Request) {
		v, ok := p.result(r.PathValue("token"))
		answer(w, v, ok, http.StatusNotFound)
	})
	mux.Handle("/", next)
	return mux
}
