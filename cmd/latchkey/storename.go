package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/postgres"
)

// storeName is a store as it stands on a command line.
type storeName struct {
	driver string
	// at is the file, or the connection string, which is secret; shown is what may be printed.
	at, shown string
}

// String tells nothing secret.
func (n storeName) String() string { return n.driver + ":" + n.shown }

// GoString tells nothing secret, either.
func (n storeName) GoString() string { return n.String() }

// parseStore reads a store's name. What a file or a variable should hold and does not is a fault of the configuration.
func (a *app) parseStore(flag, text string) (n storeName, err error) {
	driver, rest, _ := strings.Cut(text, ":")
	wrong := func(why string) (storeName, error) { return n, usageError{fmt.Errorf("%s: %s", flag, why)} }
	switch {
	case driver == "memory":
		return wrong("what is in memory is gone when the process ends: there is nothing to move")
	case driver == "bolt" && rest != "":
		path, err := filepath.Abs(rest)
		return storeName{driver: "bolt", at: path, shown: path}, err
	case driver != "postgres" && driver != "postgresql" || rest == "":
		return wrong("a store is bolt:FILE, postgres:file:FILE, postgres:env:NAME or postgres:URL")
	}
	n.driver = "postgres"
	where, name, _ := strings.Cut(rest, ":")
	switch {
	case strings.HasPrefix(rest, "//"): // postgres://…, as it is
		n.at, n.shown = "postgres:"+rest, "URL"
	case where == "file":
		body, err := os.ReadFile(name)
		if err != nil {
			return n, config.Faults{{Key: flag, Problem: err.Error()}}
		}
		n.at, n.shown = strings.TrimSpace(string(body)), rest
	case where == "env":
		n.at, n.shown = strings.TrimSpace(variable(a.env, name)), rest
	default:
		n.at, n.shown = rest, "URL"
	}
	if n.shown == "URL" && holdsPassword(n.at) {
		return storeName{}, usageError{fmt.Errorf("%s: everybody on this machine can see a password on a command line: put the connection string into a file (postgres:file:FILE) or a variable (postgres:env:NAME)", flag)}
	}
	if n.at == "" {
		return n, config.Faults{{Key: flag, Problem: "there is no connection string in it", Where: n.shown}}
	}
	if err := postgres.CheckURL(n.at); err != nil {
		return n, config.Faults{{Key: flag, Problem: err.Error(), Where: n.shown}}
	}
	return n, nil
}

func variable(env []string, name string) (value string) {
	for _, e := range env {
		if n, v, _ := strings.Cut(e, "="); n == name {
			value = v // the last one counts
		}
	}
	return value
}

// holdsPassword says whether a connection string does, as far as can be told from outside of the driver.
func holdsPassword(text string) bool {
	if u, err := url.Parse(text); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return true
		}
	}
	return regexp.MustCompile(`(?i)(password|passwd)\s*=`).MatchString(text)
}

// openPatience is how long a command waits for a database that is away.
const openPatience = 10 * time.Second

// open opens the store to move it. there: it must be there already.
func (n storeName) open(ctx context.Context, bar *progress, there bool) (storage.Store, error) {
	if n.driver == "postgres" {
		return n.openPostgres(ctx, bar)
	}
	open := bolt.OpenOrMake
	if there {
		open = bolt.OpenAlone
	}
	s, err := open(ctx, n.at)
	switch {
	case errors.Is(err, bolt.ErrHeld), errors.Is(err, fs.ErrNotExist), errors.Is(err, storage.ErrUnavailable):
		return nil, unavailableError{err}
	case err != nil:
		return nil, err
	}
	return s, nil
}

func (n storeName) openPostgres(ctx context.Context, bar *progress) (storage.Store, error) {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	var timer *time.Timer
	s, err := postgres.Open(waiting, postgres.Options{URL: n.at, Transfer: true, OnWait: func(err error) {
		bar.say(fmt.Sprintf("%s is away; waiting %v for it", n, openPatience))
		timer = time.AfterFunc(openPatience, cancel)
	}})
	if timer != nil {
		timer.Stop()
	}
	if errors.Is(err, storage.ErrUnavailable) {
		return nil, unavailableError{fmt.Errorf("%s: %w", n, err)}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n, err)
	}
	holders, connections, err := s.InUse(ctx)
	if err == nil && len(holders)+connections > 0 {
		err = fmt.Errorf("%s is in use: %d servers have a lease (%s), %d connections are a server's. Stop them all first, whose leases then end within seconds",
			n, len(holders), strings.Join(holders, ", "), connections)
	}
	if err != nil {
		return nil, unavailableError{errors.Join(err, s.Close())}
	}
	return s, nil
}
