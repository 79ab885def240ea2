package token

import (
	"testing"
	"time"

	"latchkey/storage"
)

// benchIssuer stands on real keys, with an application that takes ES256 for everything.
func benchIssuer(b *testing.B) (*Issuer, *Authorization) {
	b.Helper()
	i, _ := realIssuer(b)
	a := authorization()
	a.Client.IDTokenAlg = "ES256"
	return i, a
}

func BenchmarkIssue(b *testing.B) {
	i, whole := benchIssuer(b)
	machine := &Authorization{Client: &storage.Client{ID: "machine"}, Scopes: whole.Scopes[1:]}
	for name, a := range map[string]*Authorization{"access": machine, "access+id+refresh": whole} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := i.Issue(b.Context(), a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkVerifyAccess presents tokens that were never seen, and one that was.
func BenchmarkVerifyAccess(b *testing.B) {
	i, a := benchIssuer(b)
	tokens := make([]string, 256)
	for n := range tokens {
		ans, err := i.Issue(b.Context(), a)
		if err != nil {
			b.Fatal(err)
		}
		tokens[n] = ans.AccessToken
	}
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		n := len(tokens)
		for b.Loop() {
			if n == len(tokens) { // an issuer that has seen none of them
				b.StopTimer()
				i, _ = realIssuer(b)
				n = 0
				b.StartTimer()
			}
			if _, err := i.VerifyAccess(tokens[n]); err != nil {
				b.Fatal(err)
			}
			n++
		}
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.VerifyAccess(tokens[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRefreshToken(b *testing.B) {
	i, _ := benchIssuer(b)
	r := Refresh{GrantID: NewGrantID(time.Unix(1_800_000_000, 0)), Generation: 7}
	raw := i.EncodeRefresh(r)
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			i.EncodeRefresh(r)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := i.DecodeRefresh(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}
