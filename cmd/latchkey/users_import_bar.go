package main

import (
	"fmt"
	"strings"
	"time"
)

// count tells how many records there were, of which part is done; less than 0 where that is not known.
func (p *progress) count(n int64, part float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if p.begun.IsZero() {
		p.begun = now
	}
	every := lineEvery
	if p.bar {
		every = barEvery
	}
	if now.Sub(p.told) < every && part < 1 {
		return
	}
	p.told = now
	text := fmt.Sprintf("%d lines", n)
	if part >= 0 {
		text = fmt.Sprintf("%3.0f %%  %s", part*100, text)
	}
	if !p.bar {
		_, _ = fmt.Fprintln(p.out, strings.TrimSpace(text))
		return
	}
	const width = 30
	full := int(max(part, 0) * width)
	_, _ = fmt.Fprintf(p.out, "\r\x1b[K[%s%s] %s  %v", strings.Repeat("#", full), strings.Repeat(".", width-full), text, now.Sub(p.begun).Round(time.Second))
	p.behind = true
}
