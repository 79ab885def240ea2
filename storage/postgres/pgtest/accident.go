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
	err := s.end(syscall.SIGKILL) // the one that makes others, first
	for range 1000 {
		left := s.processes()
		if len(left) == 0 {
			return err
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return errors.Join(err, errors.New("processes of the server outlive SIGKILL"))
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

// Up starts a server that was ended, on the same port. What outlived that is in the way of the next.
func (s *Server) Up() error { return errors.Join(s.Kill(), s.run()) }

// Freeze stops all processes of the server where they are, or lets them go on: connections stay open and nobody answers.
func (s *Server) Freeze(frozen bool) {
	sig := syscall.SIGCONT
	if frozen {
		sig = syscall.SIGSTOP
	}
	_ = s.cmd.Process.Signal(sig) // the one that makes others, first
	for _, pid := range s.processes() {
		_ = syscall.Kill(pid, sig)
	}
}

// processes are those that run in the server's folder: it and its children, also such as have lost it.
func (s *Server) processes() (pids []int) {
	where, err := filepath.EvalSymlinks(s.data())
	if err != nil {
		return nil
	}
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		if at, err := os.Readlink(link); err != nil || at != where {
			continue // it has ended, or is another's
		}
		if pid, err := strconv.Atoi(strings.Split(link, "/")[2]); err == nil {
			pids = append(pids, pid)
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
