package transfer_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/memory"
	"latchkey/storage/postgres"
	"latchkey/storage/postgres/pgtest"
	"latchkey/storage/storagetest"
	"latchkey/storage/transfer"
)

// What the test's program does when a test starts it again.
const (
	childFrom = "LATCHKEY_TEST_MOVE_FROM"
	childTo   = "LATCHKEY_TEST_MOVE_TO"
)

func TestMain(m *testing.M) {
	if from := os.Getenv(childFrom); from != "" {
		os.Exit(childMove(from, os.Getenv(childTo)))
	}
	code := m.Run()
	if database.server != nil {
		_ = database.server.Stop()
	}
	os.Exit(code)
}

// database is the server of all tests, started when the first needs it.
var database struct {
	once   sync.Once
	server *pgtest.Server
	err    error
}

// place makes an empty store's place: a file, or a connection string.
func place(t *testing.T, driver string) string {
	t.Helper()
	if driver == "bolt" {
		return "bolt:" + filepath.Join(t.TempDir(), "store.db")
	}
	database.once.Do(func() { database.server, database.err = pgtest.Start() })
	must(t, database.err)
	name, err := database.server.Create("")
	must(t, err)
	return database.server.URL(name)
}

// openPlace opens the store there; transfer: also one that is half filled.
func openPlace(at string, transfer bool) (storage.Store, error) {
	if path, is := strings.CutPrefix(at, "bolt:"); is {
		return bolt.Open(bg(), bolt.Options{Path: path, Transfer: transfer})
	}
	return postgres.Open(bg(), postgres.Options{URL: at, Transfer: transfer})
}

func openNew(t *testing.T, driver string) storage.Store {
	t.Helper()
	if driver == "memory" {
		return memory.New()
	}
	s, err := openPlace(place(t, driver), false)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestAllPairs moves everything from each driver to each, in one go and by a stream, and finds the same.
func TestAllPairs(t *testing.T) {
	drivers := []string{"memory", "bolt", "postgres"}
	streams := make(map[string]string)
	for _, from := range drivers {
		source := openNew(t, from)
		storagetest.Populate(t, source)
		want := sum(t, source)
		stream := new(bytes.Buffer)
		if wrote, err := transfer.Write(bg(), stream, source); err != nil || !wrote.Equal(want) {
			t.Fatalf("%s: %v, %v", from, want.Differences(wrote), err)
		}
		lines := strings.Split(stream.String(), "\n")
		slices.Sort(lines) // drivers have orders of their own
		streams[from] = strings.Join(lines, "\n")
		for _, to := range drivers {
			t.Run(from+" to "+to, func(t *testing.T) {
				target := openNew(t, to)
				copied, err := transfer.Copy(bg(), source, target, nil)
				must(t, err)
				read := openNew(t, to)
				got, err := transfer.Read(bg(), bytes.NewReader(stream.Bytes()), read)
				must(t, err)
				for how, have := range map[string]transfer.Summary{"copied": copied, "then there": sum(t, target), "read": got, "after reading": sum(t, read)} {
					if !have.Equal(want) {
						t.Errorf("%s: %v", how, want.Differences(have))
					}
				}
			})
		}
	}
	for _, driver := range drivers {
		if streams[driver] != streams["memory"] {
			t.Errorf("the stream of %s holds other lines than that of memory", driver)
		}
	}
}

// TestKilled kills a process that moves, again and again, and has the next go on. In between nobody can serve what is half moved.
func TestKilled(t *testing.T) {
	for _, pair := range [][2]string{{"bolt", "postgres"}, {"postgres", "bolt"}, {"bolt", "bolt"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			from, to := place(t, pair[0]), place(t, pair[1])
			source, err := openPlace(from, false)
			must(t, err)
			storagetest.Populate(t, source)
			fatten(t, source)
			want := sum(t, source)
			must(t, source.Close())
			kills, half, patience := 0, 0, 10*time.Millisecond
			for moved := false; !moved; kills++ {
				moved = killedMove(t, from, to, patience/2+rand.N(patience))
				patience = patience * 3 / 2
				s, err := openPlace(to, false)
				if err == nil {
					err = s.Close()
				} else if errors.Is(err, storage.ErrHalfFilled) {
					half++
					err = nil
				}
				must(t, err)
			}
			target, err := openPlace(to, false)
			must(t, err)
			defer target.Close()
			if have := sum(t, target); !have.Equal(want) {
				t.Error(want.Differences(have))
			}
			if b, is := target.(*bolt.Store); is {
				must(t, b.Verify(bg()))
			}
			if half == 0 {
				t.Error("never was anything half moved")
			}
			t.Logf("%d tries, %d of which were killed half way", kills, half)
		})
	}
}

// fatten makes a move take several batches.
func fatten(t *testing.T, s storage.Store) {
	t.Helper()
	for range 40 {
		var mails []storage.Mail
		for range 100 {
			mails = append(mails, storage.Mail{ID: fmt.Sprint(rand.Uint64()), Sealed: make([]byte, 8000), ExpiresAt: far})
		}
		must(t, s.QueueMail(bg(), mails, now))
	}
}

// killedMove starts a process that moves, and kills it after a time. It says whether the process was done before.
func killedMove(t *testing.T, from, to string, after time.Duration) bool {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childFrom+"="+from, childTo+"="+to)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	in := bufio.NewReader(out)
	if line, err := in.ReadString('\n'); err != nil || line != "begins\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	said, _ := io.ReadAll(in)
	timer.Stop()
	_ = cmd.Wait() // it was killed, or is done
	return string(said) == "done\n"
}

func childMove(from, to string) int {
	source, err := openPlace(from, true)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	target, err := openPlace(to, true)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("begins")
	if _, err := transfer.Copy(bg(), source, target, nil); err != nil && !errors.Is(err, storage.ErrNotEmpty) { // done by the one before, who could not say so
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("done")
	return 0
}
