package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

// TestAStoreOfSchema4: a Latchkey of schema 4 wrote the file, with records in every state, and dumped it. Its codes are found by their hashes, as before.
func TestAStoreOfSchema4(t *testing.T) {
	ctx, now := context.Background(), time.Date(2031, 5, 6, 7, 8, 10, 0, time.UTC)
	path, want := filepath.Join(t.TempDir(), "store.db"), string(unpacked(t, "schema4.jsonl.gz"))
	must(t, os.WriteFile(path, unpacked(t, "schema4.db.gz"), 0o600))
	for _, when := range []string{"as it was", "as it is now"} {
		s := openAt(t, path)
		if d := cmp.Diff(want, dumpOf(t, s)); d != "" {
			t.Errorf("%s (-want +got)\n%s", when, d)
		}
		must(t, s.Verify(ctx))
		closeStore(t, s)
	}
	s := openAt(t, path)
	g, err := s.RedeemCode(ctx, storage.GrantKey{CodeHash: "code-code"}, nil, now)
	if err != nil || g.ID != "code" || g.Code.Named {
		t.Errorf("a code of schema 4: %+v, %v", g, err)
	}
	if _, err := s.RedeemCode(ctx, storage.GrantKey{CodeHash: "code-redeemed"}, nil, now); !errors.Is(err, storage.ErrSpent) {
		t.Errorf("one that is spent: %v", err)
	}
	must(t, s.CreateGrant(ctx, aNamed("new", now), now))
	_, err = s.RedeemCode(ctx, storage.GrantKey{ID: "new", CodeHash: "h-new"}, nil, now)
	must(t, err)
	must(t, s.Verify(ctx))
	n, err := s.Sweep(ctx, 1000, now.AddDate(1, 0, 0))
	if must(t, err); n == 0 {
		t.Error("nothing was swept")
	}
	must(t, s.Verify(ctx))
	closeStore(t, s)
}

func aNamed(id string, now time.Time) storage.Grant {
	return storage.Grant{ID: id, ClientID: "app", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Code: &storage.Code{Hash: "h-" + id, Named: true, ExpiresAt: now.Add(time.Minute)}}
}

// TestNamedCodesHaveNoIndex: a code that names its grant has no row at a random place, whether it was made here or came from another store.
func TestNamedCodesHaveNoIndex(t *testing.T) {
	ctx, now, dir := context.Background(), day(), t.TempDir()
	made, filled := filepath.Join(dir, "made.db"), filepath.Join(dir, "filled.db")
	s := openAt(t, made)
	var items []storage.Item
	for i := range 20 {
		g := aNamed(fmt.Sprint(i), now)
		must(t, s.CreateGrant(ctx, g, now))
		items = append(items, storage.StoredGrant{Grant: g})
	}
	closeStore(t, s)
	to, err := bolt.OpenOrMake(ctx, filled)
	must(t, err)
	must(t, to.Fill(ctx, items, nil, []byte("all")))
	must(t, to.FinishFill(ctx, []byte("all")))
	closeStore(t, to)
	for _, path := range []string{made, filled} {
		db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
		must(t, err)
		must(t, db.View(func(tx *bbolt.Tx) error {
			grants, codes := tx.Bucket([]byte("grants")).Stats().KeyN, tx.Bucket([]byte("codes")).Stats().KeyN
			if grants != 20 || codes != 0 {
				t.Errorf("%s: %d grants, %d codes of 20", filepath.Base(path), grants, codes)
			}
			return nil
		}))
		must(t, db.Close())
	}
}
