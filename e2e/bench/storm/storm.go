// Package storm measures what the server does when more is asked than it can do: ten times its capacity in a mix of requests, two thousand people
// who sign in at once, two thousand connections that are slow or idle. Everything runs for 60 s each with the sizes of the promise, else for less.
package storm

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// Section is this part of the benchmark.
func Section() rig.Section {
	return rig.Section{Name: "storm", What: "ten times capacity, two thousand sign-ins at once, slow connections", Run: run}
}

func run(r *rig.Rig) (rows []report.Row, err error) {
	for _, part := range []func(*rig.Rig) ([]report.Row, error){mixed, atOnce, slow} {
		more, err := part(r)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// start starts a server with settings of production, but that all addresses are one.
func start(r *rig.Rig, more map[string]any, env ...string) *harness.Server {
	conf := map[string]any{"log.level": "info", "accounts.limits.address_attempts": 1 << 30, "accounts.hash.memory": "19MiB", "accounts.hash.passes": 2}
	for k, v := range more {
		conf[k] = v
	}
	return r.Start(harness.Options{Config: conf, Env: env})
}

// drive makes requests of all classes at once for a while, together so many a second.
func drive(classes []*class, rate float64, during time.Duration) {
	all := 0.0
	for _, c := range classes {
		all += c.weight
	}
	var wg sync.WaitGroup
	for _, c := range classes {
		c.reset()
		wg.Go(func() {
			client := load.New(connections, 20*time.Second)
			defer client.Close()
			client.Open(c, rate*c.weight/all, connections, during)
		})
	}
	wg.Wait()
}

// connections is how many each class has at most: all together fewer than server.limits.max_connections.
const connections = 250

// capacity is how many requests a second of the mix are served where none is refused: found by asking for more until some are.
func capacity(r *rig.Rig, classes []*class) float64 {
	lo, hi := 50.0, 100.0
	fits := func(rate float64) bool {
		drive(classes, rate, 3*time.Second)
		refused, all := 0, 0
		for _, c := range classes {
			refused, all = refused+c.refused+c.wrong, all+c.all()
		}
		r.Say("%.0f a second of the mix: %d of %d refused", rate, refused, all)
		return refused*200 <= all
	}
	for fits(hi) && hi < 20000 {
		lo, hi = hi, hi*2
	}
	for range 3 {
		if mid := (lo + hi) / 2; fits(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// mixed is the storm of everything.
func mixed(r *rig.Rig) (rows []report.Row, err error) {
	s := start(r, nil)
	defer s.Stop(r.T)
	classes, err := mix(r, s)
	if err != nil {
		return nil, err
	}
	drive(classes, 50, time.Second) // pages and workers are warm
	full := capacity(r, classes)
	long, short := 10*time.Second, 5*time.Second
	if r.Full {
		long, short = time.Minute, 20*time.Second
	}
	drive(classes, full/2, short)
	normal := map[string]time.Duration{}
	for _, c := range classes {
		normal[c.name] = c.quantile(0.99)
	}
	drive(classes, full*10, long)
	good, wrong, share := 0, 0, map[string]float64{}
	for _, c := range classes {
		good, wrong = good+len(c.accepted), wrong+c.wrong
		share[c.name] = float64(len(c.accepted)) / float64(max(c.all(), 1))
		rows = append(rows, report.Row{Name: "p99 of what is served at ten times capacity: " + c.name, Unit: "ms", Ours: ms(c.quantile(0.99)), Bare: ms(normal[c.name]),
			Ratio: ms(c.quantile(0.99)) / ms(normal[c.name]), Bottom: "at half of it", P50: ms(c.quantile(0.5)), Rate: float64(len(c.accepted)) / long.Seconds(),
			Note: fmt.Sprintf("%.1f %% served, the rest refused", 100*share[c.name])}.Most(2))
		r.Say("%-14s %.1f %% served, p99 %v, was %v; %d wrong %s", c.name, 100*share[c.name], c.quantile(0.99), normal[c.name], c.wrong, c.first)
	}
	rows = append(rows,
		report.Row{Name: "served a second at ten times capacity", Unit: "requests", Ours: float64(good) / long.Seconds(), Bare: full, Ratio: float64(good) / long.Seconds() / full, Bottom: "capacity"}.Least(0.8),
		report.Row{Name: "answers that are neither right nor 503 or 429 with Retry-After", Unit: "answers", Ours: float64(wrong)}.Most(0),
		report.Row{Name: "classes that were refused more than a less important one", Unit: "classes", Ours: disorder(classes, share)}.Most(0))
	time.Sleep(5 * time.Second)
	drive(classes, full/2, short)
	late := 0
	for _, c := range classes {
		late += c.refused + c.wrong
	}
	return append(rows, report.Row{Name: "refused at half of capacity, from 5 s after the storm", Unit: "requests", Ours: float64(late)}.Most(0)), nil
}

// disorder counts the classes of which a smaller part was served than of one that matters less.
func disorder(classes []*class, share map[string]float64) (n float64) {
	for i, c := range classes {
		if slices.ContainsFunc(classes[i+1:], func(less *class) bool { return less.order > c.order && share[less.name] > share[c.name]+0.01 }) {
			n++
		}
	}
	return n
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Start starts a server as the storms meet it, and returns what makes the mix of requests, so many a second, for a while: it tells how many answers
// were wrong, and what the first of them was.
func Start(r *rig.Rig) (*harness.Server, func(rate float64, during time.Duration) (wrong int, first string), error) {
	s := start(r, nil)
	classes, err := mix(r, s)
	return s, func(rate float64, during time.Duration) (wrong int, first string) {
		drive(classes, rate, during)
		for _, c := range classes {
			if wrong += c.wrong; first == "" {
				first = c.first
			}
		}
		return wrong, first
	}, err
}
