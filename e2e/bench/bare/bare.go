// Package bare has the handlers that operations are compared with: what each cannot do without, and nothing around it. They run on net/http in a
// process of their own, with one processor, as the server does.
package bare

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
)

// Serve is a process that serves a kind of handler on a free loopback port, whose address is its first line on stdout. It does not return unless it
// fails. Kinds: "bytes" writes the file that arg names, "work" does a [Work] in JSON, "alone" has what is measured without HTTP, see [alone],
// "crowd" is no handler to compare with, but makes requests, see [Crowd].
func Serve(kind, arg string) error {
	h, err := handler(kind, arg)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, ln.Addr()); err != nil {
		return err
	}
	return http.Serve(ln, h)
}

func handler(kind, arg string) (http.Handler, error) {
	switch kind {
	case "bytes":
		b, err := os.ReadFile(arg)
		return bytesHandler(b), err
	case "work":
		var w Work
		if err := json.Unmarshal([]byte(arg), &w); err != nil {
			return nil, err
		}
		return w.handler()
	case "alone":
		return alone(arg)
	case "crowd":
		return http.HandlerFunc(crowd), nil
	}
	return nil, fmt.Errorf("no bare handler %q", kind)
}

func bytesHandler(body []byte) http.Handler {
	length := strconv.Itoa(len(body))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
	})
}
