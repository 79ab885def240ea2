package serve

import (
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A pipe in the place of a certificate's file, which nobody writes to, ends no renewal: it is a fault like another.
func TestCertificateFromAPipe(t *testing.T) {
	certFile, keyFile := writePair(t, t.TempDir(), "first.example")
	if err := os.Remove(keyFile); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(keyFile, 0o600); err != nil {
		t.Fatal(err)
	}
	told := make(chan error, 1)
	go func() {
		_, err := LoadCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
		told <- err
	}()
	select {
	case err := <-told:
		if err == nil || !strings.Contains(err.Error(), "is no regular file") {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it does not end")
	}
}
