package pgtest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Stop ends the server for good and removes what it had.
func (s *Server) Stop() error {
	s.Freeze(false)
	return errors.Join(s.Down(), s.remove())
}

// Down ends the server as an administrator in a hurry does: sessions are told, and end. Up starts it again.
func (s *Server) Down() error { return s.end(syscall.SIGINT) }

// Immediate ends the server without writing down what it has in memory: it recovers from its log when Up starts it again.
func (s *Server) Immediate() error { return s.end(syscall.SIGQUIT) }

// Kill ends all of the server's processes at once, without any of them being asked. Up starts it again.
func (s *Server) Kill() error {
	for _, pid := range s.processes() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return s.end(syscall.SIGKILL)
}

func (s *Server) end(sig syscall.Signal) error {
	select {
	case <-s.ended:
		return nil
	default:
	}
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		<-s.ended
	}
	return nil
}

// Up starts a server that was ended, on the same port.
func (s *Server) Up() error { return s.run() }

// Freeze stops all processes of the server where they are, or lets them go on: connections stay open and nobody answers.
func (s *Server) Freeze(frozen bool) {
	sig := syscall.SIGCONT
	if frozen {
		sig = syscall.SIGSTOP
	}
	for _, pid := range s.processes() {
		_ = syscall.Kill(pid, sig)
	}
}

// processes are the server and its children.
func (s *Server) processes() []int {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	own := s.cmd.Process.Pid
	pids := []int{own}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		body, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid …; the name may hold anything.
		after := string(body[strings.LastIndexByte(string(body), ')')+1:])
		fields := strings.Fields(after)
		if len(fields) > 1 && fields[1] == strconv.Itoa(own) {
			if pid, err := strconv.Atoi(strings.Split(name, "/")[2]); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// ReadOnly refuses writes of sessions from now on, those that are there included, or takes that back: what a demoted node looks like from outside.
func (s *Server) ReadOnly(on bool) error {
	sql := "ALTER SYSTEM RESET default_transaction_read_only"
	if on {
		sql = "ALTER SYSTEM SET default_transaction_read_only = on"
	}
	return errors.Join(s.Exec("postgres", sql), s.Exec("postgres", "SELECT pg_reload_conf()"))
}
