package token

import (
	"errors"
	"testing"
	"time"

	"latchkey/storage"
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

// A code names its grant, and one of an earlier version is known by its hash alone, which stays what it was.
func TestCodeKey(t *testing.T) {
	id := NewGrantID(time.Unix(1_800_000_000, 0))
	one, other := NewCode(id), NewCode(id)
	if one == other || CodeKey(one).ID != id || CodeKey(one).CodeHash == CodeKey(other).CodeHash {
		t.Errorf("%q and %q are codes of %q", one, other, id)
	}
	for code, want := range map[string]storage.GrantKey{
		"":              {CodeHash: "15a53cfd9914ab186bfc930dec28c42b475ea3e685dd286f31d4999d66a67c57"},
		"lkc_of-before": {CodeHash: "8d33786e3837e270ae41800b69e055065eb3313f1e35603dcd129d558ce9b18a"},
		"lkc_grant.now": {ID: "grant", CodeHash: "72426e5fb4ab71806877ee9cd375d9b1fef1259909a6830af8976f44c719c692"},
		"lkc_.nothing":  {CodeHash: "7198cb5064379a80cfeb3d0a14d214233656c97e531a07d23c90c7bce9b80381"},
	} {
		if got := CodeKey(code); got != want {
			t.Errorf("%q: %+v, want %+v", code, got, want)
		}
	}
}
