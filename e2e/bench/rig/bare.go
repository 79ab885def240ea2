package rig

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
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
func (r *Rig) Bare(kind, arg string) *Bare { return r.itself(kind, arg, onServerCore()) }

// Asker starts this program again on the core of the load, where the system shares the processor between both: whatever one of them has to do in its own
// queue does not keep the other waiting.
func (r *Rig) Asker(kind, arg string) *Bare { return r.itself(kind, arg, nil) }

func (r *Rig) itself(kind, arg string, wrap []string) *Bare {
	self, err := os.Executable()
	if err != nil {
		r.T.Fatalf("who am I: %v", err)
	}
	b, out := &Bare{}, &lastOf{}
	b.PID = r.start(out, []string{bareEnv + "=" + kind, bareArgEnv + "=" + arg}, append(wrap, self)...)
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

// Program starts a program on the server's core with one processor and waits until an address answers with 200. It ends with the section. What it
// writes is dropped.
func (r *Rig) Program(address string, env []string, argv ...string) (pid int, err error) {
	out := &lastOf{}
	pid = r.start(out, env, append(onServerCore(), argv...)...)
	for range 200 {
		var res *http.Response
		if res, err = http.Get(address); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return pid, nil
			}
			err = fmt.Errorf("%s: status %d", address, res.StatusCode)
		}
		time.Sleep(100 * time.Millisecond)
	}
	text := out.String()
	return pid, fmt.Errorf("%w\n%s", err, text[max(0, len(text)-2000):])
}

func (r *Rig) start(out io.Writer, env []string, argv ...string) (pid int) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, r.Dir
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		r.T.Fatalf("%s: %v", argv[len(argv)-1], err)
	}
	r.T.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
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
