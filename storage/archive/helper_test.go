package archive

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"latchkey/storage"
	"latchkey/storage/memory"
	"latchkey/storage/storagetest"
)

// newKeys makes keys; the text too.
func newKeys(t testing.TB, recipients ...string) (*Keys, string) {
	t.Helper()
	text, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	k, err := ParseKeys(text, recipients)
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

// populated is a store with something of every kind.
func populated(t *testing.T) *memory.Store {
	t.Helper()
	s := memory.New()
	storagetest.Populate(t, s)
	return s
}

func about() About {
	return About{Taken: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC), Issuer: issuer, Version: "v1.2.3", Revision: "abc", Driver: "memory"}
}

// made is a good backup of the store.
func made(t testing.TB, keys *Keys, from storage.Transfers) ([]byte, Info) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "f"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	info, err := Make(context.Background(), f, keys, about(), from)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return b, info
}

func verify(t testing.TB, b []byte, keys *Keys) (Info, error) {
	t.Helper()
	return Verify(context.Background(), bytes.NewReader(b), keys)
}

// seal does what Write does with lines that are any bytes.
func seal(t testing.TB, keys *Keys, lines []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	sealed, err := age.Encrypt(&b, keys.recipients...)
	if err != nil {
		t.Fatal(err)
	}
	packed := gzip.NewWriter(sealed)
	_, err = packed.Write(lines)
	if err = errors.Join(err, packed.Close(), sealed.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unzip(t testing.TB, r io.Reader) []byte {
	t.Helper()
	z, err := gzip.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
