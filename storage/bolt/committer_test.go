package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"latchkey/storage"
)

var errMine = errors.New("mine")

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "store.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// queued runs the ops beside one another so that one batch takes them all, and returns their errors.
func queued(t *testing.T, s *Store, ops ...func(t *txn) error) []error {
	t.Helper()
	began, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		first := sync.OnceFunc(func() { close(began) })
		if err := s.update(context.Background(), "blocker", func(*txn) error { first(); <-release; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-began
	errs := make([]error, len(ops))
	for i, run := range ops {
		wg.Go(func() { errs[i] = s.update(context.Background(), fmt.Sprint(i), run) })
	}
	for len(s.queue) < len(ops) {
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	return errs
}

func putDenial(jti string) func(t *txn) error {
	return func(t *txn) error {
		save(t, tDenials, []byte(jti), walkTime, time.Unix(1, 0))
		return nil
	}
}

func has(t *testing.T, s *Store, jti string) bool {
	t.Helper()
	denied, err := s.Denied(context.Background(), jti, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return denied
}

func TestWritersShareACommit(t *testing.T) {
	s := openTest(t)
	var ops []func(t *txn) error
	for i := range 64 {
		ops = append(ops, putDenial(fmt.Sprint(i)))
	}
	for _, err := range queued(t, s, ops...) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := s.Commits(); n != 1 {
		t.Errorf("64 writers took %d commits, want 1", n)
	}
}

func TestWritersUnderLoadShareCommits(t *testing.T) {
	s := openTest(t)
	const writers, each = 64, 10
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				if err := s.DenyToken(context.Background(), fmt.Sprint(w, "-", i), time.Unix(1, 0), time.Unix(0, 0)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Commits(); n > writers*each/2 {
		t.Errorf("%d writes took %d commits", writers*each, n)
	}
}

func TestAFailingOperationDoesNotPoisonTheOthers(t *testing.T) {
	s := openTest(t)
	errs := queued(t, s,
		putDenial("a"),
		func(t *txn) error { return errMine },
		func(t *txn) error { _ = putDenial("dirty")(t); return errMine },
		putDenial("b"),
		func(t *txn) error { _ = putDenial("panic")(t); panic("boom") },
		func(t *txn) error { t.put(tDenials, nil, make([]byte, sumSize)); return nil },
		putDenial("c"),
	)
	for i, want := range []error{nil, errMine, errMine, nil, storage.ErrCorrupt, berrors.ErrKeyRequired, nil} {
		if !errors.Is(errs[i], want) {
			t.Errorf("operation %d: %v, want %v", i, errs[i], want)
		}
	}
	for jti, want := range map[string]bool{"a": true, "b": true, "c": true, "dirty": false, "panic": false} {
		if has(t, s, jti) != want {
			t.Errorf("%s is there: %t, want %t", jti, !want, want)
		}
	}
}

func TestAnErrorDoesNotRestOnWhatWasNotCommitted(t *testing.T) {
	s := openTest(t)
	// The second operation fails because of the first, after writing; it must see what was committed in the end.
	errs := queued(t, s,
		putDenial("name"),
		func(t *txn) error {
			_ = putDenial("trace")(t)
			if _, taken := t.get(tDenials, []byte("name")); taken {
				return errMine
			}
			return nil
		},
	)
	if errs[0] != nil {
		t.Errorf("the first failed: %v", errs[0])
	}
	if failed := errors.Is(errs[1], errMine); failed == has(t, s, "trace") || failed != (s.reruns.Load() == 1) {
		t.Errorf("error %v, trace %t, %d reruns", errs[1], has(t, s, "trace"), s.reruns.Load())
	}
}

func TestACallerMayGiveUpBeforeItsTurnOnly(t *testing.T) {
	s := openTest(t)
	ctx, cancel := context.WithCancel(context.Background())
	began, release, given := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		given <- s.update(ctx, "under way", func(t *txn) error { close(began); <-release; return putDenial("first")(t) })
	}()
	<-began
	late := make(chan error)
	go func() { late <- s.update(ctx, "queued", putDenial("second")) }()
	for len(s.queue) < 1 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-late; !errors.Is(err, context.Canceled) {
		t.Errorf("queued: %v, want cancellation", err)
	}
	close(release)
	if err := <-given; err != nil {
		t.Errorf("under way: %v, want the true outcome", err)
	}
	if !has(t, s, "first") || has(t, s, "second") {
		t.Errorf("first %t, second %t; want true, false", has(t, s, "first"), has(t, s, "second"))
	}
}

func TestNoRoomIsUnavailableAndPasses(t *testing.T) {
	s := openTest(t)
	s.commitTx = func(tx *bbolt.Tx) error {
		_ = tx.Rollback()
		return &fs.PathError{Op: "write", Err: syscall.ENOSPC}
	}
	if err := s.update(context.Background(), "x", putDenial("a")); !errors.Is(err, storage.ErrUnavailable) || errors.Is(err, storage.ErrUnknown) {
		t.Errorf("disk full: %v, want ErrUnavailable alone", err)
	}
	if err := s.Ping(context.Background()); err != nil {
		t.Errorf("Ping: %v", err)
	}
}

func TestAFailedSyncRefusesWritesUntilReopened(t *testing.T) {
	for name, commit := range map[string]func(tx *bbolt.Tx) error{
		"error": func(tx *bbolt.Tx) error { _ = tx.Rollback(); return syscall.EIO },
		"panic": func(*bbolt.Tx) error { panic("page") },
	} {
		s := openTest(t)
		if err := s.update(context.Background(), "x", putDenial("before")); err != nil {
			t.Fatal(err)
		}
		s.commitTx = commit
		if err := s.update(context.Background(), "x", putDenial("a")); !errors.Is(err, storage.ErrUnknown) {
			t.Errorf("%s: %v, want ErrUnknown", name, err)
		}
		err := s.update(context.Background(), "x", putDenial("b"))
		if !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s, next write: %v, want ErrUnavailable", name, err)
		}
		if err := s.Ping(context.Background()); !errors.Is(err, storage.ErrUnavailable) {
			t.Errorf("%s, Ping: %v, want ErrUnavailable", name, err)
		}
		if s.Broken() == nil || !has(t, s, "before") || has(t, s, "b") {
			t.Errorf("%s: Broken %v, before %t, b %t", name, s.Broken(), has(t, s, "before"), has(t, s, "b"))
		}
	}
}

func TestTooNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(context.Background(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	err = s.update(context.Background(), "x", func(t *txn) error {
		t.point(tMeta, []byte(keySchema), []byte{0, 0, 0, schema + 1})
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(context.Background(), Options{Path: path}); !errors.Is(err, storage.ErrTooNew) {
		t.Errorf("error %v, want ErrTooNew", err)
	}
}

// Rows of schema 2 lack the last fields.
func TestFromSchema2(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "store.db")
	s, err := Open(ctx, Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	short := func(c *coder, k *storage.Client) {
		walkClient(c, k)
		c.buf = c.buf[:len(c.buf)-7] // two empty lists, two flags, two empty documents and a flag
	}
	err = s.update(ctx, "x", func(t *txn) error {
		save(t, tClients, []byte("app"), short, storage.Client{ID: "app", Name: "App"})
		t.point(tMeta, []byte(keySchema), []byte{0, 0, 0, 2})
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(ctx, Options{Path: path}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Client(ctx, "app")
	if err != nil || c.Name != "App" || c.Declared || c.AllowedGroups != nil {
		t.Fatalf("client %+v, %v", c, err)
	}
	if err := s.db.View(func(tx *bbolt.Tx) error {
		if v, err := version(tx); err != nil || v != schema {
			t.Errorf("version %d, %v", v, err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
