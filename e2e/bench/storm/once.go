package storm

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"latchkey/e2e/bench/bare"
	"latchkey/e2e/bench/load"
	"latchkey/e2e/bench/report"
	"latchkey/e2e/bench/rig"
	"latchkey/e2e/harness"
)

// crowd is how many come at once, or hoard connections: some fewer than server.limits.max_connections.
const crowd = 2000

// accessToken is one of the machine's.
func accessToken(s *harness.Server, basic http.Header) (string, error) {
	req, err := http.NewRequest(http.MethodPost, s.Issuer+"/token", strings.NewReader("grant_type=client_credentials&scope=read"))
	if err != nil {
		return "", err
	}
	req.Header = basic.Clone()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	var out struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || out.Access == "" {
		return "", fmt.Errorf("no token: %d %w", res.StatusCode, err)
	}
	return out.Access, nil
}

// atOnce: two thousand people sign in at the same moment, each on a connection of their own, on one core with 256 MiB. For five seconds
// somebody asks for the keys, from another process than they: what they wait for in their own is none of his time.
func atOnce(r *rig.Rig) ([]report.Row, error) {
	const memory = 256
	s := start(r, nil, fmt.Sprintf("GOMEMLIMIT=%dMiB", memory*9/10))
	defer s.Stop(r.T)
	for i := range people {
		s.SignUp(r.T, person(i), person(i)+"@example.test", password)
	}
	keys := &class{name: "JWKS", weight: 1, status: 200, next: fixed(load.Get(s.Issuer+"/jwks.json", nil))}
	drive([]*class{keys}, 100, 2*time.Second)
	quiet := keys.quantile(0.99)
	all := make([]bare.One, crowd)
	for i, signs := 0, signIns(s); i < crowd; i++ {
		t := signs.next(int64(i))
		all[i] = bare.One{URL: t.URL, Header: t.Header, Body: string(t.Body)}
	}
	came := make(chan error, 1)
	var got bare.Crowd
	others := r.Asker("crowd", "")
	go func() { came <- post(others.Base, all, &got) }()
	drive([]*class{keys}, 100, 5*time.Second)
	if err := <-came; err != nil {
		return nil, err
	}
	_, peak, err := rig.Resident(s.PID())
	if err != nil {
		return nil, err
	}
	for _, pid := range rig.Children(s.PID()) {
		if _, more, err := rig.Resident(pid); err == nil {
			peak += more
		}
	}
	r.Say("%d sign-ins at once: %d served, %d refused, %d wrong; JWKS p99 %v, was %v, %d refused, %d wrong %s", crowd, got.Served, got.Refused, got.Wrong, keys.quantile(0.99), quiet, keys.refused,
		keys.wrong, got.First+keys.first)
	return []report.Row{
		report.Row{Name: "JWKS p99 while 2,000 sign in at once", Unit: "ms", Ours: ms(keys.quantile(0.99)), P50: ms(keys.quantile(0.5)), Note: fmt.Sprintf("%.1f ms before; %d signed in, %d refused, within %.1f s", ms(quiet), got.Served, got.Refused, got.Took.Seconds())}.Most(50),
		report.Row{Name: "peak memory meanwhile, with the processes of hashes", Unit: "MiB", Ours: float64(peak) / (1 << 20)}.Most(memory),
		report.Row{Name: "answers to them that are neither right nor 503 with Retry-After", Unit: "answers", Ours: float64(got.Wrong)}.Most(0),
		report.Row{Name: "JWKS not served meanwhile", Unit: "answers", Ours: float64(keys.wrong + keys.refused)}.Most(0),
	}, nil
}

// post sends JSON and reads JSON.
func post(address string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	res, err := http.Post(address, "application/json", bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(out)
}

// slow: two thousand connections send a header, a body or nothing, byte by byte or not at all, while people sign in.
func slow(r *rig.Rig) ([]report.Row, error) {
	s := start(r, nil)
	defer s.Stop(r.T)
	for i := range people {
		s.SignUp(r.T, person(i), person(i)+"@example.test", password)
	}
	signs := signIns(s)
	drive([]*class{signs}, 5, time.Second)
	drive([]*class{signs}, 5, 5*time.Second)
	normal := signs.quantile(0.5)
	host := strings.TrimPrefix(s.Issuer, "http://")
	open := func(i int) (net.Conn, error) {
		c, err := net.Dial("tcp4", host)
		if err != nil {
			return nil, err
		}
		head := "POST /login HTTP/1.1\r\nHost: " + host + "\r\n"
		_, err = io.WriteString(c, []string{"", head, head + "Content-Length: 100\r\n\r\nusername=", "GET /jwks.json HTTP/1.1\r\nHost: " + host + "\r\n\r\n"}[i%4])
		return c, err
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			for {
				if c, err := open(i); err == nil {
					select {
					case <-time.After(2 * time.Second):
						_, _ = io.WriteString(c, "x") // the server may have hung up: then a new one comes
					case <-done:
					}
					_ = c.Close()
				}
				select {
				case <-done:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		})
	}
	time.Sleep(time.Second)
	drive([]*class{signs}, 5, 10*time.Second)
	close(done)
	wg.Wait()
	r.Say("sign-in beside %d slow connections: p50 %v, was %v; %d refused, %d wrong %s", crowd, signs.quantile(0.5), normal, signs.refused, signs.wrong, signs.first)
	return []report.Row{
		report.Row{Name: "sign-in beside 2,000 slow or idle connections", Unit: "ms", Ours: ms(signs.quantile(0.5)), Bare: ms(normal), Ratio: ms(signs.quantile(0.5)) / ms(normal), Bottom: "alone",
			P99: ms(signs.quantile(0.99))}.Most(2),
		report.Row{Name: "sign-ins that failed meanwhile", Unit: "sign-ins", Ours: float64(signs.refused + signs.wrong)}.Most(0),
	}, nil
}
