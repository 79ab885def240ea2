package main

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A loop that does not end, such as one whose read of a folder hangs, holds the process no longer than the drain may take, and is told of.
func TestEndOfLoops(t *testing.T) {
	for what, row := range map[string]struct {
		takes, left, most time.Duration // what the loop needs, what is left of the drain, and how long it may hold up the end
		told              bool
	}{
		"they end":                         {3 * time.Second, 20 * time.Second, 3 * time.Second, false},
		"one does not":                     {time.Hour, 20 * time.Second, 20 * time.Second, true},
		"requests took all of the time":    {time.Second / 2, 0, time.Second / 2, false},
		"and a loop would take more of it": {time.Hour, 0, lastMoment, true},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log strings.Builder
				work, stop := context.WithCancel(t.Context())
				s := &server{log: slog.New(slog.NewTextHandler(&log, nil)), stop: stop}
				s.work.Go(func() { <-work.Done(); time.Sleep(row.takes) })
				began := time.Now()
				s.endWork(t.Context(), began.Add(row.left))
				if took := time.Since(began); took != row.most || strings.Contains(log.String(), "did not end") != row.told {
					t.Errorf("after %s; log: %s", took, &log)
				}
				again := time.Now()
				s.endWork(t.Context(), again)
				if took := time.Since(again); took > lastMoment {
					t.Errorf("once more: %s", took)
				}
				s.work.Wait()
			})
		})
	}
}
