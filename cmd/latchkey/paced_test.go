package main

import (
	"errors"
	"testing"
	"time"
)

func TestFaultsThatLastAreToldOfOnceAMinute(t *testing.T) {
	var p paced
	now, away := time.Unix(1e9, 0), errors.New("away")
	for _, row := range []struct {
		name  string
		after time.Duration
		err   error
		want  bool
	}{
		{"well", 0, nil, false},
		{"the first time", time.Second, away, true},
		{"soon again", 59 * time.Second, away, false},
		{"after a minute", time.Second, away, true},
		{"well in between", time.Second, nil, false},
		{"then anew", time.Second, away, true},
		{"the clock was set back", -time.Hour, away, true},
	} {
		if now = now.Add(row.after); p.due(row.err, now) != row.want {
			t.Errorf("%s: not %v", row.name, row.want)
		}
	}
}
