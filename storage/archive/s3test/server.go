// Package s3test runs a real S3 server for tests: Versity's gateway over a folder, of the version that versitygw/go.mod pins. It checks signatures.
//
// It owns: building the server, running it on a free port of 127.0.0.1, its end. It must not: skip, or be used by anything but tests.
package s3test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// AccessKeyID is the name of the key that may do everything.
	AccessKeyID = "AKIATESTTESTTEST"
	// SecretAccessKey is the key.
	SecretAccessKey = "test+secret/with=signs" // #nosec G101 -- of a server that lives for a test
	// Region is the only one that signatures may name.
	Region = "test-region-1"
	// Bucket is there.
	Bucket = "backups"
)

// Server is a server that runs.
type Server struct {
	// Endpoint is its base URL. Objects are files below Folder, by their keys.
	Endpoint, Folder string

	dir, program, address string

	cmd   *exec.Cmd
	ended chan struct{}
	log   bytes.Buffer
}

// Start builds the server, where that was not done yet, starts it, and waits until it answers. Stop ends it.
func Start() (*Server, error) {
	program, err := build()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "s3-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, program: program, Folder: filepath.Join(dir, "data", Bucket)}
	if err := errors.Join(os.MkdirAll(s.Folder, 0o700), os.Mkdir(filepath.Join(dir, "meta"), 0o700), s.listen(), s.run(SecretAccessKey)); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// build gives the program's path. The go command keeps what it built.
func build() (string, error) {
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", "tool", "-n", "versitygw")
	cmd.Dir = filepath.Join(filepath.Dir(here), "versitygw")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build the S3 server: %w\n%s", err, said.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
}

// listen finds an address.
func (s *Server) listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.address = l.Addr().String()
	s.Endpoint = "http://" + s.address
	return l.Close()
}

func (s *Server) run(secret string) error {
	s.ended = make(chan struct{})
	s.cmd = exec.Command(s.program, // #nosec G204 -- what build made
		"--port", s.address, "--access", AccessKeyID, "--secret", secret, "--region", Region, "--quiet",
		"posix", "--sidecar", filepath.Join(s.dir, "meta"), filepath.Dir(s.Folder))
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(s.cmd, s.ended)
	for range 1500 { // half a minute

		if c, err := net.Dial("tcp", s.address); err == nil {
			return c.Close()
		}
		select {
		case <-s.ended:
			return fmt.Errorf("the S3 server ended: %s", s.log.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return errors.New("the S3 server does not answer")
}

// Rekey starts the server anew with another secret for [AccessKeyID].
func (s *Server) Rekey(secret string) error {
	s.end()
	return s.run(secret)
}

// Stop ends the server and removes what it had.
func (s *Server) Stop() error {
	s.end()
	return os.RemoveAll(s.dir)
}

func (s *Server) end() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}
