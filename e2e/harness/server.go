package harness

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
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
	// Wrap is a command that runs the server's command.
	Wrap []string
	// Dir is where configuration and data are; "" makes one.
	Dir string
	// Later: do not start the process yet.
	Later bool
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
}

// process is one run of the binary.
type process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
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

func configure(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, o: o, Dir: o.Dir, Mail: o.Mail, Secrets: &Secrets{}, log: &Buffer{}}
	if s.Dir == "" { // short, since the socket's path may have some hundred bytes only
		dir, err := os.MkdirTemp("", "lk")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		s.Dir = dir
	}
	if s.Mail == nil {
		s.Mail = NewMail(t, MailOptions{})
	}
	host, scheme := o.Host, o.Scheme
	if host == "" {
		host = "127.0.0.1"
	}
	if scheme == "" {
		scheme = "http"
	}
	port, ops := Port(t), Port(t)
	s.Issuer, s.Ops = fmt.Sprintf("%s://%s:%d", scheme, host, port), fmt.Sprintf("http://127.0.0.1:%d", ops)
	s.ConfigFile, s.Store = filepath.Join(s.Dir, "latchkey.yaml"), filepath.Join(s.Dir, "latchkey.db")
	s.SealingKey, s.Socket = filepath.Join(s.Dir, "sealing.key"), filepath.Join(s.Dir, "admin.sock")
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	text := base64.StdEncoding.EncodeToString(key)
	s.Secrets.Add("sealing key", text, string(key))
	if err := os.WriteFile(s.SealingKey, []byte(text+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Config = map[string]any{
		"issuer":                 s.Issuer,
		"server.listen":          fmt.Sprintf("127.0.0.1:%d", port),
		"server.ops_listen":      fmt.Sprintf("127.0.0.1:%d", ops),
		"server.admin_socket":    s.Socket,
		"server.trusted_proxies": []string{"127.0.0.1/32"}, // so that a client can say which address it has
		"server.shutdown.delay":  "0s",
		"storage.driver":         "bolt",
		"storage.bolt.path":      s.Store,
		"keys.sealing_key_file":  s.SealingKey,
		"mail.from":              "Latchkey <latchkey@example.test>",
		"mail.smtp.address":      s.Mail.Address,
		"mail.smtp.tls":          "none",
		"log.format":             "json",
		"accounts.hash.memory":   "7MiB", // cheap: what is tested is not the hash
		"accounts.hash.passes":   1,
	}
	maps.Copy(s.Config, o.Config)
	if o.Clients == nil {
		o.Clients = Clients()
	}
	s.Config["clients"] = o.Clients
	for _, c := range o.Clients {
		list, _ := c["secrets"].([]map[string]any)
		for _, secret := range list {
			s.Secrets.Add("client secret", fmt.Sprint(secret["value"]))
		}
	}
	s.WriteConfig(t)
	return s
}

// WriteConfig writes Config to ConfigFile.
func (s *Server) WriteConfig(t testing.TB) {
	t.Helper()
	tree := map[string]any{}
	for path, v := range s.Config {
		if v == nil {
			continue
		}
		at := tree
		parts := strings.Split(path, ".")
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		at[parts[len(parts)-1]] = v
	}
	b, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.ConfigFile, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// Launch starts the process and does not wait for it to be ready.
func (s *Server) Launch(t testing.TB) {
	t.Helper()
	argv := append(append([]string{}, s.o.Wrap...), Binary(t), "serve", "--config", s.ConfigFile)
	p, err := launch(argv, s.Dir, append(environment(), s.o.Env...), s.log)
	if err != nil {
		t.Fatalf("start server: %v", err)
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
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

// StartSelf runs this test binary once more, with more in its environment. It is killed when the test ends.
func StartSelf(t testing.TB, env ...string) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := &Buffer{}
	p, err := launch([]string{self}, t.TempDir(), append(environment(), env...), out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	})
	return &Process{p, out}
}
