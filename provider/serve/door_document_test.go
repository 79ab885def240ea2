package serve

import (
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What the door answers is, byte for byte, what is answered further inside, and so are the lines of the log and the metrics.
func TestDoorAnswersAsInside(t *testing.T) {
	for name, row := range map[string]struct {
		request string
		// door says that the door answers it.
		door bool
	}{
		"a GET":                             {askKeys, true},
		"a HEAD":                            {strings.Replace(askKeys, "GET", "HEAD", 1), true},
		"who has it":                        {with(askKeys, `If-None-Match: "1"`), true},
		"HEAD of who has it":                {strings.Replace(with(askKeys, `If-None-Match: "1"`), "GET", "HEAD", 1), true},
		"who has another":                   {with(askKeys, `If-None-Match: "0"`), false},
		"who has it, weakly":                {with(askKeys, `If-None-Match: W/"1"`), false},
		"who has any":                       {with(askKeys, `If-None-Match: *`), false},
		"who has one of two, in two lines":  {with(askKeys, `If-None-Match: "0"`, `If-None-Match: "1"`), false},
		"a browser of another origin":       {with(askKeys, "Origin: https://app.example", "Sec-Fetch-Mode: cors"), true},
		"with headers that mean nothing":    {with(askKeys, "User-Agent: x", "Accept: */*", "Cookie: a=b", "Authorization: Bearer x", "Range: bytes=0-1", "Cache-Control: no-cache", "Connection: Keep-Alive", "Content-Length: 0"), true},
		"a trace of somebody else's":        {with(askKeys, "Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), true},
		"by a proxy":                        {with(askKeys, "X-Forwarded-For: 192.0.2.7"), true},
		"by two proxies, in two lines":      {with(askKeys, "x-forwarded-for: 192.0.2.7", "X-Forwarded-For:  127.0.0.3 "), true},
		"by a proxy of the standard":        {with(askKeys, `Forwarded: for="[2001:db8::1]:80";proto=https`), true},
		"by proxies that do not agree":      {with(askKeys, "X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.8"), true},
		"by a proxy that tells no address":  {with(askKeys, "X-Forwarded-For: unknown"), true},
		"the host in capitals, with a dot":  {strings.Replace(askKeys, "localhost:8080", "LOCALHOST.:1", 1), true},
		"another loopback":                  {strings.Replace(askKeys, "localhost:8080", "[::1]:8080", 1), true},
		"a host that is not ours":           {strings.Replace(askKeys, "localhost:8080", "other.example", 1), false},
		"no host":                           {strings.Replace(askKeys, "Host: localhost:8080\r\n", "X: y\r\n", 1), false},
		"an empty host":                     {strings.Replace(askKeys, "localhost:8080", "", 1), false},
		"two hosts":                         {with(askKeys, "Host: localhost:8080"), false},
		"a host that is none":               {strings.Replace(askKeys, "localhost:8080", "localhost:80 80", 1), false},
		"a query":                           {strings.Replace(askKeys, "/keys", "/keys?v=1", 1), false},
		"an empty query":                    {strings.Replace(askKeys, "/keys", "/keys?", 1), false},
		"a tab in the query":                {strings.Replace(askKeys, "/keys", "/keys?\t", 1), false},
		"another spelling of the path":      {strings.Replace(askKeys, "/keys", "/key%73", 1), false},
		"an absolute target":                {strings.Replace(askKeys, "/keys", "http://localhost/keys", 1), false},
		"a body":                            {with(askKeys, "Content-Length: 3") + "a=b", false},
		"too large a body":                  {with(askKeys, "Content-Length: 5000") + strings.Repeat("a", 5000), false},
		"a POST":                            {strings.Replace(askKeys, "GET", "POST", 1), false},
		"another method":                    {strings.Replace(askKeys, "GET", "get", 1), false},
		"a header that somebody looks for":  {with(askKeys, "X-WATCHED: 1"), false},
		"a long header":                     {with(askKeys, "X: "+strings.Repeat("x", 5000)), false},
		"HTTP/1.0":                          {strings.Replace(askKeys, "1.1", "1.0", 1), false},
		"HTTP/1.0 that goes on":             {strings.Replace(with(askKeys, "Connection: keep-alive"), "1.1", "1.0", 1), false},
		"it hangs up afterwards":            {with(askKeys, "Connection: close"), false},
		"it waits for 100":                  {with(askKeys, "Expect: 100-continue"), false},
		"it expects something else":         {with(askKeys, "Expect: rain"), false},
		"it would rather speak something":   {with(askKeys, "Connection: Upgrade", "Upgrade: websocket"), false},
		"chunked":                           {with(askKeys, "Transfer-Encoding: chunked") + "0\r\n\r\n", false},
		"two at once":                       {askKeys + askKeys, false},
		"somewhere else":                    {"POST /form HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\na=b", false},
		"a control character in the header": {with(askKeys, "X: \x01"), false},
	} {
		for _, proxies := range []Proxies{nil, {netip.MustParsePrefix("127.0.0.0/8")}} {
			for _, first := range []string{askKeys, with(askKeys, "X-Forwarded-For: 192.0.2.1")} {
				t.Run(name, func(t *testing.T) {
					trust := func(c *Config) { c.Proxies = proxies }
					pieces := [][]byte{[]byte(first), []byte(row.request), []byte(askKeys)}
					sameAsInside(t, pieces, func(r *documentRig) {
						if got := r.seen.Load(); got > 0 != row.door && got != 1 { // and the last, where the connection goes on
							t.Errorf("%d answered at the door", got)
						}
					}, trust)
					if answered := answeredOf(t, row.request, trust); answered != row.door {
						t.Errorf("answered at the door: %v", answered)
					}
				})
			}
		}
	}
}

// answeredOf says whether the door answers a request that is a connection's second and last.
func answeredOf(t *testing.T, request string, edit ...func(*Config)) bool {
	r := newDocumentRig(t, true, edit...)
	r.play(t, []byte(askKeys), []byte(request))
	return r.seen.Load() > 0
}

// sameAsInside plays pieces to a door that answers and to one that does not, and compares.
func sameAsInside(t *testing.T, pieces [][]byte, check func(*documentRig), edit ...func(*Config)) {
	t.Helper()
	with, without := newDocumentRig(t, true, edit...), newDocumentRig(t, false, edit...)
	raw, want := with.play(t, pieces...), without.play(t, pieces...)
	if got, want := anyDate.ReplaceAllString(raw, "Date"), anyDate.ReplaceAllString(want, "Date"); got != want {
		t.Errorf("%q\nis answered with\n%q, inside with\n%q", pieces, got, want)
	}
	if got, want := with.told(t), without.told(t); got != want {
		t.Errorf("%q\nis told as\n%s\ninside as\n%s", pieces, got, want)
	}
	if got, want := with.keys.inside.Load()+with.keys.sent.Load(), without.keys.inside.Load(); got != want {
		t.Errorf("%q: the document hears of %d answers, inside of %d", pieces, got, want)
	}
	check(with)
}

// FuzzDoorAnswers sends anything, in any pieces, after a request that the door answers from.
func FuzzDoorAnswers(f *testing.F) {
	for _, seed := range []string{askKeys, askKeys + askKeys, with(askKeys, `If-None-Match: "1"`), strings.Replace(askKeys, "GET", "HEAD", 1) + askKeys, with(askKeys, "X-Forwarded-For: 192.0.2.7") + askKeys,
		with(askKeys, "Content-Length: 3") + "a=b" + askKeys, strings.Replace(askKeys, "localhost:8080", "other.example", 1) + askKeys, with(askKeys, "Connection: close") + askKeys} {
		for _, cuts := range []uint64{0, 1, 0x123456789abcdef} {
			f.Add([]byte(seed), cuts)
		}
	}
	trust := func(c *Config) { c.Proxies = Proxies{netip.MustParsePrefix("127.0.0.0/8")} }
	f.Fuzz(func(t *testing.T, b []byte, cuts uint64) {
		if len(b) > 1<<15 || strings.Contains(string(b), "HTTP/2.0") {
			return
		}
		sameAsInside(t, append([][]byte{[]byte(askKeys)}, cut(b, cuts)...), func(*documentRig) {}, trust)
	})
}

// Each answer of Date tells the second in which it was given.
func TestDoorTellsTheTime(t *testing.T) {
	var now atomic.Int64
	now.Store(1_700_000_000)
	r := newDocumentRig(t, true, func(c *Config) { c.Now = func() time.Time { return time.Unix(now.Load(), 0) } })
	doc, k := r.lanes["/keys"], kind(0)
	for range 3 {
		a, _ := doc.answer(k, r.keys.Edition(), r.cfg.Now())
		if want := "\r\nDate: " + r.cfg.Now().UTC().Format(http.TimeFormat) + "\r\n\r\n{\"keys\":1}"; !strings.HasSuffix(string(a.wire), want) {
			t.Errorf("%q, want %q at its end", a.wire, want)
		}
		now.Add(1)
	}
	if n := r.keys.inside.Load(); n != 1 {
		t.Errorf("drawn %d times", n)
	}
}
