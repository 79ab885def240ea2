package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/doctor"
)

// TestProbesRememberOneRequestEach: only with a token that was given out, only for a minute, and no more than there is room for.
func TestProbesRememberOneRequestEach(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	p := newProbes(func() time.Time { return now })
	h := p.watch(http.NotFoundHandler())
	send := func(token string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = "192.0.2.1:1234"
		r.Header.Set(doctor.ProbeHeader, token)
		r.Header.Set("X-Forwarded-For", "198.51.100.1")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	send("guessed")
	if _, ok := p.result("guessed"); ok {
		t.Error("a token of nobody is remembered")
	}
	one, ok := p.begin()
	if !ok {
		t.Fatal("no token")
	}
	if v, ok := p.result(one.Token); !ok || v.Seen {
		t.Errorf("before the request: %+v %t", v, ok)
	}
	send(one.Token)
	if v, ok := p.result(one.Token); !ok || !v.Seen || v.Peer != "192.0.2.1" || strings.Join(v.ForwardedFor, "") != "198.51.100.1" {
		t.Errorf("after the request: %+v %t", v, ok)
	}
	if _, ok := p.result(one.Token); ok {
		t.Error("it is told twice")
	}
	late, _ := p.begin()
	now = now.Add(2 * probeLife)
	send(late.Token)
	if v, _ := p.result(late.Token); v.Seen {
		t.Error("an expired token is heeded")
	}
	for range maxProbes {
		if _, ok := p.begin(); !ok {
			t.Fatal("no room for a probe, and expired ones should have gone")
		}
	}
	if _, ok := p.begin(); ok {
		t.Error("more probes than there is room for")
	}
}

// TestProbesAtTheSocket: beside the operators' API, which still answers.
func TestProbesAtTheSocket(t *testing.T) {
	h := newProbes(time.Now).beside(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	for _, row := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPost, "/v1/probes", http.StatusOK}, {http.MethodGet, "/v1/probes/unknown", http.StatusNotFound}, {http.MethodGet, "/v1/keys", http.StatusTeapot},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(row.method, row.path, nil))
		if w.Code != row.status {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, w.Code, row.status)
		}
	}
}

func TestCPUQuota(t *testing.T) {
	for _, row := range []struct {
		name  string
		files map[string]string
		want  float64
	}{
		{"two and a half processors, version 2", map[string]string{"/sys/fs/cgroup/cpu.max": "250000 100000\n"}, 2.5},
		{"no limit, version 2", map[string]string{"/sys/fs/cgroup/cpu.max": "max 100000\n"}, 0},
		{"half a processor, version 1", map[string]string{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 0.5},
		{"no limit, version 1", map[string]string{"/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}, 0},
		{"nothing says", nil, 0},
	} {
		read := func(name string) ([]byte, error) {
			if text, ok := row.files[name]; ok {
				return []byte(text), nil
			}
			return nil, errors.New("no such file")
		}
		if got := cpuQuota(read); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestDoctorsPage: docs/doctor.md tells of every check, and of none that there is not.
func TestDoctorsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\|").FindAllStringSubmatch(string(page), -1) {
		told[m[1]] = true
	}
	for _, name := range append(doctor.Checks(), "configuration") {
		if !told[name] {
			t.Errorf("docs/doctor.md does not tell of %s", name)
		}
		delete(told, name)
	}
	for name := range told {
		t.Errorf("docs/doctor.md tells of %s, which there is not", name)
	}
}
