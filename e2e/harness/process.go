package harness

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one run of the binary.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

func launch(argv []string, dir string, env []string, out io.Writer) (*process, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// environment is ours without what would change the server.
func environment() []string {
	var out []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "LATCHKEY_") && !strings.HasPrefix(e, "OTEL_") {
			out = append(out, e)
		}
	}
	return out
}

// RunBinary runs a command of the binary.
func RunBinary(t testing.TB, dir string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, bad bytes.Buffer
	cmd := exec.Command(Binary(t), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = dir, &out, &bad, append(environment(), env...)
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatalf("run latchkey %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), bad.String(), cmd.ProcessState.ExitCode()
}

// Until calls try until it gives no error, and ends the test if it still does after limit.
func Until(t testing.TB, limit time.Duration, what string, try func() error) {
	t.Helper()
	end := time.Now().Add(limit)
	pause := time.Millisecond
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %v it is not so that %s: %v", limit, what, err)
		}
		time.Sleep(pause)
		pause = min(pause*2, 50*time.Millisecond)
	}
}

func tail(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return "…" + s[len(s)-n:]
}

// Buffer is a bytes.Buffer for several goroutines.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements [io.Writer].
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is everything that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Process is a command of the binary that goes on.
type Process struct {
	p   *process
	out *Buffer
}

// RunServer starts a command of the binary that goes on, in a folder. It is killed when the test ends.
func RunServer(t testing.TB, dir string, env []string, args ...string) *Process {
	t.Helper()
	out := &Buffer{}
	p, err := launch(append([]string{Binary(t)}, args...), dir, append(environment(), env...), out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	})
	return &Process{p, out}
}

// Output is what it wrote.
func (p *Process) Output() string { return p.out.String() }

// Ended tells whether the process has ended.
func (p *Process) Ended() bool {
	select {
	case <-p.p.done:
		return true
	default:
		return false
	}
}

// Stop ends it with SIGTERM and checks that it exits with 0.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	_ = p.p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.p.done:
	case <-time.After(time.Minute):
		t.Fatal("it has not ended a minute after SIGTERM")
	}
	if code := p.p.cmd.ProcessState.ExitCode(); code != 0 {
		t.Fatalf("exit code %d:\n%s", code, tail(p.out.String(), 4000))
	}
}

// PID of the process.
func (p *Process) PID() int { return p.p.cmd.Process.Pid }
