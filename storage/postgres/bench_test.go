package postgres

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/storage"
)

// benchmark runs do with 1 and 16 goroutines, on a server that makes nothing durable: what is measured is what we and the round trips cost. do gets a
// number of its own each time.
func benchmark(b *testing.B, prepare func(b *testing.B, s *Store, n int), do func(s *Store, i int) error) {
	for _, callers := range []int{1, 16} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			name, err := env.server.Create(template)
			if err != nil {
				b.Fatal(err)
			}
			defer env.server.Drop(name)
			s, err := Open(context.Background(), Options{URL: env.server.URL(name), Timeout: patient})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			prepare(b, s, b.N)
			var next atomic.Int64
			b.SetParallelism((callers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
			if callers == 1 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := do(s, int(next.Add(1)-1)); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

func benchDay() time.Time { return time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC) }

func benchGrant(i int) storage.Grant {
	return storage.Grant{ID: fmt.Sprint("g", i), ClientID: "app", Scopes: []string{"openid"}, CreatedAt: benchDay(), ExpiresAt: benchDay().Add(time.Hour),
		Code: &storage.Code{Hash: fmt.Sprint("c", i), ExpiresAt: benchDay().Add(time.Minute)}}
}

// benchGrants makes n grants, each with a code and a refresh token.
func benchGrants(b *testing.B, s *Store, n int) {
	for i := range n {
		g := benchGrant(i)
		g.Refresh = &storage.Refresh{ExpiresAt: g.ExpiresAt}
		if err := s.CreateGrant(context.Background(), g, benchDay()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkStanding(b *testing.B) {
	const kept = 500
	benchmark(b, func(b *testing.B, s *Store, _ int) { benchGrants(b, s, kept) }, func(s *Store, i int) error {
		_, err := s.Standing(context.Background(), storage.StandingKey{Grant: storage.GrantKey{ID: fmt.Sprint("g", i%kept)}}, benchDay())
		return err
	})
}

func BenchmarkCreateGrant(b *testing.B) {
	benchmark(b, func(*testing.B, *Store, int) {}, func(s *Store, i int) error { return s.CreateGrant(context.Background(), benchGrant(i), benchDay()) })
}

func BenchmarkRedeemCode(b *testing.B) {
	benchmark(b, benchGrants, func(s *Store, i int) error {
		g := benchGrant(i)
		_, err := s.RedeemCode(context.Background(), storage.GrantKey{CodeHash: g.Code.Hash}, &storage.Refresh{ExpiresAt: g.ExpiresAt}, benchDay())
		return err
	})
}

func BenchmarkRotateRefresh(b *testing.B) {
	benchmark(b, benchGrants, func(s *Store, i int) error {
		g := benchGrant(i)
		_, err := s.RotateRefresh(context.Background(), g.ID, 0, g.ExpiresAt, benchDay())
		return err
	})
}
