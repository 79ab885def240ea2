package archive

import (
	"context"
	"errors"
	"io"
	"time"
)

// errStalled is why a request was given up in which nothing moved.
var errStalled = errors.New("nothing moved for too long")

// watcher ends a request in which nothing moves. How long all of it takes does not matter: that depends on the size.
type watcher struct {
	timer *time.Timer
	after time.Duration
	stop  func()
}

func watch(ctx context.Context, after time.Duration) (context.Context, *watcher) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &watcher{after: after}
	w.timer = time.AfterFunc(after, func() { cancel(errStalled) })
	w.stop = func() {
		w.timer.Stop()
		cancel(nil)
	}
	return ctx, w
}

// moving tells its watcher of every byte.
type moving struct {
	io.Reader
	w *watcher
}

// Read implements [io.Reader].
func (r moving) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if n > 0 {
		r.w.timer.Reset(r.w.after)
	}
	return n, err
}

// answer is the body of an answer; the watcher goes with it.
type answer struct {
	moving
	body io.Closer
}

// Close implements [io.Closer].
func (a answer) Close() error {
	defer a.w.stop()
	return a.body.Close()
}
