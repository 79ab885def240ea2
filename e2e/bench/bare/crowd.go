package bare

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// One is a request that a crowd makes.
type One struct {
	URL    string      `json:"url"`
	Header http.Header `json:"header"`
	Body   string      `json:"body"`
}

// Crowd is what became of requests that were made all at once: Wrong are those that were neither answered with 200 nor with 503 and Retry-After, and First
// says what the first of them was.
type Crowd struct {
	Served, Refused, Wrong int
	First                  string
	Took                   time.Duration
}

// crowd makes the requests that are posted to it, as JSON, all at once, each on a connection of its own, and answers with what became of them.
func crowd(w http.ResponseWriter, r *http.Request) {
	var all []One
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var out Crowd
	var wg sync.WaitGroup
	var mu sync.Mutex
	begun := time.Now()
	for _, one := range all {
		wg.Go(func() {
			status, retry, err := one.do(client)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && status == http.StatusOK:
				out.Served++
			case err == nil && status == http.StatusServiceUnavailable && retry != "":
				out.Refused++
			default:
				if out.Wrong++; out.First == "" {
					out.First = fmt.Sprintf("%d %v", status, err)
				}
			}
		})
	}
	wg.Wait()
	out.Took = time.Since(begun)
	_ = json.NewEncoder(w).Encode(out)
}

func (o One) do(client *http.Client) (status int, retry string, err error) {
	req, err := http.NewRequest(http.MethodPost, o.URL, strings.NewReader(o.Body))
	if err != nil {
		return 0, "", err
	}
	req.Header = o.Header
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Header.Get("Retry-After"), res.Body.Close()
}
