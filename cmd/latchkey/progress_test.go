package main

import (
	"bytes"
	"strings"
	"testing"

	"latchkey/storage/transfer"
)

// TestProgressBar: one line that is written over, and that leaves nothing behind.
func TestProgressBar(t *testing.T) {
	out := new(bytes.Buffer)
	p := newProgress(out)
	if p.bar {
		t.Error("a buffer is taken for a terminal")
	}
	p.bar, p.total = true, 200
	p.tell(transfer.Progress{Stage: transfer.StageCopy, Records: 100, Found: 50})
	p.tell(transfer.Progress{Stage: transfer.StageCopy, Records: 150}) // too soon to be told
	p.tell(transfer.Progress{Stage: transfer.StageVerify, Records: 300})
	p.say("something else")
	p.end()
	const line = "\r\x1b[K"
	want := "going on: 50 records are there already\n" +
		line + "copied     [" + strings.Repeat("#", 15) + strings.Repeat(".", 15) + "]  50 %  100 records  0s" +
		line + "read again [" + strings.Repeat("#", 30) + "] 100 %  300 records  0s" +
		line + "something else\n"
	if out.String() != want {
		t.Errorf("%q, want\n%q", out, want)
	}
}
