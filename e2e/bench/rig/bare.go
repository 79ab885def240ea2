package rig

import (
	"bytes"
	"io"
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
	b.PID, _ = r.start(out, []string{bareEnv + "=" + kind, bareArgEnv + "=" + arg}, append(wrap, self)...)
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

// Program is a process that is not ours.
type Program struct {
	PID  int
	out  *lastOf
	stop func()
}

// Program starts a program on the server's core with one processor. It ends with the section.
func (r *Rig) Program(env []string, argv ...string) *Program {
	p := &Program{out: &lastOf{}}
	p.PID, p.stop = r.start(p.out, env, append(onServerCore(), argv...)...)
	return p
}

// Stop kills it and waits for its end. It may be called again.
func (p *Program) Stop() { p.stop() }

// Said is the end of what it wrote.
func (p *Program) Said() string {
	text := p.out.String()
	return text[max(0, len(text)-2000):]
}

func (r *Rig) start(out io.Writer, env []string, argv ...string) (pid int, stop func()) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, r.Dir
	cmd.Env = append(append(os.Environ(), "GOMAXPROCS=1"), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		r.T.Fatalf("%s: %v", argv[len(argv)-1], err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	r.T.Cleanup(stop)
	return cmd.Process.Pid, stop
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
