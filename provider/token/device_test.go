package token

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDeviceCode(t *testing.T) {
	i := issuer(ring{})
	at := time.Unix(1_700_000_000, 0)
	code := i.NewDeviceCode("tv", at)
	if got, err := i.DeviceCodeExpiry(code, "tv"); err != nil || !got.Equal(at) {
		t.Fatalf("%v %v", got, err)
	}
	if again := i.NewDeviceCode("tv", at); again == code || HashDeviceCode(again) == HashDeviceCode(code) {
		t.Error("RFC 8628 §5.2 the same code twice")
	}
	flipped := []byte(code)
	flipped[len(DevicePrefix)+3] ^= 1
	for name, c := range map[string]struct{ code, client string }{
		"RFC 8628 §3.4 another client's": {code, "tv2"},
		"one bit flipped":                {string(flipped), "tv"},
		"without prefix":                 {strings.TrimPrefix(code, DevicePrefix), "tv"},
		"cut":                            {code[:len(code)-4], "tv"},
		"padded":                         {code + "==", "tv"},
		"longer":                         {code + "AAAA", "tv"},
		"an authorization code":          {NewCode("g"), "tv"},
		"a refresh token":                {i.EncodeRefresh(Refresh{GrantID: NewGrantID(time.Unix(1_800_000_000, 0))}), "tv"},
		"nothing":                        {"", "tv"},
	} {
		if _, err := i.DeviceCodeExpiry(c.code, c.client); !errors.Is(err, ErrNotDevice) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if HashDeviceCode("BCDFGHJK") == HashUserCode("BCDFGHJK") {
		t.Error("the two codes share a hash")
	}
}

func FuzzDeviceCode(f *testing.F) {
	i := issuer(ring{})
	f.Add(i.NewDeviceCode("other", time.Unix(1, 0)))
	f.Add(DevicePrefix)
	f.Add("lkd_AAAA")
	f.Fuzz(func(t *testing.T, code string) {
		if at, err := i.DeviceCodeExpiry(code, "tv"); !errors.Is(err, ErrNotDevice) {
			t.Fatalf("made up, and taken: %v %v", at, err)
		}
	})
}
