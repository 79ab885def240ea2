package token

import (
	"errors"
	"testing"
	"time"
)

func TestRefreshToken(t *testing.T) {
	i := issuer(newRing(t))
	want := Refresh{GrantID: NewGrantID(time.Unix(1_800_000_000, 0)), Generation: 1 << 40}
	raw := i.EncodeRefresh(want)
	if got, err := i.DecodeRefresh(raw); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	for n := range raw {
		for _, c := range "A_\n" {
			if bad := raw[:n] + string(c) + raw[n+1:]; bad != raw {
				if _, err := i.DecodeRefresh(bad); !errors.Is(err, ErrNotOurs) {
					t.Fatalf("%q: %v", bad, err)
				}
			}
		}
	}
}

func FuzzDecodeRefresh(f *testing.F) {
	i := issuer(newRing(f))
	f.Add(i.EncodeRefresh(Refresh{GrantID: NewGrantID(time.Unix(1_800_000_000, 0))}))
	f.Add("lkr_")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := i.DecodeRefresh(s); err == nil && i.EncodeRefresh(r) != s {
			t.Errorf("%q is a second spelling of %+v", s, r)
		}
	})
}

// Grants of one time lie together, whatever else they are, and no two are the same.
func TestGrantIDs(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	one, other, later, years := NewGrantID(at), NewGrantID(at), NewGrantID(at.Add(time.Minute)), NewGrantID(at.AddDate(5, 0, 0))
	switch {
	case len(one) != grantIDLen || len(years) != grantIDLen:
		t.Errorf("%q and %q are not %d long", one, years, grantIDLen)
	case one == other || one[8:] == other[8:] || one[:8] != other[:8]:
		t.Errorf("%q and %q are of one time", one, other)
	case one[:4] != later[:4] || one[:8] == later[:8]:
		t.Errorf("%q and %q are a minute apart", one, later)
	case one[:2] == years[:2]:
		t.Errorf("%q and %q are years apart", one, years)
	}
}
