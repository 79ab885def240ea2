package bolt_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// TestPagesOfOneTimeAreFull: grants that are made one after the other, and whose codes are redeemed, leave no half empty pages behind.
func TestPagesOfOneTimeAreFull(t *testing.T) {
	const grants, together = 6000, 100
	ctx, now, path := context.Background(), day(), filepath.Join(t.TempDir(), "store.db")
	s := openAt(t, path)
	for n := 0; n < grants; n += together {
		var all sync.WaitGroup
		for i := n; i < n+together; i++ {
			all.Go(func() {
				if err := oneOf(ctx, s, i, now.Add(time.Duration(i)*10*time.Millisecond)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	must(t, s.Verify(ctx))
	closeStore(t, s)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	defer db.Close()
	must(t, db.View(func(tx *bbolt.Tx) error {
		for name, least := range map[string]float64{"grants": 0.72, "grants_by": 0.8, "expiry": 0.8} {
			st := tx.Bucket([]byte(name)).Stats()
			if full := float64(st.LeafInuse) / float64(st.LeafAlloc); full < least {
				t.Errorf("%s: pages are full to %.2f, want %.2f", name, full, least)
			}
		}
		return nil
	}))
}

// oneOf makes a grant with the identifier that its time gives it, and redeems its code.
func oneOf(ctx context.Context, s storage.Store, i int, at time.Time) error {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.UnixMilli())<<16)
	binary.BigEndian.PutUint64(b[8:], uint64(i)*0x9e3779b97f4a7c15)
	g := aNamed(base64.RawURLEncoding.EncodeToString(b[:]), at)
	g.Scopes, g.Nonce, g.Code.RedirectURI, g.Code.Challenge = []string{"openid", "offline_access"}, "nonce", "https://app.example.com/callback", fmt.Sprintf("%043d", i)
	if err := s.CreateGrant(ctx, g, at); err != nil {
		return err
	}
	_, err := s.RedeemCode(ctx, storage.GrantKey{ID: g.ID, CodeHash: g.Code.Hash}, &storage.Refresh{ExpiresAt: g.ExpiresAt}, at.Add(time.Second))
	return err
}
