package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"latchkey/storage"
	"latchkey/storage/memory"
	"latchkey/storage/transfer"
)

// What was put in comes out, is said to be in it, and can be put into another store.
func TestRoundTrip(t *testing.T) {
	keys, _ := newKeys(t)
	from := populated(t)
	want, err := transfer.Sum(t.Context(), from)
	if err != nil {
		t.Fatal(err)
	}
	b, info := made(t, keys, from)
	again, err := verify(t, b, keys)
	if err != nil || !again.Records.Equal(want) || !info.Records.Equal(want) || !again.Proven || again.Bytes != int64(len(b)) {
		t.Fatalf("%+v %v", again, err)
	}
	if a := about(); again.Issuer != a.Issuer || !again.Taken.Equal(a.Taken) || again.Version != a.Version || again.Revision != a.Revision || again.Driver != a.Driver {
		t.Errorf("%+v", again.About)
	}
	to := memory.New()
	got, err := Restore(t.Context(), bytes.NewReader(b), keys, Restored{Sessions: true}, to, nil)
	if err != nil || !got.Equal(want) {
		t.Errorf("%v: %v", err, want.Differences(got))
	}
	if bytes.Contains(b, []byte("session")) || bytes.Contains(b, []byte("live")) {
		t.Error("something in it can be read")
	}
}

// Without its sessions a backup signs nobody in, gives no number out again, and keeps everything else.
func TestRestoreVoids(t *testing.T) {
	keys, _ := newKeys(t)
	from := populated(t)
	b, info := made(t, keys, from)
	to := memory.New()
	got, err := Restore(t.Context(), bytes.NewReader(b), keys, Restored{Gap: 1000}, to, nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := map[transfer.Kind]bool{"session": true, "grant": true, "one_time_token": true, "registration_token": true, "device": true, "pushed_request": true, "mail": true}
	for _, kind := range info.Records.Kinds() {
		had, has := info.Records[kind], got[kind]
		if kind == "account" {
			had.Hash, has.Hash = transfer.Hash{}, transfer.Hash{} // one of them was about to be deleted
		}
		if gone[kind] != (has.Count == 0) || !gone[kind] && kind != "account_sequence" && had != has {
			t.Errorf("%s: %d became %d", kind, had.Count, has.Count)
		}
	}
	for kind := range gone {
		if info.Records[kind].Count == 0 {
			t.Errorf("there was no %s, so nothing is shown", kind)
		}
	}
	doomed := 0
	for _, s := range []*memory.Store{from, to} {
		list, err := s.ListAccounts(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range list {
			if s == to && !a.DeleteAt.IsZero() {
				t.Errorf("account %d stays shut, and nothing will delete it", a.ID)
			} else if !a.DeleteAt.IsZero() {
				doomed++
			}
		}
	}
	if doomed == 0 {
		t.Error("no account was about to be deleted, so nothing is shown")
	}
	was, err := from.CreateAccount(t.Context(), storage.Account{Sub: "next"}, storage.Effects{}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	is, err := to.CreateAccount(t.Context(), storage.Account{Sub: "next"}, storage.Effects{}, time.Now())
	if err != nil || is.ID != was.ID+1000 {
		t.Errorf("after %d comes %d, %v", was.ID-1, is.ID, err)
	}
}

// Where nobody had an account when the backup was taken, somebody may have got one since.
func TestRestoreBeforeTheFirstAccount(t *testing.T) {
	keys, _ := newKeys(t)
	from, to := memory.New(), memory.New()
	if _, err := from.SwapKeyring(t.Context(), storage.Keyring{}, time.Now()); err != nil {
		t.Fatal(err)
	}
	b, _ := made(t, keys, from)
	if _, err := Restore(t.Context(), bytes.NewReader(b), keys, Restored{Gap: 1000}, to, nil); err != nil {
		t.Fatal(err)
	}
	a, err := to.CreateAccount(t.Context(), storage.Account{Sub: "first"}, storage.Effects{}, time.Now())
	if err != nil || a.ID != 1001 {
		t.Errorf("%d %v", a.ID, err)
	}
}

// A byte that changed, wherever it is, is found out; so is one that is missing or too many.
func TestDamage(t *testing.T) {
	keys, _ := newKeys(t)
	from := memory.New()
	if _, err := from.CreateAccount(t.Context(), storage.Account{Sub: "s"}, storage.Effects{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	b, _ := made(t, keys, from)
	refused := func(name string, b []byte) {
		t.Helper()
		if _, err := verify(t, b, keys); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrKey) {
			t.Fatalf("%s: %v", name, err)
		}
		to := memory.New()
		if _, err := Restore(t.Context(), bytes.NewReader(b), keys, Restored{}, to, nil); err == nil {
			t.Fatalf("%s: it was restored", name)
		}
		if err := to.Ping(t.Context()); err == nil {
			if sum, err := transfer.Sum(t.Context(), to); err != nil || sum.Records() != 0 {
				t.Fatalf("%s: %d records were restored, %v", name, sum.Records(), err)
			}
		}
	}
	for i := range b {
		bad := bytes.Clone(b)
		bad[i] ^= 1 << (i % 8)
		refused(fmt.Sprintf("bit %d of byte %d", i%8, i), bad)
	}
	for n := range b {
		refused(fmt.Sprintf("the first %d bytes", n), b[:n])
	}
	refused("a byte behind its end", append(bytes.Clone(b), 0))
	refused("twice", append(bytes.Clone(b), b...))
	refused("nothing", nil)
}

// A large one is damaged in places all over it.
func TestDamageOfManyChunks(t *testing.T) {
	keys, _ := newKeys(t)
	from := memory.New()
	noise := make([]byte, 300<<10)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	a, err := from.CreateAccount(t.Context(), storage.Account{Sub: "s"}, storage.Effects{}, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := from.PutFile(t.Context(), a.ID, storage.FileResume, storage.FileInfo{ID: "f", Size: int64(len(noise))}, noise, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	b, _ := made(t, keys, from)
	if len(b) < 4*64<<10 {
		t.Fatalf("%d bytes are not many chunks", len(b))
	}
	for i := 0; i < len(b); i += len(b)/40 + 1 {
		bad := bytes.Clone(b)
		bad[i] ^= 0x80
		for name, bad := range map[string][]byte{"changed": bad, "cut": b[:i], "one is missing": append(bytes.Clone(b[:i]), b[i+1:]...)} {
			if _, err := verify(t, bad, keys); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s at %d: %v", name, i, err)
			}
		}
	}
	if _, err := verify(t, append(append(bytes.Clone(b[:128<<10]), b[192<<10:]...), b[128<<10:192<<10]...), keys); !errors.Is(err, ErrDamaged) {
		t.Errorf("chunks in another order: %v", err)
	}
}

// Of a later format one is told so. A dump that was cut inside of a good envelope is not taken.
func TestInside(t *testing.T) {
	keys, _ := newKeys(t)
	for _, row := range []struct {
		name string
		dump string
		want error
	}{
		{"no dump", "{}\n", transfer.ErrFormat},
		{"a dump without its end", `{"latchkey_dump":1}` + "\n", transfer.ErrFormat},
		{"an empty dump", `{"latchkey_dump":1}` + "\n" + `{"end":{}}` + "\n", nil},
		{"a record that is none", `{"latchkey_dump":1}` + "\n" + `{"account":{}}` + "\n" + `{"end":{}}` + "\n", transfer.ErrFormat},
		{"an end inside", `{"latchkey_dump":1}` + "\n" + `{"end":{}}` + "\n" + trailerPrefix + `{}}` + "\n", ErrDamaged},
	} {
		t.Run(row.name, func(t *testing.T) {
			var b bytes.Buffer
			err := Write(t.Context(), &b, keys, about(), func(_ context.Context, w io.Writer) error {
				_, err := io.WriteString(w, row.dump)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := verify(t, b.Bytes(), keys); !errors.Is(err, row.want) || row.want != nil && strings.Contains(err.Error(), "%!") {
				t.Errorf("%v", err)
			}
		})
	}
}

// A disk that is full, a reader that fails and a caller who goes away are told as what they are.
func TestTrouble(t *testing.T) {
	keys, _ := newKeys(t)
	from := populated(t)
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	if _, err := Make(t.Context(), full, keys, about(), from); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("full: %v", err)
	}
	b, _ := made(t, keys, from)
	broken := errors.New("the disk is gone")
	for _, n := range []int{0, 100, 300, len(b) - 1} {
		_, err := Verify(t.Context(), io.MultiReader(bytes.NewReader(b[:n]), iotest.ErrReader(broken)), keys)
		if !errors.Is(err, broken) || errors.Is(err, ErrDamaged) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Verify(gone, bytes.NewReader(b), keys); !errors.Is(err, context.Canceled) {
		t.Errorf("gone: %v", err)
	}
	f, err := Spool()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := Make(gone, f, keys, about(), from); !errors.Is(err, context.Canceled) {
		t.Errorf("gone: %v", err)
	}
}
