package main

import (
	"context"
	"net"
	"net/http"
	"time"
)

// public is the listener that faces the public, and what serves it.
type public struct {
	*http.Server
	ln net.Listener
	// closed is closed when nobody is let in any more, and all who were are known to the server.
	closed chan struct{}
}

// lastRequests is how long connections that were kept may be used once more, when no new one is let in.
const lastRequests = 500 * time.Millisecond

// end lets nobody in any more, and then waits for the requests under way. A connection that was accepted the moment before must be known to the
// server by then, else it would be closed with the process, and a proxy in front would lose the request that it sent. On kept connections
// proxies may send one more for a while: they are told to close with the answer.
func (p public) end(ctx context.Context, last time.Duration) error {
	_ = p.ln.Close()
	select {
	case <-p.closed:
		wait(ctx, last)
	case <-ctx.Done():
	}
	return p.Shutdown(ctx)
}
