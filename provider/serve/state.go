package serve

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// state is everything the edge knows of one request, and the request's context.
//
// Most requests end without ever waiting for anything that a deadline could cut short, so the timer is only made when somebody asks for it
// ([context.Context].Done or Deadline): a context of the standard library with a time-out, from then on in place of the one that net/http gave.
type state struct {
	edge  *Edge
	rec   Record
	w     recorder
	route string
	// turn is the request's at the gate, nil where it had none.
	turn *turn
	// root is the request's span as others see it who start spans below it. span records it; nil where it is not sampled.
	root plainSpan
	span trace.Span

	// door is that of the request's connection, nil where it has none.
	door *doorConn

	parent context.Context
	mu     sync.Mutex
	// timed is parent with the deadline, nil until it is needed; over: the request is served.
	timed  context.Context
	cancel context.CancelFunc
	over   bool
}

type stateKey struct{}

func stateOf(ctx context.Context) *state {
	if st, ok := ctx.(*state); ok {
		return st
	}
	st, _ := ctx.Value(stateKey{}).(*state)
	return st
}

// Deadline implements [context.Context].
func (st *state) Deadline() (time.Time, bool) { return st.withDeadline().Deadline() }

// Done implements [context.Context].
func (st *state) Done() <-chan struct{} { return st.withDeadline().Done() }

// Err implements [context.Context]. That the time is over is told to those who wait for it.
func (st *state) Err() error {
	st.mu.Lock()
	timed, over := st.timed, st.over
	st.mu.Unlock()
	switch {
	case timed != nil:
		return timed.Err()
	case over:
		return context.Canceled
	}
	return st.parent.Err()
}

// Value implements [context.Context].
func (st *state) Value(key any) any {
	switch key.(type) {
	case recordKey:
		return &st.rec
	case stateKey:
		return st
	}
	if key == st.edge.spanKey && st.edge.tracer != nil {
		if st.span != nil {
			return st.span
		}
		return &st.root
	}
	st.mu.Lock()
	up := st.timed
	st.mu.Unlock()
	if up == nil {
		up = st.parent
	}
	return up.Value(key)
}

func (st *state) withDeadline() context.Context {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.timed == nil {
		st.timed, st.cancel = context.WithTimeout(st.parent, st.edge.cfg.RequestTimeout-st.edge.cfg.Now().Sub(st.rec.Start))
		if st.over {
			st.cancel()
		}
	}
	return st.timed
}

// end ends the context.
func (st *state) end() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.over = true
	if st.cancel != nil {
		st.cancel()
	}
}
