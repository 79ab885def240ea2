package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"latchkey/storage/memory"
)

// FuzzRead gives strangers' files to the reader. Where it takes one, every byte of it matters.
func FuzzRead(f *testing.F) {
	keys, err := ParseKeys("AGE-SECRET-KEY-1YGJTLQXG532G73VS3WZDR6UX6A93TLDWTRQZD4V0WUEP8MMTMSQSKLUU05", nil)
	if err != nil {
		f.Fatal(err)
	}
	good, _ := made(f, keys, memory.New())
	f.Add(good)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 \n--- \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		info, err := verify(t, b, keys)
		if err != nil {
			return
		}
		for _, i := range []int{0, len(b) / 2, len(b) - 1} {
			bad := bytes.Clone(b)
			bad[i] ^= 1
			if _, err := verify(t, bad, keys); err == nil || info.Bytes != int64(len(b)) {
				t.Errorf("%d of %d bytes were read, and byte %d does not matter", info.Bytes, len(b), i)
			}
		}
	})
}

// FuzzInside gives lines of strangers, well sealed, to the reader: what comes out as proven is what its end speaks of.
func FuzzInside(f *testing.F) {
	keys, err := ParseKeys("AGE-SECRET-KEY-1YGJTLQXG532G73VS3WZDR6UX6A93TLDWTRQZD4V0WUEP8MMTMSQSKLUU05", nil)
	if err != nil {
		f.Fatal(err)
	}
	good, _ := made(f, keys, memory.New())
	open, err := age.Decrypt(bytes.NewReader(good), keys.identities...)
	if err != nil {
		f.Fatal(err)
	}
	lines := unzip(f, open)
	f.Add(lines)
	f.Add([]byte("{\"latchkey_backup\":1}\n" + trailerPrefix + "{}}\n"))
	f.Add([]byte("{\"latchkey_backup\":2}\n"))
	f.Add([]byte("\n\n"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		var got bytes.Buffer
		about, proven, err := read(context.Background(), bytes.NewReader(seal(t, keys, lines)), keys, func(_ context.Context, r io.Reader) error {
			_, err := io.Copy(&got, r)
			return err
		})
		if err != nil {
			if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrTooNew) {
				t.Errorf("%v", err)
			}
			return
		}
		last := bytes.LastIndex(lines, []byte(trailerPrefix))
		first := bytes.IndexByte(lines, '\n') + 1
		if last < first || !bytes.Equal(got.Bytes(), lines[first:last]) || about.Format != version {
			t.Errorf("%q gave %q", lines, got.Bytes())
		}
		var end trailer
		sum := sha256.Sum256(lines[:last])
		if err := json.NewDecoder(strings.NewReader(string(lines[last:]))).Decode(&end); err != nil || !bytes.Equal(end.End.SHA256, sum[:]) {
			t.Errorf("the end speaks of something else: %v", err)
		}
		if proven && !keys.made(sum[:], end.End.MAC) {
			t.Error("proven by nobody")
		}
	})
}
