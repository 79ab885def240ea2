package bolt_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"latchkey/storage"
	"latchkey/storage/bolt"
)

// benchmark runs do with 1, 16 and 64 goroutines. do gets a number of its own each time.
func benchmark(b *testing.B, prepare func(b *testing.B, s *bolt.Store, n int), do func(s *bolt.Store, i int) error) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			s, err := bolt.Open(context.Background(), bolt.Options{Path: filepath.Join(b.TempDir(), "store.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			prepare(b, s, b.N)
			before := s.Commits()
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
			b.ReportMetric(float64(s.Commits()-before)/float64(b.N), "commits/op")
		})
	}
}

func nothing(*testing.B, *bolt.Store, int) {}

// grants makes n grants, each with a code and a refresh token.
func grants(b *testing.B, s *bolt.Store, n int) {
	var next atomic.Int64
	done := make(chan error)
	for range 128 {
		go func() {
			for i := int(next.Add(1) - 1); i < n; i = int(next.Add(1) - 1) {
				g := testGrant(i)
				g.Refresh = &storage.Refresh{ExpiresAt: g.ExpiresAt}
				if err := s.CreateGrant(context.Background(), g, day()); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 128 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetGrant(b *testing.B) {
	const kept = 10_000
	benchmark(b, func(b *testing.B, s *bolt.Store, _ int) { grants(b, s, kept) }, func(s *bolt.Store, i int) error {
		_, err := s.Grant(context.Background(), storage.GrantKey{ID: fmt.Sprint("g", i%kept)}, day())
		return err
	})
}

func BenchmarkPutDenial(b *testing.B) {
	benchmark(b, nothing, func(s *bolt.Store, i int) error {
		return s.DenyToken(context.Background(), fmt.Sprint(i), day().Add(time.Hour), day())
	})
}

func BenchmarkCreateGrant(b *testing.B) {
	benchmark(b, nothing, func(s *bolt.Store, i int) error {
		return s.CreateGrant(context.Background(), testGrant(i), day())
	})
}

func BenchmarkRedeemCode(b *testing.B) {
	benchmark(b, grants, func(s *bolt.Store, i int) error {
		g := testGrant(i)
		_, err := s.RedeemCode(context.Background(), storage.GrantKey{CodeHash: g.Code.Hash}, &storage.Refresh{ExpiresAt: g.ExpiresAt}, day())
		return err
	})
}

func BenchmarkRotateRefresh(b *testing.B) {
	benchmark(b, grants, func(s *bolt.Store, i int) error {
		g := testGrant(i)
		_, err := s.RotateRefresh(context.Background(), g.ID, 0, g.ExpiresAt, day())
		return err
	})
}

// BenchmarkLeaseNotices leases and puts back one notice beside ten thousand that were delivered: what is over must cost nothing.
func BenchmarkLeaseNotices(b *testing.B) {
	ctx, end := context.Background(), day().Add(time.Hour)
	settled := func(b *testing.B, s *bolt.Store, _ int) {
		a, err := s.CreateAccount(ctx, testAccount(1), storage.Effects{}, day())
		if err != nil {
			b.Fatal(err)
		}
		var clients []string
		for i := range 10_000 {
			clients = append(clients, fmt.Sprint(i))
		}
		if err := s.CreateSession(ctx, storage.Session{SID: "s", AccountID: a.ID, ExpiresAt: end, Notify: clients}, day()); err != nil {
			b.Fatal(err)
		}
		if _, err := s.EndSessions(ctx, storage.EndScope{SID: "s"}, day()); err != nil {
			b.Fatal(err)
		}
		done := make(chan error)
		for w := range 64 {
			go func() {
				for i := 1 + w; i < len(clients); i += 64 {
					if err := s.SettleNotice(ctx, storage.NoticeKey{SID: "s", ClientID: clients[i]}, storage.NoticeOutcome{Delivered: true}, day()); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 64 {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
	}
	benchmark(b, settled, func(s *bolt.Store, _ int) error {
		leased, err := s.LeaseNotices(ctx, 10, day(), day())
		if err == nil && len(leased) != 1 {
			err = fmt.Errorf("leased %d", len(leased))
		}
		return err
	})
}

// BenchmarkStanding is what a request with an access token asks: with a token that is shown again, and with one that is shown once.
func BenchmarkStanding(b *testing.B) {
	const kept = 500
	for _, again := range []bool{true, false} {
		b.Run(fmt.Sprintf("again=%t", again), func(b *testing.B) {
			s, err := bolt.Open(context.Background(), bolt.Options{Path: filepath.Join(b.TempDir(), "store.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			grants(b, s, kept)
			keys := make([]storage.StandingKey, kept)
			for i := range keys {
				keys[i] = storage.StandingKey{Grant: storage.GrantKey{ID: fmt.Sprint("g", i)}, JTI: fmt.Sprint("g", i, ".x")}
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				key := keys[n%kept]
				if n++; !again {
					key.JTI = fmt.Sprint(n)
				}
				if _, err := s.Standing(context.Background(), key, day()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
