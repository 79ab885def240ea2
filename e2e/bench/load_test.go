package bench

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/e2e/harness"
)

// connections is how many clients ask at once, each on a connection that it keeps.
const connections = 16

// Each operation is measured rounds times for slice, in turn with what it is compared with.
const (
	rounds = 3
	slice  = 500 * time.Millisecond
)

// request makes the n-th request of a client; nil for none left. It gets the answer to its former one.
type request func(client int, former *answer) *call

// call is one request as it stands on the wire, without the headers that are always the same.
type call struct {
	method, path, body string
	header             map[string]string
	// want is the status that counts as success.
	want int
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// sample is the outcome of one slice.
type sample struct {
	requests int
	took     time.Duration
	// cpu is what the server's process used, 0 where it is ours.
	cpu time.Duration
}

func (s sample) rate() float64 { return float64(s.requests) / s.took.Seconds() }

func (s sample) perRequest() time.Duration {
	if s.requests == 0 {
		return 0
	}
	return s.cpu / time.Duration(s.requests)
}

// load asks base from all connections until the slice is over.
func load(t testing.TB, client *http.Client, base string, pid int, next request) sample {
	t.Helper()
	var done atomic.Int64
	var failed atomic.Pointer[string]
	var wg sync.WaitGroup
	cpu, begun := cpuTime(pid), time.Now()
	end := begun.Add(slice)
	for c := range connections {
		wg.Go(func() {
			var former *answer
			for failed.Load() == nil && time.Now().Before(end) {
				what := next(c, former)
				if what == nil {
					return
				}
				got, err := do(client, base, what)
				if err != nil || got.status != what.want {
					text := fmt.Sprintf("%s %s: %v", what.method, what.path, err)
					if err == nil {
						text = fmt.Sprintf("%s %s: status %d, want %d: %.300s", what.method, what.path, got.status, what.want, got.body)
					}
					failed.CompareAndSwap(nil, &text)
					return
				}
				done.Add(1)
				former = got
			}
		})
	}
	wg.Wait()
	out := sample{requests: int(done.Load()), took: time.Since(begun), cpu: cpuTime(pid) - cpu}
	if text := failed.Load(); text != nil {
		t.Fatal(*text)
	}
	return out
}

func do(client *http.Client, base string, what *call) (*answer, error) {
	var body io.Reader
	if what.body != "" {
		body = strings.NewReader(what.body)
	}
	req, err := http.NewRequest(what.method, base+what.path, body)
	if err != nil {
		return nil, err
	}
	if what.body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for k, v := range what.header {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return &answer{res.StatusCode, res.Header, b}, err
}

func newClient() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{MaxIdleConnsPerHost: connections, MaxConnsPerHost: connections, DisableCompression: true}}
}

// cpuTime is what a process has used so far (proc(5): utime and stime in hundredths of a second); 0 for pid 0 and where there is no /proc.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if pid == 0 || err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// serve runs a bare handler in a process of its own, as the server has one: this test binary again, told by its environment what to do.
func serve(t testing.TB, kind string, size int) (base string, pid int) {
	t.Helper()
	p := harness.StartSelf(t, "LATCHKEY_BENCH_BARE="+kind, "LATCHKEY_BENCH_SIZE="+strconv.Itoa(size))
	harness.Until(t, 10*time.Second, "the bare handler listens", func() error {
		if address, _, ok := strings.Cut(p.Output(), "\n"); ok {
			base = "http://" + address
			return nil
		}
		return fmt.Errorf("not yet")
	})
	return base, p.PID()
}

// bare is that process.
func bare(kind string, size int) error {
	h, err := bareHandler(kind, size)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return http.Serve(ln, h)
}
