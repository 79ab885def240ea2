// Package doctor looks at a running issuer, from outside as applications and browsers do, and from inside with its configuration, its operators'
// listener and its admin socket, and says what is wrong and what to do.
//
// It owns: the checks and their words. It must not: change anything, send mail, use a credential where none is needed, or trust that any part works.
// Each check has a deadline of its own and runs beside the others.
package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"latchkey/cmd/latchkey/config"
)

// Level is how bad a finding is.
type Level string

// The levels. Unknown is what could not be found out, and how it could be.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Problem Level = "problem"
	Unknown Level = "unknown"
)

// Finding is one thing that was looked at.
type Finding struct {
	// Check is its stable name, such as "tls".
	Check string `json:"check"`
	Level Level  `json:"level"`
	// Seen is what was found, Do what to do about it; "" where nothing is to be done.
	Seen string `json:"seen"`
	Do   string `json:"do,omitempty"`
}

// Problems says whether any finding is one.
func Problems(all []Finding) bool {
	for _, f := range all {
		if f.Level == Problem {
			return true
		}
	}
	return false
}

// Options say what is looked at, and with what. Issuer, Now and Timeout are required.
type Options struct {
	// Issuer is the URL exactly as applications know it.
	Issuer string
	// Config is the server's; nil leaves out everything that is inside.
	Config *config.Config
	// Roots are the authorities that may vouch for the issuer's certificate; nil for the system's.
	Roots *x509.CertPool
	// Timeout is what each check gets.
	Timeout time.Duration
	Now     func() time.Time
	// Dial connects; nil for the network as it is.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolve finds the addresses of a name; nil for the system's resolver.
	Resolve func(ctx context.Context, host string) ([]string, error)
	// Admin asks the operators' API of the running server; nil where its socket does not answer.
	Admin Asker
	// Schema is the version of the database's tables that this program knows.
	Schema int
	// Inside is what this machine says of itself and of the store's disk; the zero value says nothing.
	Inside Machine
}

// Asker asks the operators' API: method, path below /v1/, and where the answer goes.
type Asker func(ctx context.Context, method, path string, out any) error

// Machine is what only a machine can say.
type Machine struct {
	// DiskSpace tells the bytes that are free on the disk of a file, and its size.
	DiskSpace func(file string) (free, size float64, err error)
	// CPUQuota is how many processors the control group grants; 0 where nothing limits it. MemoryLimit is in bytes, 0 for none. Both count only where
	// the server runs in the same control group.
	CPUQuota    func() float64
	MemoryLimit func() int64
}

// check is one part. It may report several findings, and must end soon after its context.
type check struct {
	name string
	run  func(ctx context.Context, r *report)
}

// report takes the findings of one check.
type report struct {
	name string
	mu   sync.Mutex
	all  []Finding
}

func (r *report) add(level Level, seen, do string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, Finding{r.name, level, seen, do})
}

func (r *report) ok(seen string)          { r.add(OK, seen, "") }
func (r *report) warn(seen, do string)    { r.add(Warning, seen, do) }
func (r *report) problem(seen, do string) { r.add(Problem, seen, do) }
func (r *report) unknown(seen, do string) { r.add(Unknown, seen, do) }

func (r *report) findings() []Finding {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Finding(nil), r.all...)
}

// doctor is one look.
type doctor struct {
	Options
	issuer *url.URL
	// client checks no certificate: that is a check of its own, and the others are to help while it fails. Nothing secret is sent.
	client    *http.Client
	discovery func() (*document, error)
	metrics   func() (samples, error)
}

// Run looks at everything, side by side, and returns what it found in a fixed order. It ends a little after Timeout at the latest.
func Run(ctx context.Context, o Options) []Finding {
	d := &doctor{Options: o}
	if o.Dial == nil {
		d.Dial = (&net.Dialer{}).DialContext
	}
	if o.Resolve == nil {
		d.Resolve = net.DefaultResolver.LookupHost
	}
	d.metrics = sync.OnceValues(func() (samples, error) { return d.scrape(context.WithoutCancel(ctx)) })
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return append([]Finding{{"issuer", Problem, "the issuer is no URL of https or http", "Name it with --issuer, or set issuer in the configuration."}}, d.all(ctx, d.inside())...)
	}
	d.issuer = u
	d.client = &http.Client{
		Transport: &http.Transport{
			DialContext: d.Dial, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10,
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, // #nosec G402 -- see client
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       o.Timeout,
	}
	d.discovery = sync.OnceValues(func() (*document, error) { return d.fetchDiscovery(context.WithoutCancel(ctx)) })
	return d.all(ctx, append(d.outside(), d.inside()...))
}

// all runs checks side by side. One that does not end in time is unknown, and what it had found by then stays.
func (d *doctor) all(ctx context.Context, checks []check) (out []Finding) {
	reports, ended := make([]*report, len(checks)), make([]chan struct{}, len(checks))
	for i, c := range checks {
		reports[i], ended[i] = &report{name: c.name}, make(chan struct{})
		go func() {
			defer close(ended[i])
			bounded, cancel := context.WithTimeout(ctx, d.Timeout)
			defer cancel()
			c.run(bounded, reports[i])
		}()
	}
	late := time.NewTimer(d.Timeout + time.Second)
	defer late.Stop()
	expired := false
	for i, r := range reports {
		if !expired {
			select {
			case <-ended[i]:
			case <-late.C:
				expired = true
			}
		}
		select {
		case <-ended[i]:
			out = append(out, r.findings()...)
		default:
			out = append(append(out, r.findings()...), Finding{r.name, Unknown, "no end of this check within " + d.Timeout.String(), "Give it more with --timeout, or look at why it hangs."})
		}
	}
	return out
}

// Checks are the names of all checks, whichever store there is.
func Checks() (names []string) {
	var d doctor
	for _, c := range append(append(d.outside(), d.always()...), d.ofDatabase(), d.ofFile()) {
		names = append(names, c.name)
	}
	return names
}

// outside are the checks that anybody could make.
func (d *doctor) outside() []check {
	return []check{
		{"dns", d.checkDNS}, {"tcp", d.checkTCP}, {"tls", d.checkTLS}, {"http", d.checkHTTP}, {"discovery", d.checkDiscovery}, {"jwks", d.checkJWKS},
		{"endpoints", d.checkEndpoints}, {"host", d.checkHost}, {"forwarded", d.checkForwarded}, {"clock", d.checkClock}, {"headers", d.checkHeaders},
		{"cookies", d.checkCookies}, {"sizes", d.checkSizes},
	}
}

// inside are the checks that need the configuration.
func (d *doctor) inside() []check {
	if d.Config == nil {
		return nil
	}
	switch d.Config.Storage.Driver {
	case "postgres":
		return append(d.always(), d.ofDatabase())
	case "bolt":
		return append(d.always(), d.ofFile())
	}
	return d.always()
}

func (d *doctor) always() []check {
	return []check{
		{"settings", d.checkSettings}, {"ready", d.checkReady}, {"admin", d.checkAdmin}, {"keys", d.checkKeys}, {"sealing", d.checkSealing}, {"mail", d.checkMail},
		{"backup", d.checkBackup}, {"limits", d.checkLimits},
	}
}

func (d *doctor) ofDatabase() check { return check{"database", d.checkDatabase} }
func (d *doctor) ofFile() check     { return check{"file", d.checkFile} }
