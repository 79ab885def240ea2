package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"latchkey/storage/transfer"
)

// progress tells people how far a move is: a bar where they look on, a line now and then where they read it later.
type progress struct {
	out io.Writer
	bar bool
	// total is about how many records there are.
	total int64

	mu     sync.Mutex
	begun  time.Time
	told   time.Time
	stage  transfer.Stage
	behind bool // the bar stands in the line
}

// How often something is told.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 5 * time.Second
)

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.bar = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return p
}

// say writes a line of its own.
func (p *progress) say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	_, _ = fmt.Fprintln(p.out, text)
}

func (p *progress) clear() {
	if p.behind {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.behind = false
	}
}

// end leaves the line to others.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// tell is told by [transfer.Copy].
func (p *progress) tell(at transfer.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.stage != at.Stage {
		if p.begun = now; p.stage == "" && at.Found > 0 {
			_, _ = fmt.Fprintf(p.out, "going on: %d records are there already\n", at.Found)
		}
		p.stage, p.told = at.Stage, time.Time{}
	}
	every := lineEvery
	if p.bar {
		every = barEvery
	}
	if now.Sub(p.told) < every && at.Records < p.total {
		return
	}
	p.told = now
	what := map[transfer.Stage]string{transfer.StageCopy: "copied", transfer.StageVerify: "read again"}[at.Stage]
	part := min(float64(at.Records)/float64(max(p.total, 1)), 1)
	if !p.bar {
		_, _ = fmt.Fprintf(p.out, "%s %d of about %d records, %.0f %%\n", what, at.Records, p.total, part*100)
		return
	}
	const width = 30
	done := int(part * width)
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K%-10s [%s%s] %3.0f %%  %d records  %v", what, strings.Repeat("#", done), strings.Repeat(".", width-done), part*100,
		at.Records, now.Sub(p.begun).Round(time.Second))
	p.behind = true
}
