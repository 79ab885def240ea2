package token

import (
	"errors"
	"testing"
)

func TestRefreshToken(t *testing.T) {
	i := issuer(newRing(t))
	want := Refresh{GrantID: NewGrantID(), Generation: 1 << 40}
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
	f.Add(i.EncodeRefresh(Refresh{GrantID: NewGrantID()}))
	f.Add("lkr_")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := i.DecodeRefresh(s); err == nil && i.EncodeRefresh(r) != s {
			t.Errorf("%q is a second spelling of %+v", s, r)
		}
	})
}
