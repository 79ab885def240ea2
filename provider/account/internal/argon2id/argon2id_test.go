package argon2id

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"testing"

	"golang.org/x/crypto/argon2"
)

func TestKeyEqualsXCrypto(t *testing.T) {
	var h Hasher // one for all rows, so that memory left over by one would show in the next
	for _, c := range []struct {
		time, memory uint32
		lanes        uint8
		keyLen       uint32
	}{
		{1, 8, 1, 32}, {2, 64, 1, 32}, {1, 64, 1, 16}, {3, 256, 4, 64}, {2, 19 * 1024, 1, 32}, {2, 100, 2, 4},
		{2, 19 * 1024, 1, 32}, {1, 0, 1, 32}, {2, 64, 1, 65}, {1, 300, 3, 128},
	} {
		for _, password := range []string{"", "a", "correct horse battery staple", string(bytes.Repeat([]byte("ü"), 512))} {
			t.Run(fmt.Sprintf("t=%d m=%d p=%d len=%d/%d", c.time, c.memory, c.lanes, c.keyLen, len(password)), func(t *testing.T) {
				salt := []byte("0123456789abcdef")
				want := argon2.IDKey([]byte(password), salt, c.time, c.memory, c.lanes, c.keyLen)
				if got := h.Key([]byte(password), salt, c.time, c.memory, c.lanes, c.keyLen); !bytes.Equal(got, want) {
					t.Errorf("got %x, want %x", got, want)
				}
			})
		}
	}
}

// The vector of the reference implementation's test suite (phc-winner-argon2, test.c: argon2id, t=2, m=2^8, p=1).
func TestKeyReferenceVector(t *testing.T) {
	var h Hasher
	got := hex.EncodeToString(h.Key([]byte("password"), []byte("somesalt"), 2, 256, 1, 32))
	if want := "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGenericBlocksEqualAssembly(t *testing.T) {
	var a, b, fast, slow block
	for i := range a {
		a[i], b[i] = uint64(i)*0x9e3779b97f4a7c15, uint64(i)*0xc2b2ae3d27d4eb4f+1
		fast[i], slow[i] = uint64(i), uint64(i)
	}
	processBlockXOR(&fast, &a, &b)
	processBlockGeneric(&slow, &a, &b, true)
	if fast != slow {
		t.Error("processBlockXOR differs from processBlockGeneric")
	}
	processBlock(&fast, &a, &b)
	processBlockGeneric(&slow, &a, &b, false)
	if fast != slow {
		t.Error("processBlock differs from processBlockGeneric")
	}
}

func FuzzKey(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint8(2), uint16(64), uint8(1))
	f.Fuzz(func(t *testing.T, password, salt []byte, time uint8, memory uint16, lanes uint8) {
		tm, mem, p := uint32(time%4)+1, uint32(memory%512), lanes%4+1
		var h Hasher
		h.Key([]byte("before"), salt, tm, mem, p, 32)
		if got, want := h.Key(password, salt, tm, mem, p, 32), argon2.IDKey(password, salt, tm, mem, p, 32); !bytes.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	var h Hasher
	for b.Loop() {
		h.Key([]byte("password"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
	}
}

func BenchmarkXCrypto(b *testing.B) {
	for b.Loop() {
		argon2.IDKey([]byte("password"), []byte("0123456789abcdef"), 2, 19*1024, 1, 32)
	}
}
