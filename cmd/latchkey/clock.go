//go:build !testclock

package main

import (
	"os"
	"time"
)

// clock is the time that decisions about accounts, tokens and keys are made by.
func clock() func() time.Time { return time.Now }

// environ is the environment that the configuration is read from.
func environ() []string { return os.Environ() }
