package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"latchkey/storage/transfer"
)

// Who has another key is told just that. Who has the key of a recipient reads it, without proof of who made it.
func TestWhoCanOpen(t *testing.T) {
	_, escrow := newKeys(t)
	public := strings.Fields(escrow)[3]
	keys, text := newKeys(t, public)
	b, _ := made(t, keys, populated(t))
	open := func(text string) (Info, error) {
		k, err := ParseKeys(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		return verify(t, b, k)
	}
	other, _ := GenerateKey()
	if _, err := open(other); !errors.Is(err, ErrKey) || errors.Is(err, ErrDamaged) {
		t.Errorf("another key: %v", err)
	}
	if info, err := open(escrow); err != nil || info.Proven {
		t.Errorf("the key of a recipient: proven %v, %v", info.Proven, err)
	}
	for name, both := range map[string]string{"a newer key before it": other + "\n# the former\r\n" + text, "the recipient's before it": escrow + text} {
		if info, err := open(both); err != nil || !info.Proven {
			t.Errorf("%s: proven %v, %v", name, info.Proven, err)
		}
	}
}

// Who can write where backups are, and knows the public key, makes one that opens. It is not taken for ours.
func TestForged(t *testing.T) {
	keys, text := newKeys(t)
	mallory, _ := newKeys(t)
	to, err := age.ParseX25519Recipient(strings.Fields(text)[3])
	if err != nil {
		t.Fatal(err)
	}
	mallory.recipients = []age.Recipient{to}
	var b bytes.Buffer
	err = Write(t.Context(), &b, mallory, about(), func(ctx context.Context, w io.Writer) error {
		_, err := transfer.Write(ctx, w, populated(t))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := verify(t, b.Bytes(), keys); err != nil || info.Proven {
		t.Errorf("proven %v, %v", info.Proven, err)
	}
}

// Keys are read as age-keygen writes them. What is wrong is said without them.
func TestKeys(t *testing.T) {
	text, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	secret, public := strings.Fields(text)[4], strings.Fields(text)[3]
	for name, good := range map[string]string{"one": secret, "with comments": "# created\n\n" + text, "two": secret + "\n" + secret, "spaces": "  " + secret + " \r\n"} {
		if _, err := ParseKeys(good, []string{public}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bad := range map[string]string{"nothing": "", "a comment": "# x", "the public one": public, "cut": secret[:60], "changed": secret[:70] + "QQQQ", "a good one and a bad one": secret + "\nx"} {
		if _, err := ParseKeys(bad, nil); err == nil || strings.Contains(err.Error(), secret[20:40]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseKeys(secret, []string{secret}); err == nil {
		t.Error("a secret was taken for a recipient")
	}
}
