package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"latchkey/e2e/harness"
)

// chromium is a real browser, driven by browser.mjs. It starts when it is first needed.
type chromium struct {
	base string

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Scanner
}

func newChromium(base string) *chromium { return &chromium{base: base} }

// order is a line to browser.mjs.
type order struct {
	Do string `json:"do"`
	// Context names a set of cookies: a module has its own.
	Context string `json:"context,omitempty"`
	URL     string `json:"url,omitempty"`
	Text    string `json:"text,omitempty"`
}

// seen is its answer.
type seen struct {
	URL, Title, Error string
	// Shot is a screenshot as data: URI.
	Shot string
}

func (c *chromium) start() error {
	cmd := exec.Command("node", filepath.Join(harness.Root(), "e2e", "conformance", "browser.mjs"))
	cmd.Stderr = os.Stderr
	var err error
	if c.stdin, err = cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("node: %w (run `make deps`)", err)
	}
	c.cmd, c.lines = cmd, bufio.NewScanner(out)
	c.lines.Buffer(nil, 8<<20)
	return json.NewEncoder(c.stdin).Encode(object{"provider": c.base, "name": personName, "password": personPassword, "chromium": "/usr/bin/chromium"})
}

func (c *chromium) do(ctx context.Context, o order) (s seen, err error) {
	if err := ctx.Err(); err != nil {
		return s, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		if err := c.start(); err != nil {
			return s, err
		}
	}
	if err := json.NewEncoder(c.stdin).Encode(o); err != nil {
		return s, err
	}
	if !c.lines.Scan() {
		return s, errors.Join(errors.New("the browser's driver ended"), c.lines.Err())
	}
	if err := json.Unmarshal(c.lines.Bytes(), &s); err != nil {
		return s, err
	}
	if s.Error != "" {
		return s, fmt.Errorf("browser: %s", s.Error)
	}
	return s, nil
}

// visit opens an address and does what the pages of the provider ask for, until it is at the suite or nothing is asked.
func (c *chromium) visit(ctx context.Context, module, address string) (seen, error) {
	return c.do(ctx, order{Do: "visit", Context: module, URL: address})
}

// card is a picture of a text.
func (c *chromium) card(ctx context.Context, text string) (string, error) {
	s, err := c.do(ctx, order{Do: "card", Text: text})
	return s.Shot, err
}

// forget closes the pages of a module.
func (c *chromium) forget(ctx context.Context, module string) error {
	c.mu.Lock()
	idle := c.cmd == nil
	c.mu.Unlock()
	if idle {
		return nil
	}
	_, err := c.do(ctx, order{Do: "forget", Context: module})
	return err
}

func (c *chromium) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return
	}
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}
