//go:build testclock

package main

import (
	"os"
	"strings"
	"time"
)

// clockFile names the file that says how far the clock is moved, as a Go duration. Only builds for tests of what waits for days know it.
const clockFile = "LATCHKEY_CLOCK_FILE"

// clock is the time of the machine, moved by what the file says now.
func clock() func() time.Time {
	name := os.Getenv(clockFile)
	return func() time.Time { return time.Now().Add(ahead(name)) }
}

// ahead is nothing where there is no file, or nothing in it that can be read.
func ahead(name string) time.Duration {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0
	}
	d, _ := time.ParseDuration(strings.TrimSpace(string(text)))
	return d
}

// environ is the environment without that variable, which the configuration does not know.
func environ() []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, clockFile+"=") {
			out = append(out, v)
		}
	}
	return out
}
