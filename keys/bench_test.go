package keys

import (
	"testing"
	"time"
)

func benchRings(b *testing.B) *Rings {
	cfg := testConfig(time.Now, RS256, ES256, EdDSA)
	return mustOpen(b, cfg, &ringStore{})
}

func BenchmarkSign(b *testing.B) {
	r := benchRings(b)
	claims := make([]byte, 400)
	for _, alg := range r.Algs() {
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			expires := time.Now().Add(5 * time.Minute)
			for b.Loop() {
				if _, err := r.Sign(b.Context(), alg, "at+jwt", claims, expires); err != nil {
					b.Fatal(err)
				}
			}
		})
		// The signature alone: what Sign costs beyond it is ours.
		b.Run(alg+"/bare", func(b *testing.B) {
			m := r.snap.Load().active(alg, time.Now()).material
			for b.Loop() {
				if _, err := m.alg.sign(m.signer, claims); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJWKS(b *testing.B) {
	r := benchRings(b)
	b.ReportAllocs()
	for b.Loop() {
		r.JWKS()
	}
}

func BenchmarkPublicKey(b *testing.B) {
	r := benchRings(b)
	kid := r.List()[0].KID
	b.ReportAllocs()
	for b.Loop() {
		r.PublicKey(kid)
	}
}

func BenchmarkVault(b *testing.B) {
	r := benchRings(b)
	plain := make([]byte, 500)
	sealed, err := r.Seal("flow", "browser", plain)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Seal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Seal("flow", "browser", plain); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Open", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Open("flow", "browser", sealed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("MAC", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.MAC("refresh", plain[:40])
		}
	})
}
