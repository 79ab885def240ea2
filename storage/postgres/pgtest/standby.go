package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// standbyName is what standbys call themselves.
const standbyName = "standby"

// Standby makes a standby of the server, which streams from it, and waits until it answers. Its port is the one given; 0 for any.
func (s *Server) Standby(port int) (*Server, error) {
	standby, err := prepare(s.settings)
	if err != nil {
		return nil, err
	}
	if port != 0 {
		standby.Port = port
	}
	cmd, err := standby.command("pg_basebackup", "--pgdata="+standby.data(), "--no-sync", "--checkpoint=fast", "--wal-method=stream",
		"--dbname="+s.URL("postgres"))
	if err != nil {
		return nil, errors.Join(err, standby.remove())
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("pg_basebackup: %w\n%s", err, out), standby.remove())
	}
	if err := errors.Join(standby.Follow(s), standby.run()); err != nil {
		return nil, errors.Join(err, standby.remove())
	}
	return standby, nil
}

// Follow makes a server that is down a standby of primary, once it is up again. It must have ended in order, or be a copy.
func (s *Server) Follow(primary *Server) error {
	f, err := os.OpenFile(filepath.Join(s.data(), "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "primary_conninfo = 'host=127.0.0.1 port=%d user=latchkey application_name=%s'\nsynchronous_standby_names = ''\n",
		primary.Port, standbyName)
	return errors.Join(err, f.Close(), os.WriteFile(filepath.Join(s.data(), "standby.signal"), nil, 0o644)) //nolint:gosec // the server reads it
}

// Promote makes a standby the primary, and waits until it is. Whatever it still replays may end the session that asks.
func (s *Server) Promote() error {
	err := s.Exec("postgres", "SELECT pg_promote(false)")
	for range 1500 {
		if s.Exec("postgres", "SELECT 1 / CASE WHEN pg_is_in_recovery() THEN 0 ELSE 1 END") == nil {
			return nil
		}
		if err != nil {
			err = s.Exec("postgres", "SELECT pg_promote(false)")
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("the standby is not promoted: %w", err)
}

// Synchronous makes commits wait for the standby, and waits until they do.
func (s *Server) Synchronous() error {
	for _, sql := range []string{"ALTER SYSTEM SET synchronous_standby_names = '" + standbyName + "'", "SELECT pg_reload_conf()"} {
		if err := s.Exec("postgres", sql); err != nil {
			return err
		}
	}
	var err error
	for range 500 {
		if err = s.Exec("postgres", "SELECT 1 / count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("no standby is synchronous: %w", err)
}
