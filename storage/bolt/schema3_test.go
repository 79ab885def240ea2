package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/transfer"
)

// dumpOf is everything in the store, as text.
func dumpOf(t *testing.T, s *bolt.Store) string {
	t.Helper()
	var b bytes.Buffer
	_, err := transfer.Write(context.Background(), &b, s)
	must(t, err)
	return b.String()
}

// TestAStoreOfSchema3: a Latchkey of schema 3 wrote the file, with records in every state, and dumped it. What is read from it now is what that one
// read, whatever is opened and closed; and what schema 4 adds can be kept in it.
func TestAStoreOfSchema3(t *testing.T) {
	path, want := filepath.Join(t.TempDir(), "store.db"), string(unpacked(t, "schema3.jsonl.gz"))
	must(t, os.WriteFile(path, unpacked(t, "schema3.db.gz"), 0o600))
	for _, when := range []string{"as it was", "as it is now"} {
		s := openAt(t, path)
		if d := cmp.Diff(want, dumpOf(t, s)); d != "" {
			t.Errorf("%s (-want +got)\n%s", when, d)
		}
		must(t, s.Verify(context.Background()))
		closeStore(t, s)
	}
	s := openAt(t, path)
	useSchema4(t, s)
	must(t, s.Verify(context.Background()))
	closeStore(t, s)
	_, err := bolt.Compact(context.Background(), path)
	must(t, err)
	s = openAt(t, path)
	must(t, s.DeleteAccount(context.Background(), 1, storage.Effects{}, day()))
	stats, err := s.Stats(context.Background())
	if must(t, err); stats["passkeys"] != 0 || stats["events"] != 0 {
		t.Errorf("left of the account: %v", stats)
	}
	must(t, s.Verify(context.Background()))
	closeStore(t, s)
}

// useSchema4 writes what schema 3 did not know, to what it wrote.
func useSchema4(t *testing.T, s *bolt.Store) {
	t.Helper()
	ctx, now := context.Background(), time.Date(2031, 5, 6, 7, 8, 10, 0, time.UTC)
	a, err := s.Account(ctx, storage.AccountKey{ID: 1})
	must(t, err)
	a.TOTP = &storage.TOTP{Sealed: []byte("sealed"), ConfirmedAt: now}
	a.TermsVersion, a.TermsAt, a.DeleteAt = "2", now, now.Add(time.Hour)
	put, err := s.ReplaceAccount(ctx, a, storage.Effects{}, now)
	must(t, err)
	must(t, s.CreatePasskey(ctx, storage.Passkey{ID: "p", AccountID: 1, SignCount: 1}, storage.Effects{}, now))
	must(t, s.AppendEvents(ctx, []storage.AccountEvent{{ID: "e", AccountID: 1, ExpiresAt: now.Add(time.Hour)}}, now))
	must(t, s.UseConsent(ctx, 1, "app", now))
	c, err := s.Client(ctx, "app")
	must(t, err)
	c.SecondFactor = true
	_, err = s.ReplaceClient(ctx, c, now)
	must(t, err)
	have, err := s.Account(ctx, storage.AccountKey{ID: 1})
	must(t, err)
	if d := cmp.Diff(put, have); d != "" || have.TOTP == nil {
		t.Errorf("account (-want +got)\n%s", d)
	}
	used, err := s.Consent(ctx, 1, "app")
	if must(t, err); !used.UsedAt.Equal(now) || len(used.Scopes) != 2 {
		t.Errorf("consent %+v", used)
	}
	if c, err := s.Client(ctx, "app"); err != nil || !c.SecondFactor || c.Name != "App" {
		t.Errorf("client %+v, %v", c, err)
	}
	if list, err := s.ListOneTimes(ctx, 1, storage.PurposeReset, now); err != nil || len(list) != 1 || list[0].Hash != "r" {
		t.Errorf("one-time tokens %+v, %v", list, err)
	}
}

// TestUpgradeKilled kills a process that brings the file to this schema, at random moments. The store is always whole.
func TestUpgradeKilled(t *testing.T) {
	path, old, want := filepath.Join(t.TempDir(), "store.db"), unpacked(t, "schema3.db.gz"), string(unpacked(t, "schema3.jsonl.gz"))
	ended := 0
	for round := range *rounds {
		must(t, os.WriteFile(path, old, 0o600))
		cmd := child(t, "upgrade", path, "")
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		done := lines(bufio.NewReader(out), func() { // it has begun: it takes some 5 ms
			time.AfterFunc(time.Duration(rand.IntN(8000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		})
		_ = cmd.Wait() // it was killed
		ended += len(done) - 1
		s := openAt(t, path)
		if d := cmp.Diff(want, dumpOf(t, s)); d != "" {
			t.Fatalf("round %d (-want +got)\n%s", round, d)
		}
		must(t, s.Verify(context.Background()))
		closeStore(t, s)
	}
	t.Logf("%d of %d were done before they were killed", ended, *rounds)
}

// childUpgrade says when it begins, and when it is done.
func childUpgrade(path string) int {
	fmt.Println("begins")
	s, err := bolt.Open(context.Background(), bolt.Options{Path: path})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("done")
	if err := s.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
