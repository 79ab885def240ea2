package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"testing"
)

// Requests of one connection have the address that each of them tells, where the peer may tell one, and the peer's elsewhere.
func TestAddressOfEachRequestOfAConnection(t *testing.T) {
	for name, row := range map[string]struct {
		proxies Proxies
		want    []string
	}{
		"a proxy":  {Proxies{netip.MustParsePrefix("127.0.0.0/8")}, []string{"127.0.0.1", "192.0.2.1", "192.0.2.2", "127.0.0.1", "192.0.2.3"}},
		"no proxy": {nil, []string{"127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(c *Config) { c.Proxies = row.proxies })
			h := f.Handle("x", FaceFunc(JSONFace), func(w http.ResponseWriter, r *http.Request) error {
				_, err := fmt.Fprint(w, RecordOf(r.Context()).Address)
				return err
			}, At(Machine), Route("/x"))
			conns := NewConnections(8)
			hs := f.NewHTTPServer(f.Wrap(h), Limits{Conns: conns}, nil)
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			go func() { _ = hs.Serve(conns.Listen(ln)) }()
			t.Cleanup(func() { _ = hs.Close() })
			conn, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = conn.Close() })
			for i, told := range []string{"", "X-Forwarded-For: 192.0.2.1\r\n", "Forwarded: for=192.0.2.2\r\n", "", "X-Forwarded-For: 192.0.2.3\r\n"} {
				if _, err := fmt.Fprintf(conn, "GET /x HTTP/1.1\r\nHost: localhost\r\n%s\r\n", told); err != nil {
					t.Fatal(err)
				}
				b := make([]byte, 4096)
				n, err := conn.Read(b)
				if err != nil {
					t.Fatal(err)
				}
				got := string(b[:n])
				if end := len(got) - len(row.want[i]); end < 0 || got[end:] != row.want[i] || got[end-1] != '\n' {
					t.Errorf("request %d: %q, want %s", i, got, row.want[i])
				}
			}
		})
	}
}
