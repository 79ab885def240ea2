// Package pgtest starts real PostgreSQL servers for tests.
//
// It owns: finding the server's programs, running a server as somebody who is not root in a folder of its own, its end, and accidents: killing it,
// freezing it, making a standby of it. It must not: skip. Where the programs are missing, it says how to install them.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a server that listens on a port of 127.0.0.1. Everybody there may do everything.
type Server struct {
	// Port it listens on, also after a restart.
	Port int

	dir      string // what it owns
	settings []string
	cmd      *exec.Cmd
	ended    chan struct{}
	made     atomic.Int64
	mib      int // of a disk of its own; 0 for none
}

// Start makes a server and waits until it answers. Stop ends it. settings are lines such as "max_connections=50"; what is written survives the
// death of the process, not of the machine.
func Start(settings ...string) (*Server, error) { return start(settings, 0) }

func start(settings []string, mib int) (*Server, error) {
	s, err := prepare(settings)
	if err != nil {
		return nil, err
	}
	s.mib = mib
	if err := s.initialise(); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	if err := s.run(); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func prepare(settings []string) (*Server, error) {
	dir, err := os.MkdirTemp("", "pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, settings: settings}
	if who := credential(); who != nil {
		if err := os.Chown(dir, int(who.Uid), int(who.Gid)); err != nil {
			return nil, errors.Join(err, s.remove())
		}
	}
	if s.Port, err = freePort(); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close() //nolint:errcheck // it was only asked for its number
	return l.Addr().(*net.TCPAddr).Port, nil
}

// program finds a program of the newest version that Debian's package has installed.
func program(name string) (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		version := func(path string) int { n, _ := strconv.Atoi(strings.Split(path, "/")[4]); return n }
		return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", fmt.Errorf("%s of PostgreSQL is not installed: run `make deps`", name)
}

// credential is whom the server runs as: it refuses to be root. nil: as we are.
func credential() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) (*exec.Cmd, error) {
	path, err := program(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...) //nolint:gosec // programs of PostgreSQL, with arguments of ours
	cmd.Dir = s.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH"), "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential()}
	return cmd, nil
}

func (s *Server) initialise() error {
	cmd, err := s.command("initdb", "--no-sync", "--auth=trust", "--username=latchkey", "--encoding=UTF8", "--locale=C", "--pgdata="+s.data())
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	lines := append([]string{
		"listen_addresses='127.0.0.1'", "unix_socket_directories=''", "max_connections=300", "fsync=off", "full_page_writes=off",
		"wal_level=replica", "max_wal_senders=4", "log_min_messages=fatal", "log_min_error_statement=panic", "shared_buffers=64MB",
	}, s.settings...)
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	return errors.Join(err, f.Close())
}

// Log is what the server wrote down so far.
func (s *Server) Log() string {
	log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	return string(log)
}

// run starts the process and waits until it answers. What is left of a former one may be in the way for a moment.
func (s *Server) run() error {
	var last error
	for range 100 {
		cmd, err := s.command("postgres", "-D", s.data(), "-p", strconv.Itoa(s.Port))
		if s.mib > 0 {
			cmd, err = s.onDisk()
		}
		if err != nil {
			return err
		}
		cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT // the server does not outlive a test that is killed
		log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		cmd.Stdout, cmd.Stderr = log, log
		if err := errors.Join(cmd.Start(), log.Close()); err != nil {
			return err
		}
		s.cmd, s.ended = cmd, make(chan struct{})
		go func() { _ = cmd.Wait(); close(s.ended) }()
		if last = s.answers(); last == nil {
			return nil
		}
		_ = cmd.Process.Kill()
		<-s.ended
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("postgres does not start: %w\n%s", last, s.Log())
}

// answers waits until the server answers, or has ended.
func (s *Server) answers() (err error) {
	for range 600 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		var conn *pgx.Conn
		if conn, err = pgx.Connect(ctx, s.URL("postgres")); err == nil {
			err = conn.Close(ctx)
			cancel()
			return err
		}
		cancel()
		select {
		case <-s.ended:
			return err
		case <-time.After(50 * time.Millisecond):
		}
	}
	return err
}

// URL is the connection string of a database.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://latchkey@127.0.0.1:%d/%s?sslmode=disable", s.Port, database)
}

// Exec runs a statement in the database.
func (s *Server) Exec(database, sql string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, sql)
	return errors.Join(err, conn.Close(ctx))
}

// Create makes a database, as a copy of template where that is not "", and returns its name.
func (s *Server) Create(template string) (string, error) {
	name := fmt.Sprintf("test%d", s.made.Add(1))
	sql := "CREATE DATABASE " + name
	if template != "" {
		sql += " TEMPLATE " + template
	}
	return name, s.Exec("postgres", sql)
}

// Drop removes a database, whoever is connected to it.
func (s *Server) Drop(database string) error {
	return s.Exec("postgres", "DROP DATABASE IF EXISTS "+database+" WITH (FORCE)")
}

func (s *Server) remove() error { return os.RemoveAll(s.dir) }
