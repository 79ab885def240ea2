package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"
)

// drive does what a module waits for, until it has ended or its time is over.
func (r *run) drive(ctx context.Context, id, module string) (state, error) {
	deadline := time.Now().Add(moduleLimit)
	d := &drive{run: r, id: id, module: module}
	for {
		st, err := r.suite.state(ctx, id)
		if err != nil {
			return st, err
		}
		switch st.Status {
		case "FINISHED", "INTERRUPTED":
			return st, nil
		}
		if time.Now().After(deadline) || d.stuck() {
			return st, r.suite.call(ctx, http.MethodDelete, "/api/runner/"+id, nil, nil)
		}
		if err := d.step(ctx, st); err != nil {
			return st, err
		}
		if err := pause(ctx, 250*time.Millisecond); err != nil {
			return st, err
		}
	}
}

// drive is what is known of a module that goes on.
type drive struct {
	*run
	id, module string
	status     string
	since      time.Time
	started    bool
	looked     bool
	shot       string
}

// stuck: the module has waited for something too long, and it is not for us.
func (d *drive) stuck() bool { return d.status == "WAITING" && time.Since(d.since) > waitLimit }

// patience is how long a module stays in a state before it counts as waiting for us: the suite's own browser takes a while.
const patience = 3 * time.Second

// waitLimit is how long a module may wait for what never comes; some sleep for a minute in that state.
const waitLimit = 100 * time.Second

func (d *drive) step(ctx context.Context, st state) error {
	if st.Status != d.status {
		d.status, d.since, d.looked = st.Status, time.Now(), false
	}
	waited := time.Since(d.since) > patience
	switch {
	case st.Status == "CONFIGURED" && !d.started && waited:
		d.started = true
		if rotates(d.module) {
			if err := d.op.rotate(ctx); err != nil {
				return err
			}
		}
		return d.suite.call(ctx, http.MethodPost, "/api/runner/"+d.id, nil, nil)
	case st.Status == "WAITING":
		b, err := d.suite.browsing(ctx, d.id)
		if err != nil {
			return gone(err)
		}
		for _, u := range b.URLs {
			if err := d.visit(ctx, u); err != nil {
				return err
			}
		}
		if waited && len(b.URLs) == 0 && !d.looked {
			d.looked = true
			return d.upload(ctx, b)
		}
	}
	return nil
}

// gone is no error: the module, or the page that the suite's browser was at, ended meanwhile.
func gone(err error) error {
	var s *statusError
	if errors.As(err, &s) && (s.status == http.StatusNotFound || s.status >= http.StatusInternalServerError) {
		return nil
	}
	return err
}

// visit opens an address with the real browser. Where that fails, the module says what it misses.
func (d *drive) visit(ctx context.Context, address string) error {
	if err := d.suite.call(ctx, http.MethodPost, "/api/runner/browser/"+d.id+"/visit?url="+url.QueryEscape(address), nil, nil); err != nil {
		return gone(err)
	}
	s, err := d.chromium.visit(ctx, d.id, address)
	if err != nil && d.settings.verbose {
		fmt.Fprintf(os.Stderr, "%s: %v\n", d.module, err)
	}
	d.shot = s.Shot
	return ctx.Err()
}

// upload fills the screenshots that are waited for: with what the real browser saw, or with words about what the suite's own saw.
func (d *drive) upload(ctx context.Context, b browsing) error {
	entries, err := d.suite.log(ctx, d.id)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Upload == "" || e.Img != "" {
			continue
		}
		shot := d.shot
		if shot == "" {
			at := "nothing"
			if n := len(b.Runners); n > 0 {
				at = b.Runners[n-1].CurrentURL
			}
			if shot, err = d.chromium.card(ctx, fmt.Sprintf("%s: the suite's own browser stopped at %s", d.module, at)); err != nil {
				return err
			}
		}
		if err := d.suite.call(ctx, http.MethodPost, "/api/log/"+d.id+"/images/"+e.Upload, shot, nil); err != nil {
			return gone(err)
		}
	}
	return nil
}
