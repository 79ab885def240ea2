package bolt_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

func day() time.Time { return time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) }

func testAccount(i int) storage.Account {
	return storage.Account{
		Sub: fmt.Sprint("sub", i), UsernameKey: fmt.Sprint("user", i), EmailKey: fmt.Sprint("mail", i),
		FullName: strings.Repeat("x", 100), CreatedAt: day(), UpdatedAt: day(),
	}
}

func testGrant(i int) storage.Grant {
	return storage.Grant{
		ID: fmt.Sprint("g", i), ClientID: "app", Scopes: []string{"openid"}, CreatedAt: day(), ExpiresAt: day().Add(time.Hour),
		Code: &storage.Code{Hash: fmt.Sprint("c", i), ExpiresAt: day().Add(time.Minute)},
	}
}

// filled writes a store with n accounts and grants and returns its bytes.
func filled(t *testing.T, n int) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	for i := range n {
		if _, err := s.CreateAccount(context.Background(), testAccount(i), storage.Effects{}, day()); err != nil {
			t.Fatal(err)
		}
		if err := s.CreateGrant(context.Background(), testGrant(i), day()); err != nil {
			t.Fatal(err)
		}
	}
	closeStore(t, s)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// tryOpen writes the bytes to a file and opens it: it works, or fails with one clear line.
func tryOpen(t *testing.T, content []byte) *bolt.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := bolt.Open(context.Background(), bolt.Options{Path: path})
	if err != nil {
		oneLine(t, err, storage.ErrCorrupt)
		return nil
	}
	return s
}

func oneLine(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q, want one line that wraps %q", err, want)
	}
}

// readAll reads every record in several ways: each is right, or missing, or said to be corrupt.
func readAll(t reporter, s *bolt.Store, n int, what string) (right int) {
	t.Helper()
	check := func(have, want any, err error) {
		t.Helper()
		switch {
		case errors.Is(err, storage.ErrNotFound), errors.Is(err, storage.ErrCorrupt):
		case err != nil:
			t.Errorf("%s: error %v", what, err)
		default:
			right++
			if d := cmp.Diff(want, have); d != "" {
				t.Errorf("%s: wrong record (-want +got)\n%s", what, d)
			}
		}
	}
	for i := range n {
		want := testAccount(i)
		want.ID, want.Version = int64(i+1), 1
		for _, k := range []storage.AccountKey{{ID: want.ID}, {Sub: want.Sub}, {UsernameKey: want.UsernameKey}, {EmailKey: want.EmailKey}} {
			have, err := s.Account(context.Background(), k)
			check(have, want, err)
		}
		for _, k := range []storage.GrantKey{{ID: testGrant(i).ID}, {CodeHash: testGrant(i).Code.Hash}} {
			have, err := s.Grant(context.Background(), k, day())
			check(have, testGrant(i), err)
		}
	}
	_, err := s.ListAccounts(context.Background(), 0, n)
	check(nil, nil, err)
	return right
}

func TestTruncated(t *testing.T) {
	const n = 20
	content := filled(t, n)
	opened := 0
	for size := 0; size < len(content); size += 1024 {
		for _, cut := range []int{size, size + 1} {
			s := tryOpen(t, content[:cut])
			if s == nil {
				continue
			}
			opened++
			// Only room that was not in use yet may be missing.
			if right := readAll(t, s, n, fmt.Sprint(cut)); right != 6*n+1 {
				t.Errorf("cut at %d: opened, and %d reads of %d were right", cut, right, 6*n+1)
			}
			closeStore(t, s)
		}
	}
	if opened > len(content)/1024 {
		t.Errorf("%d truncated files opened", opened)
	}
}

func TestZeroedHeads(t *testing.T) {
	const n = 5
	content := filled(t, n)
	for name, pages := range map[string][]int{"first": {0}, "second": {1}, "both": {0, 1}} {
		damaged := append([]byte(nil), content...)
		for _, p := range pages {
			copy(damaged[p*4096:(p+1)*4096], make([]byte, 4096))
		}
		s := tryOpen(t, damaged)
		if (s == nil) != (len(pages) == 2) {
			t.Errorf("%s meta page zeroed: opened %t", name, s != nil)
		}
		if s != nil {
			readAll(t, s, n, name)
			closeStore(t, s)
		}
	}
}

// reporter is what of a test the reading needs.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// TestFlippedBits flips bits all over the file, each in a copy of its own. Reads and writes may fail but must not lie. A child does it: a damaged
// offset can lead a read out of the mapped file into memory of the process, or to where there is none, which the row's checksum or the store notices,
// but which the race detector takes for a race of ours or does not survive, and the garbage collector takes, now and then, for a reason to end the
// process. So the child is built without the one and runs without the other.
func TestFlippedBits(t *testing.T) {
	const n = 20
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "content"), filled(t, n), 0o600); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain")
	build := exec.Command("go", "test", "-race=false", "-c", "-o", plain, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := child(t, "flips", dir, strconv.Itoa(n))
	cmd.Path = plain
	cmd.Env = append(cmd.Env, "GOGC=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if last := strings.TrimSpace(string(out)); last != "done" {
		t.Error(last)
	}
}

// printer reports to the parent.
type printer struct{}

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// childFlips prints what is wrong, and "done".
func childFlips(dir, records string) int {
	n, err := strconv.Atoi(records)
	content, readErr := os.ReadFile(filepath.Join(dir, "content"))
	if err = errors.Join(err, readErr); err != nil {
		fmt.Println(err)
		return 1
	}
	random := rand.New(rand.NewPCG(1, 2))
	noticed, path := 0, filepath.Join(dir, "damaged.db")
	for range 150 {
		damaged := append([]byte(nil), content...)
		at, bit := random.IntN(len(damaged)), byte(1)<<random.IntN(8)
		damaged[at] ^= bit
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			fmt.Println(err)
			return 1
		}
		what := fmt.Sprintf("byte %d ^ %#x", at, bit)
		s, err := bolt.Open(context.Background(), bolt.Options{Path: path})
		if err != nil {
			if noticed++; !errors.Is(err, storage.ErrCorrupt) || strings.Contains(err.Error(), "\n") {
				fmt.Println(what, err)
			}
			continue
		}
		if readAll(printer{}, s, n, what) < 6*n+1 {
			noticed++
		}
		_, _ = s.CreateAccount(context.Background(), testAccount(n+1), storage.Effects{}, day())
		readAll(printer{}, s, n, what+" after a write")
		_ = s.Close()
	}
	if noticed == 0 {
		fmt.Println("no flip was noticed: the test reads nothing that it damages")
	}
	fmt.Println("done")
	return 0
}

func TestAFlippedBitInARowIsCorruptForThatRow(t *testing.T) {
	const n = 5
	content := filled(t, n)
	// The full name stands in rows of accounts alone.
	damaged := []byte(strings.ReplaceAll(string(content), strings.Repeat("x", 100), strings.Repeat("x", 99)+"y"))
	s := tryOpen(t, damaged)
	if s == nil {
		t.Fatal("one damaged row keeps the store from opening")
	}
	for i := range n {
		_, err := s.Account(context.Background(), storage.AccountKey{ID: int64(i + 1)})
		oneLine(t, err, storage.ErrCorrupt)
		if _, err := s.Grant(context.Background(), storage.GrantKey{ID: testGrant(i).ID}, day()); err != nil {
			t.Errorf("an undamaged row: %v", err)
		}
	}
	if err := s.Verify(context.Background()); !errors.Is(err, storage.ErrCorrupt) {
		t.Errorf("Verify: %v, want ErrCorrupt", err)
	}
	closeStore(t, s)
}

func TestBranchesThatLeadInCircles(t *testing.T) {
	const n = 200
	content := filled(t, n)
	order := binary.NativeEndian
	branches := 0
	for id := 2; id < len(content)/4096; id++ {
		page := content[id*4096:]
		if order.Uint64(page) != uint64(id) || order.Uint16(page[8:]) != 1 {
			continue
		}
		branches++
		order.PutUint64(page[16+8:], uint64(id)) // the page is its own first child
	}
	if branches == 0 {
		t.Fatal("no branch page: the store is too small for this test")
	}
	if s := tryOpen(t, content); s != nil {
		t.Error("opened")
		_ = s.Close()
	}
}

func TestAFreelistThatNamesPagesInUse(t *testing.T) {
	content := filled(t, 30)
	order := binary.NativeEndian
	for id := 2; id < len(content)/4096; id++ {
		page := content[id*4096:]
		if order.Uint64(page) == uint64(id) && order.Uint16(page[8:]) == 16 && order.Uint16(page[10:]) > 0 {
			// Every page that may be a leaf in use is named by every freelist there is.
			for n := range int(order.Uint16(page[10:])) {
				order.PutUint64(page[16+8*n:], uint64(2+n))
			}
		}
	}
	if s := tryOpen(t, content); s != nil {
		t.Error("opened")
		_ = s.Close()
	}
}
