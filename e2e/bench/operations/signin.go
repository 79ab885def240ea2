package operations

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
)

// signingIn posts the form of the sign-in page from browsers that are known and not signed in: the session of who is would end.
func (i *issuer) signingIn() load.Source {
	e := &each{want: http.StatusSeeOther}
	for n, known := range i.known {
		form := url.Values{"username": {name(n)}, "password": {password}}
		e.targets = append(e.targets, load.Form(i.Issuer+"/login", form.Encode(), http.Header{"Cookie": {known}}))
	}
	return e
}

// signIns is what a sign-in costs beside its hash. With the hash of production the rest drowns in the hash's own variation, so it is taken from a server
// with the smallest hash there is, less that hash; and the whole, from the server as it is, stands beside it. What the server's own process takes of that
// whole is told too, without a bound: it is more, since each hash leaves the core's caches full of its own memory and 25 ms without anything to do.
func signIns(r *rig.Rig, i *issuer) ([]report.Row, error) {
	small := start(r, map[string]any{"dev": true, "accounts.hash.memory": "8KiB", "accounts.hash.passes": 1}) // development lets a hash be so small
	b := r.Bare("alone", r.Dir)
	hash := func(n, memory, passes int) rig.Take {
		return func() (load.Sample, error) {
			return ask(b, fmt.Sprintf("/hash?n=%d&memory=%d&passes=%d", n, memory, passes))
		}
	}
	tiny := 2000
	if r.Smoke {
		tiny = 20
	}
	own := func(i *issuer) rig.Take {
		r.Beside = func() time.Duration { return rig.CPU(i.PID()) }
		defer func() { r.Beside = nil }()
		return i.loop(connections, i.signingIn())
	}
	got, err := r.Turns(own(i), hash(max(1, tiny/100), 19<<10, 2), own(small), hash(tiny, 8, 1))
	if err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	whole := rig.Compare("sign-in, all of it", got[0], got[1])
	whole.Bottom, whole.Note = "argon2id, 19 MiB, two passes, without HTTP", "what it varies by is the hash"
	rest := rig.Plain("sign-in, all beside the hash, as a share of the hash", got[2])
	rest.Ours -= rig.MedianOf(got[3], load.Sample.PerRequest)
	// The hash costs what it costs here, where that is less than in the bare process: whoever allocates otherwise hashes faster.
	rest.Bare, rest.Bottom = min(whole.Bare, whole.Ours-rest.Ours), whole.Bottom+", or what is left of a whole sign-in where that is less"
	rest.Ratio = rest.Ours / rest.Bare
	rest.Note = "taken with an argon2id of 8 KiB, less its cost"
	rest.Rate, rest.P50, rest.P99 = 0, 0, 0
	server := rig.Plain("sign-in, the server's own process", got[0])
	server.Ours = rig.MedianOf(got[0], load.Sample.BesidePerRequest)
	server.Bare, server.Bottom = whole.Bare, whole.Bottom
	server.Ratio, server.Rate, server.P50, server.P99 = server.Ours/server.Bare, 0, 0, 0
	server.Note = fmt.Sprintf("its caches are cold after each hash; with a hash of 8 KiB it is %s µs, and all with the process of that hash, less the hash, the row before", report.Number(rig.MedianOf(got[2], load.Sample.BesidePerRequest)))
	r.Say("%-50s %8.1f µs ÷ %8.1f µs = %.4f (whole: %.2f)", rest.Name, rest.Ours, rest.Bare, rest.Ratio, whole.Ratio)
	return []report.Row{rest.Most(0.02), server, whole}, nil
}
