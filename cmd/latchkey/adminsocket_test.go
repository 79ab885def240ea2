package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Commands for one server must never reach another: a socket at which somebody answers is left alone, and goes with its own server.
func TestAdminSocketOfAnotherServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	first, err := listenPrivate(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := first.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	if err := freeSocket(t.Context(), path); err == nil || !strings.Contains(err.Error(), "another server") {
		t.Errorf("a live socket was taken: %v", err)
	}
	if conn, err := net.Dial("unix", path); err != nil {
		t.Errorf("the first server lost its socket: %v", err)
	} else {
		_ = conn.Close()
	}
	// One that was put in its place stays when the first goes.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := listenPrivate(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the second server lost its socket: %v", err)
	}
	// What a killed server left is taken.
	if err := second.(unlinking).Listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := freeSocket(t.Context(), path); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("a dead socket stays: %v", err)
	}
}
