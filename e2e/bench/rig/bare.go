package rig

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"latchkey/e2e/harness"
)

// bareEnv and bareArgEnv tell this program, when it runs itself, to be a bare handler.
const bareEnv, bareArgEnv = "LATCHKEY_BENCH_BARE", "LATCHKEY_BENCH_BARE_ARG"

// Bare is a process that serves a bare handler.
type Bare struct {
	Base string
	PID  int
}

// Bare starts this program again as a bare handler of a kind, with an argument, on the server's core with one processor. It ends with the section.
func (r *Rig) Bare(kind, arg string) *Bare {
	argv := onServerCore()
	self := argv[0]
	argv = append(argv, self)
	cmd := exec.Command(argv[0], argv[1:]...)
	out := &lastOf{}
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, r.Dir
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", bareEnv+"="+kind, bareArgEnv+"="+arg)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		r.T.Fatalf("bare handler: %v", err)
	}
	r.T.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	b := &Bare{PID: cmd.Process.Pid}
	harness.Until(r.T, 20*time.Second, "the bare handler "+kind+" listens", func() error {
		address, _, ok := strings.Cut(out.String(), "\n")
		if !ok {
			return syscall.EAGAIN
		}
		b.Base = "http://" + address
		return nil
	})
	return b
}

// lastOf keeps the last of what is written, up to 64 KiB.
type lastOf struct {
	mu    sync.Mutex
	b     bytes.Buffer
	lines int
}

func (l *lastOf) Write(p []byte) (int, error) {
	const keep = 64 << 10
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines += bytes.Count(p, []byte{'\n'})
	if l.b.Len() > 2*keep {
		l.b.Next(l.b.Len() - keep)
	}
	return l.b.Write(p)
}

func (l *lastOf) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lastOf) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines
}
