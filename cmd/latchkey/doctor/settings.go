package doctor

import (
	"context"
	"fmt"
	"math"
	"net"
	"strings"
)

// checkSettings warns of settings that are legal and rarely meant.
func (d *doctor) checkSettings(_ context.Context, r *report) {
	c, before := d.Config, len(r.findings())
	if c.Dev {
		r.problem("development mode is on", "Take dev out: mail can be read by everybody on a page, and http is taken.")
	}
	if strings.HasPrefix(c.Issuer, "http:") && !c.Dev {
		r.problem("the issuer is http", "Use https: cookies are not safe otherwise.")
	}
	if len(c.Server.TrustedProxies) == 0 && c.Server.TLS.CertFile == "" && strings.HasPrefix(c.Issuer, "https:") {
		r.warn("TLS ends at a proxy, and server.trusted_proxies is empty", "Name the proxy's networks. Until then limits count everybody as one person: one who guesses passwords shuts all others out.")
	}
	for _, p := range c.Server.TrustedProxies {
		if ones := p.Bits(); p.Addr().Is4() && ones < 8 || !p.Addr().Is4() && ones < 16 {
			r.problem("server.trusted_proxies has "+p.String(), "Name the proxies alone: whoever connects from such a network can pretend to be any client.")
		}
	}
	if c.Storage.Driver == "memory" {
		r.problem("storage.driver is memory: everything is gone at the end", "Use bolt or postgres.")
	}
	host, _, err := net.SplitHostPort(c.Mail.SMTP.Address)
	if ip := net.ParseIP(host); err == nil && c.Mail.SMTP.TLS == "none" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		r.warn("mail leaves without encryption", "Set mail.smtp.tls to starttls or tls: mails hold links that reset passwords.")
	}
	if c.Accounts.Hash.Memory < 7<<20 {
		r.warn("a password hash takes "+c.Accounts.Hash.Memory.String()+" of memory", "Take at least 19MiB (accounts.hash.memory): cheap hashes are cheap to guess, too.")
	}
	if c.Server.OpsListen == "" {
		r.warn("there is no operators' listener", "Set server.ops_listen: without it nobody sees readiness and metrics.")
	}
	if c.Server.Pprof {
		r.warn("profiles are served", "Switch server.pprof off when you are done.")
	}
	if len(r.findings()) == before {
		r.ok("nothing in the configuration stands out")
	}
}

// spareFiles are file descriptors beside those of connections: store, log, mail, fetches.
const spareFiles = 128

func (d *doctor) checkLimits(_ context.Context, r *report) {
	m, err := d.metrics()
	if err != nil {
		r.unknown("metrics cannot be read: "+reason(err), "See ready.")
		return
	}
	files, connections := m["process_max_fds"], float64(d.Config.Server.Limits.MaxConnections)
	switch {
	case files == 0:
		r.unknown("the server does not tell how many files it may open", "Look at its limit (RLIMIT_NOFILE); it must be more than server.limits.max_connections.")
	case files < connections+spareFiles:
		r.problem(fmt.Sprintf("the server may open %.0f files, and server.limits.max_connections is %.0f", files, connections), "Raise the limit (LimitNOFILE of systemd, the container runtime's), or lower server.limits.max_connections.")
	default:
		r.ok(fmt.Sprintf("%.0f files for %.0f connections", files, connections))
	}
	d.judgeMemory(m, r)
	d.judgeProcessors(m, r)
}

func (d *doctor) judgeMemory(m samples, r *report) {
	limit, slots := m["go_gc_gomemlimit_bytes"], m["latchkey_hash_slots"]
	need := slots * float64(d.Config.Accounts.Hash.Memory)
	switch {
	case limit == 0 || slots == 0:
		r.unknown("the server does not tell its memory limit or hash slots", "See ready.")
	case limit >= math.MaxInt64/2:
		r.warn("the server has no memory limit", "Give its container one, or set GOMEMLIMIT: the number of password hashes at once follows from it.")
	case need > limit/2:
		r.problem(fmt.Sprintf("%.0f password hashes at once take %.0f MiB beside %.0f MiB of the server's own", slots, need/(1<<20), limit/(1<<20)), "Raise the memory limit, or lower accounts.hash.slots: under load the process would be killed.")
	default:
		r.ok(fmt.Sprintf("%.0f password hashes at once take %.0f MiB beside %.0f MiB of the server's own", slots, need/(1<<20), limit/(1<<20)))
	}
}

func (d *doctor) judgeProcessors(m samples, r *report) {
	threads := m["go_sched_gomaxprocs_threads"]
	if d.Inside.CPUQuota == nil || threads == 0 {
		return
	}
	quota := d.Inside.CPUQuota()
	if quota > 0 && threads > math.Ceil(quota)+1 {
		r.warn(fmt.Sprintf("the server runs on %.0f threads, and may use %.1f processors", threads, quota), "Unset GOMAXPROCS: the Go runtime heeds the control group by itself. With more threads than processors it is throttled and answers late.")
	}
}
