package harness

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

var ports struct {
	sync.Mutex
	taken map[int]bool
}

// Port finds a free loopback port, below those that the kernel gives to outgoing connections, so that it is still free when it is used.
func Port(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.taken == nil {
		ports.taken = map[int]bool{}
	}
	for range 1000 {
		p := 12000 + rand.N(18000) // browsers refuse none of these
		if ports.taken[p] {
			continue
		}
		ln, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			continue
		}
		_ = ln.Close()
		ports.taken[p] = true
		return p
	}
	t.Fatal("no free port")
	return 0
}
