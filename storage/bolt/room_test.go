package bolt

import (
	"errors"
	"os"
	"regexp"
	"testing"

	"latchkey/storage"
)

func TestRoom(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := room(f, 1, "a file"); err != nil {
		t.Errorf("a byte: %v", err)
	}
	err = room(f, 1<<60, "a file")
	want := regexp.MustCompile(`^store unavailable: no room for a file: 1099511627792\.0 MiB needed, [0-9.]+ MiB free$`)
	if !errors.Is(err, storage.ErrUnavailable) || !want.MatchString(err.Error()) {
		t.Errorf("an exbibyte: %v", err)
	}
}
