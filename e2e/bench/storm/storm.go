// Package storm measures what the server does when more is asked than it can do: ten times its capacity in a mix of requests and of tokens alone,
// two thousand people who sign in at once, two thousand connections that are slow or idle. Storms last 60 s each with the sizes of the promise, else
// less.
//
// Capacity is what is served from 16 connections in a closed loop, normal is an open loop at seven tenths of that, by the same generator in the same
// run; of tokens alone, which take all of the core, in turn with the storm. The generator shares the machine and adds to every latency: so what it sees of a bare handler, asked as often, stands beside.
package storm

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// Section is this part of the benchmark.
func Section() rig.Section {
	return rig.Section{Name: "storm", What: "ten times capacity, two thousand sign-ins at once, slow connections", Run: run}
}

// Shares of capacity.
const (
	normally = 0.7
	stormily = 10
)

func run(r *rig.Rig) (rows []report.Row, err error) {
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // collections of the generator are latencies of the server
	for _, part := range []struct {
		name string
		run  func(*rig.Rig) ([]report.Row, error)
	}{{"mixed", mixed}, {"alone", alone}, {"at once", atOnce}, {"slow", slow}} {
		if !r.Wants(part.name) {
			continue
		}
		more, err := part.run(r)
		rows = append(rows, more...)
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}

// times are how long a storm lasts, and anything else that is taken.
func times(r *rig.Rig) (long, short time.Duration) {
	if r.Full {
		return time.Minute, 15 * time.Second
	}
	return 10 * time.Second, 5 * time.Second
}

// start starts a server with settings of production, but that all addresses are one.
func start(r *rig.Rig, more map[string]any, env ...string) *harness.Server {
	conf := map[string]any{"log.level": "info", "accounts.limits.address_attempts": 1 << 30, "accounts.hash.memory": "19MiB", "accounts.hash.passes": 2}
	for k, v := range more {
		conf[k] = v
	}
	return r.Start(harness.Options{Config: conf, Env: env})
}

// mixed is the storm of everything.
func mixed(r *rig.Rig) (rows []report.Row, err error) {
	s := start(r, nil)
	defer s.Stop(r.T)
	classes, err := mix(r, s)
	if err != nil {
		return nil, err
	}
	long, short := times(r)
	drive(classes, 50, time.Second) // pages and workers are warm
	full, err := closed(classes, 16, short)
	if err != nil {
		return nil, err
	}
	said := watch(s.PID())
	drive(classes, full*normally, long) // as long as the storm: in a shorter time the p99 of what is rare is its worst
	normal := quantiles(classes)
	r.Say("capacity %.0f a second of the mix; at %.0f %% of it: %s", full, 100*normally, said())
	said = watch(s.PID())
	drive(classes, full*stormily, long)
	meanwhile := said()
	r.Say("at %d times capacity: %s", stormily, meanwhile)
	rows = judge(r, classes, normal, full, long, meanwhile)
	time.Sleep(5 * time.Second)
	drive(classes, full*normally, short)
	late, worst := 0, 0.0
	for _, c := range classes {
		late += c.refused + c.wrong
		worst = max(worst, ms(c.quantile(0.99))/ms(normal[c.name]))
	}
	rows = append(rows, report.Row{Name: "refused at seven tenths of capacity, from 5 s after the storm", Unit: "requests", Ours: float64(late),
		Note: fmt.Sprintf("p99 is at most %.1f times what it was before", worst)}.Most(0))
	own, err := ownPart(r, classes, full)
	return append(rows, own), err
}

// judge makes rows of what was served and refused in the storm.
func judge(r *rig.Rig, classes []*class, normal map[string]time.Duration, full float64, long time.Duration, meanwhile string) (rows []report.Row) {
	good, hashes, wrong, share := 0, 0, 0, map[string]float64{}
	for _, c := range classes {
		good, wrong = good+len(c.accepted), wrong+c.wrong
		if c.hashes {
			hashes += len(c.accepted)
		}
		share[c.name] = float64(len(c.accepted)) / float64(max(c.all(), 1))
		rows = append(rows, report.Row{Name: "p99 of what is served at ten times capacity: " + c.name, Unit: "ms", Ours: ms(c.quantile(0.99)), Bare: ms(normal[c.name]),
			Ratio: ms(c.quantile(0.99)) / ms(normal[c.name]), Bottom: "at seven tenths of it", P50: ms(c.quantile(0.5)), P99: ms(c.quantile(0.99)), Rate: float64(len(c.accepted)) / long.Seconds(),
			Note: fmt.Sprintf("%.1f %% served, the rest refused", 100*share[c.name])}.Most(2))
		r.Say("%-14s %.1f %% served, p99 %v, was %v; %d wrong %s", c.name, 100*share[c.name], c.quantile(0.99), normal[c.name], c.wrong, c.first)
	}
	part := 0.0
	for _, c := range classes {
		if c.hashes {
			part += c.weight / weight(classes)
		}
	}
	served, hashed := float64(good)/long.Seconds(), float64(hashes)/long.Seconds()
	return append(rows,
		report.Row{Name: "served a second at ten times capacity", Unit: "requests", Ours: served, Bare: full, Ratio: served / full, Bottom: "capacity", Note: meanwhile}.Least(0.8),
		report.Row{Name: "of these, with a password's hash", Unit: "requests", Ours: hashed, Bare: full * part, Ratio: hashed / (full * part), Bottom: "capacity", Note: "they have the time that all others leave"},
		report.Row{Name: "answers that are neither right nor 503 or 429 with Retry-After", Unit: "answers", Ours: float64(wrong)}.Most(0),
		report.Row{Name: "classes that were refused more than a less important one", Unit: "classes", Ours: disorder(classes, share)}.Most(0))
}

// ownPart is what the generator and the machine add: latencies of a bare handler that is asked as often, by as many connections.
func ownPart(r *rig.Rig, classes []*class, full float64) (report.Row, error) {
	file := filepath.Join(r.Dir, "page")
	if err := os.WriteFile(file, []byte(strings.Repeat("x", 1500)), 0o600); err != nil {
		return report.Row{}, err
	}
	bare := r.Bare("bytes", file)
	t := load.Get(bare.Base+"/", nil)
	var asked []*class
	for _, c := range classes {
		asked = append(asked, &class{name: c.name, weight: c.weight, status: 200, next: func(int64) vegeta.Target { return t }})
	}
	_, short := times(r)
	drive(asked, full*normally, short)
	normal := merged(asked).quantile(0.99)
	said := watch(bare.PID)
	drive(asked, full*stormily, short)
	all := merged(asked)
	for _, c := range asked {
		if c.wrong > 0 {
			return report.Row{}, fmt.Errorf("%d answers of a bare handler are wrong: %s", c.wrong, c.first)
		}
	}
	return report.Row{Name: "p99 that the generator sees of a bare handler, asked as often", Unit: "ms", Ours: ms(all.quantile(0.99)), Bare: ms(normal), Ratio: ms(all.quantile(0.99)) / ms(normal),
		Bottom: "asked as often as at seven tenths", P50: ms(all.quantile(0.5)), P99: ms(all.quantile(0.99)), Rate: float64(len(all.accepted)) / short.Seconds(), Note: said()}, nil
}

// merged are all that were served, of whatever class.
func merged(classes []*class) *class {
	out := &class{}
	for _, c := range classes {
		out.accepted = append(out.accepted, c.accepted...)
	}
	return out
}

func quantiles(classes []*class) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, c := range classes {
		out[c.name] = c.quantile(0.99)
	}
	return out
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
