package serve

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestReadFrame(t *testing.T) {
	const get = "GET /jwks.json?x=1 HTTP/1.1\r\nHost: id.example\r\n\r\n"
	post := func(headers, body string) string {
		return "POST /token HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body
	}
	for name, row := range map[string]struct {
		in   string
		want framing
	}{
		"a GET":                         {get, frameWhole},
		"a POST with its body":          {post("Content-Length: 3\r\n", "a=b"), frameWhole},
		"kept alive":                    {post("Connection: Keep-Alive\r\ncontent-length:3\r\n", "a=b"), frameWhole},
		"a part of a header":            {get[:20], framePart},
		"a header without its end":      {get[:len(get)-1], framePart},
		"a body that is yet to come":    {post("Content-Length: 4\r\n", "a=b"), framePart},
		"pipelined":                     {get + get, frameOther},
		"more than its length":          {post("Content-Length: 2\r\n", "a=b"), frameOther},
		"HTTP/1.0":                      {strings.Replace(get, "1.1", "1.0", 1), frameOther},
		"an absolute target":            {strings.Replace(get, "/jwks", "http://a/jwks", 1), frameOther},
		"chunked":                       {post("Transfer-Encoding: chunked\r\n", ""), frameOther},
		"both lengths":                  {post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "a=b"), frameOther},
		"two lengths":                   {post("Content-Length: 3\r\nContent-Length: 3\r\n", "a=b"), frameOther},
		"a signed length":               {post("Content-Length: +3\r\n", "a=b"), frameOther},
		"a list of lengths":             {post("Content-Length: 3, 3\r\n", "a=b"), frameOther},
		"a huge length":                 {post("Content-Length: 99999999\r\n", "a=b"), frameOther},
		"a folded header":               {post("X: a\r\n b\r\n", ""), frameOther},
		"a space before the colon":      {post("Content-Length : 3\r\n", "a=b"), frameOther},
		"a bare line feed":              {post("X: a\nContent-Length: 3\r\n", "a=b"), frameOther},
		"a bare carriage return":        {post("X: a\rContent-Length: 3\r\n", "a=b"), frameOther},
		"a vertical tab at a name":      {post("Content-Length\v: 3\r\n", "a=b"), frameOther},
		"a control character":           {post("X: a\x01\r\n", ""), frameOther},
		"a line feed in the target":     {strings.Replace(get, "?x=1", "?x\nHost:", 1), frameOther},
		"a line feed in the method":     {"A\n" + get, frameOther},
		"a name of other letters":       {post("Content-Length\xa0: 3\r\n", "a=b"), frameOther},
		"it waits for 100":              {post("Expect: 100-continue\r\nContent-Length: 3\r\n", ""), frameOther},
		"it hangs up afterwards":        {post("Connection: close\r\n", ""), frameOther},
		"another protocol":              {post("Upgrade: h2c\r\n", ""), frameOther},
		"a line that is no header":      {post("what\r\n", ""), frameOther},
		"no target":                     {"GET HTTP/1.1\r\n\r\n", frameOther},
		"an empty line instead of one":  {"\r\n\r\n", frameOther},
		"something else than a request": {"\x16\x03\x01\r\n\r\n", frameOther},
	} {
		if _, got := readFrame([]byte(row.in)); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
	f, _ := readFrame([]byte("GET /login?a=/b HTTP/1.1\r\nOrigin: https://a\r\nAccept-Language: de-AT,en;q=0.5\r\n\r\n"))
	if string(f.method) != "GET" || string(f.path) != "/login" || !f.origin || string(f.language) != "de" {
		t.Errorf("%q %q %v %q", f.method, f.path, f.origin, f.language)
	}
	for in, want := range map[string]string{"en": "en", "DE": "", "": "", "x": "", "*": "", "abcd": "", "de;q=1": "de"} {
		if got := string(firstLanguage([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// What the door takes for a whole request is one for net/http, too: with the same method, path and length.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na=b"))
	f.Add([]byte("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, what := readFrame(b)
		if what != frameWhole {
			return
		}
		r := bufio.NewReader(bytes.NewReader(b))
		req, err := http.ReadRequest(r)
		if err != nil {
			return // it refuses it and hangs up
		}
		if req.Method != string(frame.method) {
			t.Errorf("method %q, want %q", frame.method, req.Method)
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			t.Errorf("its body: %v", err)
		}
		if rest, _ := io.ReadAll(r); len(rest) > 0 {
			t.Errorf("net/http sees another request: %q", rest)
		}
	})
}
