package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/storagetest"
	"latchkey/storage/transfer"
)

// bloated makes a store with something of everything, and n accounts of which most were removed again.
func bloated(t *testing.T, n int) (path string, all transfer.Summary) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	storagetest.Populate(t, s)
	var mails []storage.Mail
	for i := range n {
		mails = append(mails, storage.Mail{ID: fmt.Sprint("m", i), Sealed: make([]byte, 2000), ExpiresAt: day().Add(time.Duration(i%10) * time.Hour)})
	}
	for batch := range slices.Chunk(mails, 200) {
		must(t, s.QueueMail(context.Background(), batch, day()))
	}
	_, err := s.Sweep(context.Background(), n, day().Add(9*time.Hour))
	must(t, err)
	closeStore(t, s)
	return path, sumOf(t, path)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sumOf opens a store, verifies it, and says what is in it.
func sumOf(t *testing.T, path string) transfer.Summary {
	t.Helper()
	s := openAt(t, path)
	must(t, s.Verify(context.Background()))
	all, err := transfer.Sum(context.Background(), s)
	must(t, err)
	closeStore(t, s)
	return all
}

func TestCompact(t *testing.T) {
	path, all := bloated(t, 2000)
	must(t, os.Chmod(path, 0o640))
	must(t, os.WriteFile(path+".compact", []byte("left by one who was killed"), 0o600))
	link := filepath.Join(t.TempDir(), "link.db")
	must(t, os.Symlink(path, link))
	before, err := os.Stat(path)
	must(t, err)
	done, err := bolt.Compact(context.Background(), link)
	must(t, err)
	after, err := os.Stat(path)
	must(t, err)
	if done.Before != before.Size() || done.After != after.Size() || done.After > done.Before/3 || done.Rows < 100 {
		t.Errorf("%+v; the file had %d bytes and has %d", done, before.Size(), after.Size())
	}
	if after.Mode() != before.Mode() {
		t.Errorf("its mode is %v", after.Mode())
	}
	if have := sumOf(t, path); !have.Equal(all) {
		t.Errorf("it holds something else: %v", all.Differences(have))
	}
	if _, err := os.Lstat(path + ".compact"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the new file is left beside it: %v", err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("the link is none any more: %v", err)
	}
	again, err := bolt.Compact(context.Background(), path)
	if err != nil || again.Before != done.After || again.After > again.Before {
		t.Errorf("a second time: %+v, %v", again, err)
	}
}

func TestCompactRefuses(t *testing.T) {
	path, all := bloated(t, 10)
	s := openAt(t, path)
	if _, err := bolt.Compact(context.Background(), path); !errors.Is(err, bolt.ErrHeld) {
		t.Errorf("a store that is served: %v", err)
	}
	closeStore(t, s)
	if _, err := bolt.Compact(context.Background(), path+"x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no store: %v", err)
	}
	if _, err := os.Stat(path + "x"); err == nil {
		t.Error("a store was made")
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := bolt.Compact(over, path); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is over: %v", err)
	}
	other := filepath.Join(t.TempDir(), "other")
	must(t, os.WriteFile(other, []byte("nothing of ours"), 0o600))
	if _, err := bolt.Compact(context.Background(), other); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("not a store: %v", err)
	}
	if have := sumOf(t, path); !have.Equal(all) {
		t.Errorf("the store was changed: %v", all.Differences(have))
	}
}

func TestCompactOfADamagedStoreLeavesIt(t *testing.T) {
	path, _ := bloated(t, 10)
	body, err := os.ReadFile(path)
	must(t, err)
	body = bytes.ReplaceAll(body, []byte("sealed-queued"), []byte("sealed-Queued")) // in free pages, too
	must(t, os.WriteFile(path, body, 0o600))
	if _, err := bolt.Compact(context.Background(), path); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("error %v", err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	after, err := os.ReadFile(path)
	if err != nil || len(after) != len(body) {
		t.Errorf("the file changed: %v", err)
	}
}

// TestCompactKilled kills a process that compacts, at random moments. The store is always whole.
func TestCompactKilled(t *testing.T) {
	path, all := bloated(t, 1500)
	ended := 0
	for round := range *rounds {
		cmd := child(t, "compact", path, "")
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		done := lines(bufio.NewReader(out), func() { // it has begun: a round takes some 20 ms
			time.AfterFunc(time.Duration(rand.IntN(30000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		})
		_ = cmd.Wait() // it was killed
		ended += len(done) - 1
		if have := sumOf(t, path); !have.Equal(all) {
			t.Fatalf("round %d: %v", round, all.Differences(have))
		}
	}
	t.Logf("%d of %d got to compact it at all before they were killed", ended, *rounds)
	if _, err := bolt.Compact(context.Background(), path); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// childCompact says when it begins, and each time that it is done.
func childCompact(path string) int {
	fmt.Println("begins")
	for {
		if _, err := bolt.Compact(context.Background(), path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Println("done")
	}
}
