package storm

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"latchkey/e2e/bench/rig"
)

// Connections that a class has at most, in a mix and alone: all together fewer than server.limits.max_connections.
const (
	mixedConnections = 250
	aloneConnections = 1000
)

// attack makes requests of a class, paced, from up to limit connections at once. Latencies begin with the request, whenever it was meant to begin:
// done is told each.
func attack(next vegeta.Targeter, pace vegeta.Pacer, limit int, during time.Duration, done func(*vegeta.Result)) {
	w := &wire{timeout: 20 * time.Second}
	defer w.close()
	client := &http.Client{Transport: w, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	a := vegeta.NewAttacker(vegeta.Client(client), vegeta.Workers(uint64(min(limit, 16))), vegeta.MaxWorkers(uint64(limit)))
	for res := range a.Attack(next, pace, during, "") {
		done(res)
	}
}

// drive makes requests of all classes at once for a while, together so many a second, whether the former are answered or not.
func drive(classes []*class, rate float64, during time.Duration) {
	var wg sync.WaitGroup
	for _, c := range classes {
		c.reset()
		pace := vegeta.ConstantPacer{Freq: int(rate * c.weight / weight(classes) * 1000), Per: 1000 * time.Second}
		wg.Go(func() { attack(c.Next, pace, c.connections(), during, c.done) })
	}
	wg.Wait()
}

// closed makes requests of all classes in proportion from so many connections, each as soon as the former is answered, and tells how many a second
// of the whole mix are served: that is the capacity. Where some are refused, the class that is served least tells it.
func closed(classes []*class, limit int, during time.Duration) (rate float64, err error) {
	var mu sync.Mutex
	of, n, sum := map[string]*class{}, 0.0, weight(classes)
	for _, c := range classes {
		c.reset()
	}
	next := func(t *vegeta.Target) error {
		mu.Lock()
		n++
		at := sum * math.Mod(n*math.Phi, 1) // evenly, whatever the weights are
		mu.Unlock()
		c := classes[len(classes)-1]
		for _, other := range classes {
			if at -= other.weight; at < 0 {
				c = other
				break
			}
		}
		err := c.Next(t)
		mu.Lock()
		of[t.URL] = c
		mu.Unlock()
		return err
	}
	begun := time.Now()
	attack(next, vegeta.ConstantPacer{}, limit, during, func(res *vegeta.Result) {
		mu.Lock()
		c := of[res.URL]
		mu.Unlock()
		c.done(res)
	})
	took := time.Since(begun).Seconds()
	rate = math.Inf(1)
	for _, c := range classes {
		rate = min(rate, float64(len(c.accepted))/took*sum/c.weight)
		if c.wrong > 0 {
			err = fmt.Errorf("%d answers of %s are wrong, from %d connections: %s", c.wrong, c.name, limit, c.first)
		}
	}
	return rate, err
}

func weight(classes []*class) (sum float64) {
	for _, c := range classes {
		sum += c.weight
	}
	return sum
}

// watch tells at its end how busy everybody was meanwhile, in hundredths of a core: what the figures have to be read with.
func watch(pid int) (end func() string) {
	busy, own, server, all, begun := rig.Busy(), rig.CPU(os.Getpid()), rig.CPU(pid), rig.CPUOfTrees(pid), time.Now()
	return func() string {
		took := time.Since(begun)
		share := func(d time.Duration) float64 { return 100 * max(0, d.Seconds()/took.Seconds()) }
		own, server, all = rig.CPU(os.Getpid())-own, rig.CPU(pid)-server, rig.CPUOfTrees(pid)-all
		return fmt.Sprintf("server %.0f %% of a core, hashes %.0f, generator %.0f, neighbours %.0f", share(server), share(all-server), share(own), share(rig.Busy()-busy-own-all))
	}
}
