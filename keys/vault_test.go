package keys

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
	"time"
)

func TestSealOpen(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	other := mustOpen(t, testConfig(c.Now), &ringStore{})
	neighbour := mustOpen(t, testConfig(c.Now), store)
	plain := []byte("the pending request")
	sealed, err := r.Seal("flow", "browser-1", plain)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != len(plain)+vaultOverhead || vaultOverhead != 49 || bytes.Contains(sealed, plain) {
		t.Errorf("%d bytes were sealed in %d", len(plain), len(sealed))
	}
	if again, err := r.Seal("flow", "browser-1", plain); err != nil || bytes.Equal(again[9:33], sealed[9:33]) {
		t.Errorf("the nonce came again, or %v", err)
	}
	for _, by := range []*Rings{r, neighbour} {
		if got, err := by.Open("flow", "browser-1", sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%q, %v", got, err)
		}
	}
	for name, open := range map[string]func() ([]byte, error){
		"another purpose":     func() ([]byte, error) { return r.Open("mail", "browser-1", sealed) },
		"another context":     func() ([]byte, error) { return r.Open("flow", "browser-2", sealed) },
		"parts shifted":       func() ([]byte, error) { return r.Open("flowb", "rowser-1", sealed) },
		"another service":     func() ([]byte, error) { return other.Open("flow", "browser-1", sealed) },
		"cut":                 func() ([]byte, error) { return r.Open("flow", "browser-1", sealed[:vaultOverhead-1]) },
		"cut within the text": func() ([]byte, error) { return r.Open("flow", "browser-1", sealed[:len(sealed)-1]) },
		"longer": func() ([]byte, error) {
			return r.Open("flow", "browser-1", append(sealed[:len(sealed):len(sealed)], 0))
		},
		"nothing": func() ([]byte, error) { return r.Open("flow", "browser-1", nil) },
	} {
		if got, err := open(); !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 0x80
		if _, err := r.Open("flow", "browser-1", bad); !errors.Is(err, ErrSealed) {
			t.Errorf("bit of byte %d turned: %v", i, err)
		}
	}
}

func TestMAC(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	mac := r.MAC("refresh", []byte("grant/3"))
	if mac != mustOpen(t, testConfig(c.Now), store).MAC("refresh", []byte("grant/3")) {
		t.Error("another process gets another MAC")
	}
	if mac == r.MAC("csrf", []byte("grant/3")) || mac == r.MAC("refresh", []byte("grant/4")) {
		t.Error("equal MACs for different purposes or data")
	}
	if !r.VerifyMAC("refresh", []byte("grant/3"), mac[:]) {
		t.Error("refused its own MAC")
	}
	for name, bad := range map[string]bool{
		"purpose": r.VerifyMAC("csrf", []byte("grant/3"), mac[:]), "data": r.VerifyMAC("refresh", []byte("grant/4"), mac[:]),
		"cut": r.VerifyMAC("refresh", []byte("grant/3"), mac[:31]), "none": r.VerifyMAC("refresh", []byte("grant/3"), nil),
	} {
		if bad {
			t.Errorf("accepted another %s", name)
		}
	}
}

// With several secrets the newest makes and all are good.
func TestSeveralSecrets(t *testing.T) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(t, testConfig(c.Now), store)
	old := r.MAC("refresh", nil)
	sealed, err := r.Seal("mail", "1", []byte("body"))
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := newSecret(r.cfg.Rand, r.sealer, "")
	if err != nil {
		t.Fatal(err)
	}
	fresh.CreatedAt = c.Add(time.Hour)
	store.ring.Secrets = append(store.ring.Secrets, fresh)
	mustTick(t, r)
	now := r.MAC("refresh", nil)
	if now == old || !r.VerifyMAC("refresh", nil, old[:]) || !r.VerifyMAC("refresh", nil, now[:]) {
		t.Error("the newest does not make, or not all are good")
	}
	if got, err := r.Open("mail", "1", sealed); err != nil || string(got) != "body" {
		t.Errorf("sealed by the older: %q, %v", got, err)
	}
	again, err := r.Seal("mail", "1", nil)
	if err != nil || hex.EncodeToString(again[1:9]) != fresh.ID {
		t.Errorf("sealed by %x, %v", again[1:9], err)
	}
}

// The vectors of the C2SP XAES-256-GCM specification.
func TestXAESVectors(t *testing.T) {
	for _, row := range []struct {
		key        byte
		data, want string
	}{
		{0x01, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{0x03, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		x, err := newXAES(bytes.Repeat([]byte{row.key}, 32))
		if err != nil {
			t.Fatal(err)
		}
		got, err := x.seal(nil, []byte("ABCDEFGHIJKLMNOPQRSTUVWX"), []byte("XAES-256-GCM"), []byte(row.data))
		if err != nil || hex.EncodeToString(got) != row.want {
			t.Errorf("%x, %v; want %s", got, err, row.want)
		}
	}
}

func FuzzOpenSealed(f *testing.F) {
	c, store := newClock(), &ringStore{}
	r := mustOpen(f, testConfig(c.Now), store)
	sealed, err := r.Seal("flow", "browser", []byte("plain"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:vaultOverhead])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := r.Open("flow", "browser", in)
		if ours := bytes.Equal(in, sealed); ours != (err == nil) || ours && string(got) != "plain" {
			t.Fatalf("%x opened as %q, %v", in, got, err)
		}
	})
}
