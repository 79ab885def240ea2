// Package load makes requests, closed loop (as many at once as there are connections) and open loop (so many a second, whatever the answers do),
// with vegeta's library, and counts what a server's process spends on them.
package load

import (
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// Source says what is asked for, and learns of the answers.
type Source interface {
	// Next fills in a request; it is called by several goroutines. [vegeta.ErrNoTargets] ends the load.
	Next(*vegeta.Target) error
	// Done is called with each answer, by one goroutine. An error counts the request as failed.
	Done(*vegeta.Result) error
}

// Sample is the outcome of a load.
type Sample struct {
	// Requests that were answered, Failed ones included; First is what the first of these said.
	Requests, Failed int
	First            string
	Took             time.Duration
	// CPU is what the meter's processes used meanwhile, Beside those of the second one, such as a database.
	CPU, Beside time.Duration
	// Codes counts answers by status; 0 are those that did not come.
	Codes map[uint16]int
	// Latencies are sorted.
	Latencies []time.Duration
}

// Rate is requests a second.
func (s Sample) Rate() float64 { return float64(s.Requests) / s.Took.Seconds() }

// PerRequest is the processor time of a request in microseconds.
func (s Sample) PerRequest() float64 { return micros(s.CPU, s.Requests) }

// BesidePerRequest is the same of the second meter.
func (s Sample) BesidePerRequest() float64 { return micros(s.Beside, s.Requests) }

func micros(d time.Duration, n int) float64 {
	return float64(d) / float64(time.Microsecond) / float64(max(n, 1))
}

// Quantile of the latencies, such as 0.5; 0 where there are none.
func (s Sample) Quantile(q float64) time.Duration {
	if len(s.Latencies) == 0 {
		return 0
	}
	return s.Latencies[min(int(q*float64(len(s.Latencies))), len(s.Latencies)-1)]
}

// Client keeps up to a number of connections to one server, from one load to the next.
type Client struct {
	http        *http.Client
	connections int
	// Meter and Beside tell the processor time that was used so far; nil for none.
	Meter, Beside func() time.Duration
	// From is what requests say of their origin, as a proxy would (X-Forwarded-For), one of several in turn; nil for nothing.
	From func() string

	// one is the connection of a client that has only one; nil before the first request.
	one *socket
}

// idle is when connections are let go of, as Go's own client does: sooner than the server, which would otherwise end one that is just asked again.
const idle = 90 * time.Second

// New makes a client of a number of connections. Timeout is for each request; 0 means 30 s.
func New(connections int, timeout time.Duration) *Client {
	if timeout == 0 {
		timeout = 30 * time.Second
	}
	dial := &net.Dialer{Timeout: timeout}
	return &Client{connections: connections, http: &http.Client{Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial.DialContext, MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections,
			IdleConnTimeout: idle, DisableCompression: true}}}
}

// Close closes the connections.
func (c *Client) Close() {
	c.hangUp()
	c.http.CloseIdleConnections()
}

// Closed makes requests from all connections at once, each as soon as the former is answered, until the time is over or nothing is left. A client of one
// connection never sleeps: it asks the kernel for the answer until it is there.
func (c *Client) Closed(src Source, during time.Duration) Sample {
	if c.connections == 1 {
		return c.alone(src, during)
	}
	n := uint64(c.connections)
	return c.attack(src, vegeta.ConstantPacer{}, during, vegeta.Workers(n), vegeta.MaxWorkers(n))
}

// Open makes so many requests a second, evenly, whether the former are answered or not. At most limit are under way at once.
func (c *Client) Open(src Source, rate float64, limit int, during time.Duration) Sample {
	p := vegeta.ConstantPacer{Freq: int(rate * 1000), Per: 1000 * time.Second}
	return c.attack(src, p, during, vegeta.Workers(uint64(min(limit, 64))), vegeta.MaxWorkers(uint64(limit)))
}

func (c *Client) attack(src Source, pace vegeta.Pacer, during time.Duration, with ...func(*vegeta.Attacker)) Sample {
	a := vegeta.NewAttacker(append(with, vegeta.Client(c.http))...)
	read := func(f func() time.Duration) time.Duration {
		if f == nil {
			return 0
		}
		return f()
	}
	next, ended := c.targeter(src)
	out := Sample{Codes: map[uint16]int{}}
	cpu, beside, begun := read(c.Meter), read(c.Beside), time.Now()
	for res := range a.Attack(next, pace, during, "") {
		if ended(res) {
			a.Stop() // drain what is under way
			continue
		}
		out.note(res, src.Done(res))
	}
	out.Took, out.CPU, out.Beside = time.Since(begun), read(c.Meter)-cpu, read(c.Beside)-beside
	slices.Sort(out.Latencies)
	return out
}

// targeter adds what every request bears. ended tells the results by which vegeta says that there was nothing to ask for.
func (c *Client) targeter(src Source) (next vegeta.Targeter, ended func(*vegeta.Result) bool) {
	var mu sync.Mutex
	next = func(t *vegeta.Target) error {
		if err := src.Next(t); err != nil {
			return err
		}
		if c.From != nil {
			mu.Lock()
			from := c.From()
			mu.Unlock()
			t.Header = t.Header.Clone()
			if t.Header == nil {
				t.Header = http.Header{}
			}
			t.Header.Set("X-Forwarded-For", from)
		}
		return nil
	}
	return next, func(r *vegeta.Result) bool { return r.Error == vegeta.ErrNoTargets.Error() }
}

func (s *Sample) note(res *vegeta.Result, err error) {
	s.Requests++
	s.Codes[res.Code]++
	s.Latencies = append(s.Latencies, res.Latency)
	if err == nil {
		return
	}
	if s.Failed++; s.First == "" {
		s.First = fmt.Sprintf("%s %s: %v", res.Method, res.URL, err)
	}
}

// Want is an error where an answer has another status.
func Want(res *vegeta.Result, status uint16) error {
	switch res.Code {
	case status:
		return nil
	case 0:
		return fmt.Errorf("no answer: %s", res.Error)
	}
	return fmt.Errorf("status %d, want %d: %.300s", res.Code, status, res.Body)
}

// Fixed asks for the same all the time.
type Fixed struct {
	Target vegeta.Target
	Status uint16
}

// Next implements [Source].
func (f Fixed) Next(t *vegeta.Target) error { *t = f.Target; return nil }

// Done implements [Source].
func (f Fixed) Done(res *vegeta.Result) error { return Want(res, f.Status) }

// Form is a form that is posted.
func Form(url, body string, header http.Header) vegeta.Target {
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	return vegeta.Target{Method: http.MethodPost, URL: url, Body: []byte(body), Header: h}
}

// Get is a page that is asked for.
func Get(url string, header http.Header) vegeta.Target {
	return vegeta.Target{Method: http.MethodGet, URL: url, Header: header.Clone()}
}
