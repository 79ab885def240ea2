package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"
)

// hasherLimit is how long the longest hash may take.
const hasherLimit = time.Minute

// hashers are the workers that compute a server's password hashes: processes of this binary (see hashWorker), of low priority, so that the
// kernel runs them with the time that requests leave. They are started when they are needed, and stay until the server ends: without work they give
// back their memory, but they do not end. On Linux 6.18 the wait for the end of such a process was seen to spin in the kernel (waitid, /proc), on a busy
// core for minutes.
type hashers struct {
	log     *slog.Logger
	command []string

	mu     sync.Mutex
	idle   []*hasher
	closed bool
	// trouble spaces out complaints about workers that cannot be had.
	trouble paced
	now     func() time.Time
}

func newHashers(log *slog.Logger, now func() time.Time) *hashers {
	return &hashers{log: log, command: []string{ownBinary(), hashWorkerArg}, now: now}
}

// ownBinary is this program, also after its file was replaced by a newer one.
func ownBinary() string {
	if _, err := os.Stat("/proc/self/exe"); err == nil {
		return "/proc/self/exe"
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// derive computes a hash in a worker, as [argon2.IDKey] does. Where no worker can be had, it is computed here.
func (p *hashers) derive(password, salt []byte, passes, memory uint32, lanes uint8, keyLen uint32) []byte {
	o := hashOrder{password: password, salt: salt, passes: passes, memory: memory, keyLen: keyLen, lanes: lanes}
	for range 2 { // one that had ended while it was idle, perhaps
		h, err := p.take()
		if err == nil {
			var key []byte
			if key, err = h.do(o); err == nil {
				p.give(h)
				return key
			}
			h.end()
		}
		p.complain(err)
	}
	return argon2.IDKey(password, salt, passes, memory, lanes, keyLen)
}

func (p *hashers) complain(err error) {
	if p.trouble.due(err, p.now()) {
		p.log.LogAttrs(context.Background(), slog.LevelWarn, "a process for password hashes cannot be had; they are computed by the server itself, and other requests may wait for them",
			slog.String("error", err.Error()))
	}
}

// take is the worker that was used last, or a new one.
func (p *hashers) take() (*hasher, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		h := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return h, nil
	}
	p.mu.Unlock()
	return startHasher(p.command)
}

// give keeps a worker for the next hash.
func (p *hashers) give(h *hasher) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		go h.end()
		return
	}
	p.idle = append(p.idle, h)
}

// close ends the idle workers; those that compute end when they are given back.
func (p *hashers) close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, h := range idle {
		h.end()
	}
}

// hasher is one worker.
type hasher struct {
	cmd  *exec.Cmd
	to   io.WriteCloser
	from *os.File
	// buffer is for orders.
	buffer []byte
}

func startHasher(command []string) (*hasher, error) {
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start hash worker: %w", err)
	}
	defer func() { _ = theirs.Close() }()           // the worker has it
	cmd := exec.Command(command[0], command[1:]...) // #nosec G204 -- this binary
	cmd.Args[0] = "latchkey"
	cmd.Env, cmd.Stdout = []string{"GOMAXPROCS=1", "GOTRACEBACK=none"}, theirs // nothing of ours, which may hold secrets
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		_ = out.Close()
		return nil, fmt.Errorf("start hash worker: %w", err)
	}
	return &hasher{cmd: cmd, to: in, from: out}, nil
}

// do has one hash computed.
func (h *hasher) do(o hashOrder) ([]byte, error) {
	h.buffer = o.append(h.buffer[:0])
	defer clear(h.buffer)
	if _, err := h.to.Write(h.buffer); err != nil {
		return nil, fmt.Errorf("hash worker: %w", err)
	}
	if err := h.from.SetReadDeadline(time.Now().Add(hasherLimit)); err != nil {
		return nil, fmt.Errorf("hash worker: %w", err)
	}
	key := make([]byte, o.keyLen)
	if _, err := io.ReadFull(h.from, key); err != nil {
		return nil, fmt.Errorf("hash worker: %w", err)
	}
	return key, nil
}

// end ends it, whatever it does, and waits until it has.
func (h *hasher) end() {
	_ = h.to.Close()
	_ = h.from.Close()
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}
