package growth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"golang.org/x/crypto/argon2"

	"latchkey/e2e/harness"
	"latchkey/provider/token"
	"latchkey/storage"
	"latchkey/storage/bolt"
	"latchkey/storage/postgres"
)

// driver is a kind of store.
type driver string

const (
	onBolt     driver = "bolt"
	onPostgres driver = "PostgreSQL"
)

const password = "correct horse battery staple"

// hash is of that password, with the parameters that the servers have.
func hash() string {
	salt, e := []byte("growth of a tree"), base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=19$m=19456,t=2,p=1$%s$%s", e.EncodeToString(salt), e.EncodeToString(argon2.IDKey([]byte(password), salt, 2, 19456, 1, 32)))
}

func person(n int) string { return fmt.Sprintf("person_%d", n) }

// fill puts people and their grants into an empty store by its bulk verb; exec is for a database. expired: the grants are over.
func fill(on driver, at string, exec func(sql string) error, n size, expired bool) (err error) {
	ctx := context.Background()
	var s storage.Store
	if on == onBolt {
		s, err = bolt.OpenOrMake(ctx, at)
	} else {
		s, err = postgres.Open(ctx, postgres.Options{URL: at, Transfer: true})
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f := &filler{s: s}
	now, encoded, whole := time.Now().Truncate(time.Second), hash(), n
	if on == onPostgres && n.grants > 0 {
		n = size{1, 1}
		defer func() {
			if err == nil {
				err = errors.Join(multiply(at, exec, "accounts", whole.people, peopled(), fmt.Sprintf("SELECT setval('account_ids', %d)", whole.people)),
					multiply(at, exec, "grants", whole.grants, granted(whole)))
			}
		}()
	}
	for i := range n.people {
		f.add(ctx, storage.Account{ID: int64(i + 1), Sub: fmt.Sprintf("%08x-0000-4000-8000-%012x", rand.Uint32(), i), Username: person(i), UsernameKey: person(i),
			Email: person(i) + "@example.test", EmailKey: person(i) + "@example.test", EmailVerified: true, FullName: "Person of Growth",
			PasswordHash: encoded, PasswordHistory: []string{encoded}, PasswordSetAt: now, CreatedAt: now, UpdatedAt: now, Version: 1})
	}
	for i := range n.grants {
		f.add(ctx, aGrant(i, n, now, expired))
	}
	f.flush(ctx)
	if f.err != nil {
		return f.err
	}
	return s.FinishFill(ctx, f.noted)
}

// aGrant is a family whose code was redeemed and whose refresh token was used. Families come in the order in which they were made, evenly over a day, with
// the identifiers that they have then.
func aGrant(i int, n size, now time.Time, expired bool) storage.StoredGrant {
	made := now.Add(-24*time.Hour + time.Duration(i)*(24*time.Hour/time.Duration(n.grants)))
	ends := made.Add(31 * 24 * time.Hour)
	if expired {
		made, ends = made.Add(-31*24*time.Hour), made
	}
	id := token.NewGrantID(made)
	return storage.StoredGrant{Grant: storage.Grant{
		ID: id, ClientID: harness.QuietID, AccountID: int64(i%n.people + 1), Scopes: []string{"openid", "profile", "offline_access"}, Nonce: harness.Random(20),
		AuthTime: made, AMR: []string{"pwd"}, ACR: "1", Offline: true, CreatedAt: made, ExpiresAt: ends,
		Code: &storage.Code{Hash: token.CodeKey(token.NewCode(id)).CodeHash, Named: true, RedirectURI: harness.Callback, RedirectURISent: true, Challenge: harness.Random(43), ChallengeMethod: "S256",
			ExpiresAt: made.Add(time.Minute), RedeemedAt: made.Add(time.Second)},
		Refresh: &storage.Refresh{Generation: 3, RotatedAt: made.Add(time.Hour), ExpiresAt: ends},
	}}
}

// batch is how many records a commit stores: hashes of codes lie anywhere, and the more there are in a commit the more of them share pages.
const batch = 50_000

// filler hands records on in large batches.
type filler struct {
	s     storage.Store
	items []storage.Item
	noted []byte
	n     int
	err   error
}

func (f *filler) add(ctx context.Context, item storage.Item) {
	if f.items = append(f.items, item); len(f.items) == batch {
		f.flush(ctx)
	}
}

func (f *filler) flush(ctx context.Context) {
	if f.err != nil || len(f.items) == 0 {
		return
	}
	f.n += len(f.items)
	to := fmt.Append(nil, f.n)
	if f.err = f.s.Fill(ctx, f.items, f.noted, to); f.err == nil {
		f.noted, f.items = to, f.items[:0]
	}
}
