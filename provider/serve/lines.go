package serve

import (
	"io"
	"sync"
	"time"
)

// LineDelay is how long routine lines of the log may wait for others, so that they are written together: at thousands of requests a second, a write
// for each costs as much as the rest of the edge.
const LineDelay = 5 * time.Millisecond

// maxWaiting is how many bytes of lines wait at most; whoever is over it waits for the write.
const maxWaiting = 64 << 10

// Lines writes lines to a file or pipe. Those of [Lines.Write] are written before it returns, and with them whatever waits; those of [Lines.Later]
// soon. The order stays. A process that is killed loses what waited: the routine lines of its last [LineDelay].
type Lines struct {
	w     io.Writer
	delay time.Duration

	mu      sync.Mutex
	waiting []byte
	// armed: the timer will write what waits.
	armed bool
	timer *time.Timer

	// writing is held while w is written to, and taken before mu.
	writing sync.Mutex
	spare   []byte
}

// NewLines gathers lines for at most delay; 0 for not at all.
func NewLines(w io.Writer, delay time.Duration) *Lines {
	l := &Lines{w: w, delay: delay}
	if delay > 0 {
		l.timer = time.AfterFunc(delay, func() { _ = l.Flush() })
		l.timer.Stop()
	}
	return l
}

// Write implements [io.Writer]: p is written, after all that waits.
func (l *Lines) Write(p []byte) (int, error) {
	if err := l.write(p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Later takes p to be written soon. It keeps nothing of p itself.
func (l *Lines) Later(p []byte) {
	if l.delay <= 0 {
		_ = l.write(p) // whom should it be told
		return
	}
	l.mu.Lock()
	l.waiting = append(l.waiting, p...)
	full := len(l.waiting) > maxWaiting
	if !l.armed {
		l.armed = true
		l.timer.Reset(l.delay)
	}
	l.mu.Unlock()
	if full {
		_ = l.write(nil)
	}
}

// Flush writes what waits.
func (l *Lines) Flush() error { return l.write(nil) }

func (l *Lines) write(more []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	l.mu.Lock()
	out := append(l.waiting, more...)
	l.waiting, l.armed = l.spare[:0], false
	l.mu.Unlock()
	l.spare = out[:0]
	if cap(out) > 4*maxWaiting { // one huge line is not to be kept room for
		l.spare = nil
	}
	if len(out) == 0 {
		return nil
	}
	_, err := l.w.Write(out)
	return err
}
