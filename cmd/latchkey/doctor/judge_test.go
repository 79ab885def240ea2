package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"latchkey/cmd/latchkey/config"
	"latchkey/storage/postgres"
)

// judged are the findings of one judgement, as "level: part" patterns must find them.
func judged(t *testing.T, name string, judge func(*report), want ...string) {
	t.Helper()
	r := &report{name: "x"}
	judge(r)
	all := r.findings()
	if len(all) != len(want) {
		t.Errorf("%s: %+v, want %q", name, all, want)
		return
	}
	for _, w := range want {
		level, part, _ := strings.Cut(w, ": ")
		if !slices.ContainsFunc(all, func(f Finding) bool { return string(f.Level) == level && strings.Contains(f.Seen, part) }) {
			t.Errorf("%s: %+v, want %q", name, all, w)
		}
	}
	for _, f := range all {
		if (f.Level != OK) != (f.Do != "") {
			t.Errorf("%s: %+v: what to do stands where something is to be done", name, f)
		}
	}
}

func TestJudgeSkew(t *testing.T) {
	for _, row := range []struct {
		ahead, exactness time.Duration
		want             string
	}{
		{0, 0, "ok: 0s"}, {4 * time.Second, 0, "ok: 4s"}, {-6 * time.Second, 0, "warning: 6s"}, {6 * time.Second, 2 * time.Second, "ok: 6s"},
		{61 * time.Second, 0, "problem: 1m1s"}, {-2 * time.Minute, time.Second, "problem: 2m0s"},
	} {
		judged(t, fmt.Sprint(row.ahead), func(r *report) { judgeSkew("a clock", row.ahead, row.exactness, r) }, row.want)
	}
}

func TestJudgeSealing(t *testing.T) {
	by := func(ids ...string) (all []Key) {
		for _, id := range ids {
			all = append(all, Key{SealKeyID: id})
		}
		return all
	}
	for _, row := range []struct {
		name string
		ids  []string
		keys []Key
		want []string
	}{
		{"all by the present one", []string{"new"}, by("new", "new"), []string{"ok: all keys"}},
		{"some by the former one, which is there", []string{"new", "old"}, by("new", "old"), []string{"warning: 1 keys are still sealed"}},
		{"some by one that is not there", []string{"new"}, by("new", "old"), []string{"problem: which this configuration does not have"}},
		{"a former one that seals nothing", []string{"new", "old"}, by("new", "new"), []string{"warning: 1 former sealing keys"}},
	} {
		judged(t, row.name, func(r *report) { judgeSealing(row.ids, row.keys, r) }, row.want...)
	}
}

func TestJudgeProbes(t *testing.T) {
	trusting := &doctor{Options: Options{Config: &config.Config{}}}
	trusting.Config.Server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("203.0.113.0/24")}
	probe := func(address, peer string, forwarded ...string) Probe {
		return Probe{Seen: true, Address: address, Peer: peer, ForwardedFor: forwarded}
	}
	for _, row := range []struct {
		name                      string
		plain, byFor, byForwarded Probe
		want                      []string
	}{
		{"a proxy as it should be", probe("192.0.2.9", "10.0.0.1", "192.0.2.9"), probe("192.0.2.9", "10.0.0.1", spoofed+", 192.0.2.9"), probe("192.0.2.9", "10.0.0.1", "192.0.2.9"),
			[]string{"ok: client's address 192.0.2.9, behind the proxy 10.0.0.1"}},
		{"no proxy", probe("192.0.2.9", "192.0.2.9"), probe("192.0.2.9", "192.0.2.9", spoofed), probe("192.0.2.9", "192.0.2.9"), []string{"ok: from the connection"}},
		{"a proxy that is not trusted and says nothing", probe("172.16.0.1", "172.16.0.1"), probe("172.16.0.1", "172.16.0.1"), probe("172.16.0.1", "172.16.0.1"), []string{"warning: does not tell"}},
		{"a proxy that is trusted and says nothing", probe("10.0.0.1", "10.0.0.1"), probe("10.0.0.1", "10.0.0.1"), probe("10.0.0.1", "10.0.0.1"), []string{"warning: does not tell"}},
		{"a proxy that hands on what strangers write", probe("10.0.0.1", "10.0.0.1"), probe(spoofed, "10.0.0.1", spoofed), probe("10.0.0.1", "10.0.0.1"), []string{"problem: X-Forwarded-For of a stranger is believed"}},
		{"a proxy that hands on both, of which the first is told", probe("10.0.0.1", "10.0.0.1"), probe(spoofed, "10.0.0.1", spoofed), probe(spoofed, "10.0.0.1"), []string{"problem: X-Forwarded-For of a stranger is believed"}},
		{"a proxy that hands on Forwarded alone", probe("10.0.0.1", "10.0.0.1"), probe("10.0.0.1", "10.0.0.1"), probe(spoofed, "10.0.0.1"), []string{"problem: Forwarded of a stranger is believed"}},
		{"who writes Forwarded counts as the proxy", probe("192.0.2.9", "10.0.0.1", "192.0.2.9"), probe("192.0.2.9", "10.0.0.1", "192.0.2.9"), probe("10.0.0.1", "10.0.0.1", "192.0.2.9"), []string{"warning: counts as 10.0.0.1"}},
		{"who asks is a trusted proxy's machine", probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), []string{"unknown: among server.trusted_proxies"}},
		{"so it is, and the proxy appends to what is there", probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), probe(spoofed, "10.0.0.1", spoofed+", 10.0.0.1"), probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), []string{"unknown: among server.trusted_proxies"}},
		{"so it is, at another address", probe("10.9.9.9", "10.0.0.1", "10.9.9.9"), probe(spoofed, "10.0.0.1", spoofed, "10.9.9.9"), probe("10.9.9.9", "10.0.0.1", "10.9.9.9"), []string{"unknown: among server.trusted_proxies"}},
		{"so it is, and the proxy hands on what strangers write", probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), probe(spoofed, "10.0.0.1", spoofed), probe("10.0.0.1", "10.0.0.1", "10.0.0.1"), []string{"problem: X-Forwarded-For of a stranger is believed"}},
		{"a machine of the internet that is trusted", probe("203.0.113.9", "10.0.0.1", "203.0.113.9"), probe(spoofed, "10.0.0.1", spoofed+", 203.0.113.9"), probe("203.0.113.9", "10.0.0.1", "203.0.113.9"), []string{"problem: X-Forwarded-For of a stranger is believed"}},
		{"a proxy that is not trusted", probe("172.16.0.1", "172.16.0.1", "192.0.2.9"), probe("172.16.0.1", "172.16.0.1", "192.0.2.9"), probe("172.16.0.1", "172.16.0.1", "192.0.2.9"), []string{"warning: takes the proxy 172.16.0.1 for the client"}},
		{"a trusted proxy that forwards no address", probe("10.0.0.1", "10.0.0.1", "ada"), probe("10.0.0.1", "10.0.0.1", "ada"), probe("10.0.0.1", "10.0.0.1", "ada"), []string{"warning: takes the proxy 10.0.0.1 for the client"}},
		{"a client with a private address", probe("10.9.9.9", "10.0.0.1", "10.9.9.9"), probe("10.9.9.9", "10.0.0.1", "10.9.9.9"), probe("10.9.9.9", "10.0.0.1", "10.9.9.9"), []string{"ok: a private address"}},
	} {
		judged(t, row.name, func(r *report) { trusting.judgeProbes(row.plain, row.byFor, row.byForwarded, r) }, row.want...)
	}
}

func TestJudgeSchema(t *testing.T) {
	for _, row := range []struct {
		name  string
		known int
		c     postgres.Condition
		want  string
	}{
		{"the same", 4, postgres.Condition{Schema: 4, Compatible: 2}, "ok: schema 4"},
		{"a newer one that this version may use", 3, postgres.Condition{Schema: 4, Compatible: 2}, "ok: schema 4"},
		{"a newer one that it must not use", 1, postgres.Condition{Schema: 4, Compatible: 2}, "problem: must not use"},
		{"an older one", 5, postgres.Condition{Schema: 4, Compatible: 2}, "warning: this version knows 5"},
		{"none", 4, postgres.Condition{}, "problem: no tables"},
	} {
		judged(t, row.name, func(r *report) { (&doctor{Options: Options{Schema: row.known}}).judgeSchema(row.c, r) }, row.want)
	}
}

func TestJudgeLimits(t *testing.T) {
	conf := &config.Config{}
	conf.Accounts.Hash.Memory = 19 << 20
	d := &doctor{Options: Options{Config: conf, Inside: Machine{CPUQuota: func() float64 { return 2 }}}}
	for _, row := range []struct {
		name string
		m    samples
		want []string
	}{
		{"room for hashes and processors", samples{"go_gc_gomemlimit_bytes": 512 << 20, "latchkey_hash_slots": 4, "go_sched_gomaxprocs_threads": 2}, []string{"ok: 4 password hashes at once take 76 MiB beside 512 MiB of the server's own"}},
		{"no limit", samples{"go_gc_gomemlimit_bytes": 9.2e18, "latchkey_hash_slots": 4}, []string{"warning: no memory limit"}},
		{"hashes take most of it", samples{"go_gc_gomemlimit_bytes": 100 << 20, "latchkey_hash_slots": 4}, []string{"problem: 4 password hashes"}},
		{"many threads for two processors", samples{"go_gc_gomemlimit_bytes": 512 << 20, "latchkey_hash_slots": 4, "go_sched_gomaxprocs_threads": 64}, []string{"ok: 4 password hashes", "warning: 64 threads"}},
		{"metrics of something else", samples{}, []string{"unknown: does not tell"}},
	} {
		judged(t, row.name, func(r *report) { d.judgeMemory(row.m, r); d.judgeProcessors(row.m, r) }, row.want...)
	}
}

func TestCutIsOneShortLine(t *testing.T) {
	if got := cut("a\nb\x1b[31m" + strings.Repeat("x", 500)); strings.ContainsAny(got, "\n\x1b") || len(got) > 210 {
		t.Errorf("%q", got)
	}
}

func TestCramped(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	for _, row := range []struct {
		name            string
		free, all, file float64
		want            bool
	}{
		{"most of a small claim is free", 900 * mib, gib, 10 * mib, false},
		{"a tenth of a small claim is free", 103 * mib, gib, 900 * mib, false},
		{"less than a tenth of a small claim", 90 * mib, gib, 900 * mib, true},
		{"one part in twenty of a large disk is room enough for a small file", 12 * gib, 250 * gib, gib, false},
		{"the same for a file that would not fit twice more", 12 * gib, 250 * gib, 6 * gib, true},
	} {
		if got := cramped(row.free, row.all, row.file); got != row.want {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}
