package harness

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options say how a server is to be run. The zero value is good.
type Options struct {
	// Config is laid over the configuration that every server gets; keys are dotted paths, such as "tokens.access_ttl".
	Config map[string]any
	// Clients are the applications of the configuration; nil means [Clients].
	Clients []map[string]any
	// Mail is where mail goes; nil starts a sink.
	Mail *Mail
	// Env is added to the environment.
	Env []string
	// Host is the issuer's host name; "" means 127.0.0.1.
	Host string
	// Scheme is the issuer's; "" means http.
	Scheme string
	// Path is the issuer's, such as "/id"; "" means none.
	Path string
	// Wrap is a command that runs the server's command.
	Wrap []string
	// Dir is where configuration and data are; "" makes one.
	Dir string
	// Later: do not start the process yet.
	Later bool
	// Output gets what the process writes, and Logs nothing; nil keeps it for Logs.
	Output io.Writer
}

// Server is a configuration, a store, and the process that serves them, if any.
type Server struct {
	// Issuer and Ops are base URLs. Dir holds the configuration and the data.
	Issuer, Ops, Dir string
	// ConfigFile, Store, SealingKey and Socket are paths.
	ConfigFile, Store, SealingKey, Socket string
	Mail                                  *Mail
	Config                                map[string]any
	Secrets                               *Secrets

	t       testing.TB
	o       Options
	mu      sync.Mutex
	process *process
	log     *Buffer
	// binary is the program, "" for the one that is tested.
	binary string
}

// Start configures a server and starts it, and waits until it is ready. It is stopped when the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s := configure(t, o)
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			t.Logf("the server's last lines:\n%s", tail(s.Logs(), 6000))
		}
	})
	if !o.Later {
		s.Launch(t)
		s.WaitReady(t)
	}
	return s
}

// Launch starts the process and does not wait for it to be ready.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	program := s.binary
	if program == "" {
		program = Binary(t)
	}
	argv := append(append([]string{}, s.o.Wrap...), program, "serve", "--config", s.ConfigFile)
	out := io.Writer(s.log)
	if s.o.Output != nil {
		out = s.o.Output
	}
	p, err := launch(argv, s.Dir, append(environment(), s.o.Env...), out)
	if err != nil {
		t.Fatalf("start server: %v", err)
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
}

// WaitReady waits until /readyz says 200.
func (s *Server) WaitReady(t testing.TB) {
	t.Helper()
	p := s.current()
	c := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	Until(t, 30*time.Second, "the server is ready", func() error {
		select {
		case <-p.done:
			t.Fatalf("the server ended: %v\n%s", p.err, tail(s.Logs(), 4000))
		default:
		}
		status, body, err := get(c, s.Ops+"/readyz")
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("%d %s", status, body)
		}
		return err
	})
}

// Ready is what /readyz says: its status, 0 where nothing answers, and its text.
func (s *Server) Ready() (int, string) {
	c := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	status, body, err := get(c, s.Ops+"/readyz?verbose")
	if err != nil {
		return 0, err.Error()
	}
	return status, body
}

func get(c *http.Client, url string) (int, string, error) {
	res, err := c.Get(url)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res.StatusCode, string(b), err
}

func (s *Server) current() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// PID of the process, 0 if there is none.
func (s *Server) PID() int {
	if p := s.current(); p != nil {
		return p.cmd.Process.Pid
	}
	return 0
}

// Terminate asks the process to end, and does not wait for it.
func (s *Server) Terminate() {
	if p := s.current(); p != nil {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
}

// Stop ends the process with SIGTERM and checks that it exits with 0.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.Terminate()
	s.WaitExit(t, 0)
}

// WaitExit waits until the process has ended, and checks its exit code.
func (s *Server) WaitExit(t testing.TB, code int) {
	t.Helper()
	p := s.current()
	if p == nil {
		t.Fatal("no process")
	}
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		t.Fatal("the server has not ended a minute after SIGTERM")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Fatalf("the server exited with %d (%v), want %d\n%s", got, p.err, code, tail(s.Logs(), 4000))
	}
}

// Kill ends the process, and all that it may have started, with SIGKILL.
func (s *Server) Kill() {
	p := s.current()
	if p == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// Logs is everything that all runs of the server wrote.
func (s *Server) Logs() string { return s.log.String() }

// Run runs a command of the binary with the server's configuration, and returns what it wrote and its exit code.
func (s *Server) Run(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return RunBinary(t, s.Dir, nil, append(args, "--config", s.ConfigFile)...)
}
