package doctor

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// place is an endpoint of discovery, how it is asked, and what it answers somebody who proves nothing. No question changes anything.
type place struct {
	name, method string
	statuses     []int
}

func places() []place {
	get, post := http.MethodGet, http.MethodPost
	return []place{
		{"authorization_endpoint", get, []int{400}}, {"token_endpoint", post, []int{400, 401}}, {"userinfo_endpoint", get, []int{401}},
		{"introspection_endpoint", post, []int{400, 401}}, {"revocation_endpoint", post, []int{400, 401}}, {"end_session_endpoint", get, []int{200, 303, 400}},
		{"pushed_authorization_request_endpoint", post, []int{400, 401}}, {"device_authorization_endpoint", post, []int{400, 401}},
		{"check_session_iframe", get, []int{200}}, {"registration_endpoint", get, []int{401, 404, 405}},
	}
}

func (d *doctor) checkEndpoints(ctx context.Context, r *report) {
	doc, err := d.discovery()
	if err != nil {
		r.unknown("no discovery document names them", "See discovery.")
		return
	}
	good := 0
	for _, p := range places() {
		address := doc.text(p.name)
		if address == "" {
			continue
		}
		if !strings.HasPrefix(address, d.Issuer+"/") {
			r.problem(fmt.Sprintf("%s is %s, outside of the issuer", p.name, cut(address)), "A proxy rewrote the document, or it is another's. Hand it on as it is.")
			continue
		}
		a, err := d.do(ctx, p.method, address, "", nil)
		switch {
		case err != nil:
			r.problem(fmt.Sprintf("%s (%s): %s", p.name, address, reason(err)), "Have the ingress hand on this path.")
		case !slices.Contains(p.statuses, a.status):
			r.problem(fmt.Sprintf("%s (%s %s) answers %d", p.name, p.method, address, a.status), "Have the ingress hand on this path and method as they are, without a filter or a sign-in of its own before it.")
		default:
			good++
		}
	}
	if good > 0 {
		r.ok(fmt.Sprintf("%d endpoints are under the issuer and answer as they should", good))
	}
}

// foreignHost is nobody's name (RFC 6761).
const foreignHost = "latchkey-doctor.invalid"

func (d *doctor) checkHost(ctx context.Context, r *report) {
	a, err := d.get(ctx, d.discoveryURL(), map[string]string{"Host": foreignHost})
	switch {
	case err != nil:
		r.ok("a request for another host gets no answer")
	case a.status == http.StatusOK && strings.Contains(string(a.body), foreignHost):
		r.problem("the issuer's document follows the Host header", "What answers is not Latchkey alone: look for a proxy that rewrites bodies.")
	case a.status == http.StatusOK:
		r.warn("a request for another host gets this issuer's answer: the ingress replaces Host", "Hand on Host as it comes, and have the ingress refuse hosts that it does not know: Latchkey answers 421 to those.")
	default:
		r.ok(fmt.Sprintf("a request for another host is refused (%d)", a.status))
	}
}

// maxSkew is what verifiers commonly forgive, warnSkew where somebody should look.
const maxSkew, warnSkew = time.Minute, 5 * time.Second

func (d *doctor) checkClock(ctx context.Context, r *report) {
	a, err := d.get(ctx, d.discoveryURL(), nil)
	if err != nil {
		r.unknown("no answer tells the server's time", "See discovery.")
		return
	}
	then, err := http.ParseTime(a.header.Get("Date"))
	if err != nil {
		r.unknown("the answer has no Date", "Have the ingress hand it on or set it (RFC 9110 §6.6.1).")
		return
	}
	judgeSkew("the server's clock", then.Add(500*time.Millisecond).Sub(a.at.Add(-a.took/2)), time.Second+a.took/2, r) // Date is cut to seconds
}

// judgeSkew judges how far another clock is ahead of this one, give or take.
func judgeSkew(whose string, ahead, exactness time.Duration, r *report) {
	far := max(ahead.Abs()-exactness, 0)
	seen := fmt.Sprintf("%s and this machine's differ by %s", whose, ahead.Abs().Round(100*time.Millisecond))
	do := "Run a time service (NTP) on both machines. Tokens are refused as too new or too old where clocks differ by more than verifiers forgive, mostly a minute."
	switch {
	case far > maxSkew:
		r.problem(seen, do)
	case far > warnSkew:
		r.warn(seen, do)
	default:
		r.ok(seen)
	}
}

// pageHeaders are those that every page of ours has; what a header must hold, in small letters.
func pageHeaders() map[string]string {
	return map[string]string{
		"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin",
	}
}

func (d *doctor) checkHeaders(ctx context.Context, r *report) {
	a, err := d.get(ctx, d.Issuer+"/login", nil)
	if err != nil || a.status != http.StatusOK {
		said := reason(err)
		if err == nil {
			said = fmt.Sprintf("it answers %d", a.status)
		}
		r.problem("the sign-in page, "+d.Issuer+"/login: "+said, "Have the ingress hand on every path below the issuer.")
		return
	}
	well := true
	fault := func(seen, do string) { well = false; r.problem(seen, do) }
	for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "Cross-Origin-Opener-Policy"} {
		all, want := a.header.Values(name), pageHeaders()[name]
		switch {
		case len(all) == 0 || !strings.Contains(strings.ToLower(strings.Join(all, ", ")), want):
			fault(fmt.Sprintf("the sign-in page comes with %s %q, without %s", name, cut(strings.Join(all, ", ")), want), "Have the ingress leave this header as it comes from Latchkey.")
		case len(all) > 1:
			well = false
			r.warn(name+" comes twice", "Have the ingress add none: browsers hold pages to all of them, and pages may break.")
		}
	}
	if d.issuer.Scheme == "https" && a.header.Get("Strict-Transport-Security") == "" {
		fault("the sign-in page comes without Strict-Transport-Security", "Have the ingress leave this header as it comes from Latchkey (RFC 6797).")
	}
	if v := a.header.Get("X-Frame-Options"); v != "" {
		well = false
		r.warn(fmt.Sprintf("the ingress adds X-Frame-Options %q", cut(v)), "Take it out: each page has its own policy, and /session/check must be framed by applications.")
	}
	if well {
		r.ok("the sign-in page keeps its security headers")
	}
}

func (d *doctor) checkCookies(ctx context.Context, r *report) {
	a, err := d.get(ctx, d.Issuer+"/login", nil)
	if err != nil {
		r.unknown("no sign-in page came", "See headers.")
		return
	}
	cookies := (&http.Response{Header: a.header}).Cookies()
	well := true
	for _, c := range cookies {
		var lacks []string
		if d.issuer.Scheme == "https" && !c.Secure {
			lacks = append(lacks, "Secure")
		}
		if !c.HttpOnly && !strings.HasSuffix(c.Name, "-browser-state") {
			lacks = append(lacks, "HttpOnly")
		}
		if len(lacks) > 0 {
			well = false
			r.warn(fmt.Sprintf("cookie %s lacks %s", cut(c.Name), strings.Join(lacks, " and ")), "If it is the ingress's (sticky sessions), set these there; Latchkey needs no sticky sessions. If it is Latchkey's, have the ingress leave Set-Cookie as it is.")
		}
	}
	switch {
	case len(cookies) == 0:
		r.ok("the sign-in page sets no cookie by itself")
	case well:
		r.ok(fmt.Sprintf("%d cookies of the sign-in page have the flags they need", len(cookies)))
	}
}

// longQuery is below the 16 KiB that Latchkey takes of a request's header.
const longQuery = 12 << 10

func (d *doctor) checkSizes(ctx context.Context, r *report) {
	a, err := d.get(ctx, d.Issuer+"/.well-known/openid-configuration?latchkey-doctor="+strings.Repeat("x", longQuery), nil)
	switch {
	case err != nil:
		r.warn("a request with a line of 12 KiB gets no answer: "+reason(err), largeHeaders)
	case a.status != http.StatusOK:
		r.warn(fmt.Sprintf("a request with a line of 12 KiB gets %d", a.status), largeHeaders)
	default:
		r.ok("a request with a line of 12 KiB goes through")
	}
}

const largeHeaders = "Have the ingress take 16 KiB (nginx: large_client_header_buffers 4 16k): request objects, and requests that wait for a sign-in, travel in the address."
