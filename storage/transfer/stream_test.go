package transfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"latchkey/storage"
	"latchkey/storage/memory"
	"latchkey/storage/storagetest"
	"latchkey/storage/transfer"
)

func bg() context.Context { return context.Background() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// populated is a store with everything, and the stream of it.
func populated(t *testing.T) (*memory.Store, []byte, transfer.Summary) {
	t.Helper()
	s, out := memory.New(), new(bytes.Buffer)
	storagetest.Populate(t, s)
	all, err := transfer.Write(bg(), out, s)
	must(t, err)
	return s, out.Bytes(), all
}

func sum(t *testing.T, s storage.Transfers) transfer.Summary {
	t.Helper()
	all, err := transfer.Sum(bg(), s)
	must(t, err)
	return all
}

func TestStreamIsReadBack(t *testing.T) {
	s, stream, wrote := populated(t)
	if len(wrote) != 18 || !wrote.Equal(sum(t, s)) {
		t.Errorf("%d kinds were written: %v", len(wrote), wrote)
	}
	for n, line := range bytes.Split(bytes.TrimSuffix(stream, []byte("\n")), []byte("\n")) {
		if !json.Valid(line) {
			t.Errorf("line %d is not JSON: %q", n+1, line)
		}
	}
	if have, err := transfer.Scan(bg(), iotest.OneByteReader(bytes.NewReader(stream))); err != nil || !have.Equal(wrote) {
		t.Errorf("Scan: %v, %v", have, err)
	}
	n := int64(0)
	if have, err := transfer.Each(bg(), bytes.NewReader(stream), func(storage.Item) error { n++; return nil }); err != nil || !have.Equal(wrote) || n != have.Records() {
		t.Errorf("Each: %d records, %v, %v", n, have, err)
	}
	to := memory.New()
	have, err := transfer.Read(bg(), bytes.NewReader(stream), to)
	if err != nil || !have.Equal(wrote) || !sum(t, to).Equal(wrote) {
		t.Errorf("Read: %v, %v", have, err)
	}
	again := new(bytes.Buffer)
	_, err = transfer.Write(bg(), again, to)
	if must(t, err); !bytes.Equal(again.Bytes(), stream) {
		t.Error("the stream of what was read is another")
	}
	if progress, err := to.FillProgress(bg()); err != nil || progress != nil {
		t.Errorf("afterwards: %q, %v", progress, err)
	}
	if _, err := transfer.Read(bg(), bytes.NewReader(stream), to); !errors.Is(err, storage.ErrNotEmpty) {
		t.Errorf("into a store that has everything: %v", err)
	}
}

func TestNothingIsMovedToo(t *testing.T) {
	out, to := new(bytes.Buffer), memory.New()
	if all, err := transfer.Write(bg(), out, memory.New()); err != nil || all.Records() != 0 {
		t.Errorf("Write: %v, %v", all, err)
	}
	if want := "{\"latchkey_dump\":1}\n{\"end\":{}}\n"; out.String() != want {
		t.Errorf("%q, want %q", out, want)
	}
	if all, err := transfer.Read(bg(), out, to); err != nil || all.Records() != 0 {
		t.Errorf("Read: %v, %v", all, err)
	}
}

// TestDamagedStreams: whatever is done to a stream, it is not taken for whole, and the store is not made one that can be served.
func TestDamagedStreams(t *testing.T) {
	_, stream, _ := populated(t)
	lines := strings.SplitAfter(string(stream), "\n")
	lines = lines[:len(lines)-1]
	join := func(parts ...[]string) string {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(strings.Join(p, ""))
		}
		return b.String()
	}
	n := len(lines)
	damaged := map[string]string{
		"nothing":              "",
		"a head alone":         lines[0],
		"no head":              join(lines[1:]),
		"another version":      "{\"latchkey_dump\":2}\n" + join(lines[1:]),
		"no end":               join(lines[:n-1]),
		"no last line feed":    strings.TrimSuffix(string(stream), "\n"),
		"a line is missing":    join(lines[:5], lines[6:]),
		"a line is twice":      join(lines[:6], lines[5:]),
		"two streams":          join(lines, lines),
		"an empty line":        join(lines[:5], []string{"\n"}, lines[5:]),
		"carriage returns":     strings.ReplaceAll(string(stream), "\n", "\r\n"),
		"an end of another":    join(lines[:n-1], []string{`{"end":{"denial":{"count":1,"hash":"` + strings.Repeat("0", 64) + "\"}}}\n"}),
		"an end of no kind":    join(lines[:n-1], []string{`{"end":{"x":{"count":1,"hash":"` + strings.Repeat("0", 64) + "\"}}}\n"}),
		"an end without sense": join(lines[:n-1], []string{"{\"end\":null}\n"}),
	}
	for range 200 { // a byte is another
		b := bytes.Clone(stream)
		b[rand.IntN(len(b))] ^= byte(1 + rand.IntN(255))
		damaged[string(b)] = string(b)
	}
	for name, text := range damaged {
		if _, err := transfer.Scan(bg(), strings.NewReader(text)); !errors.Is(err, transfer.ErrFormat) {
			t.Errorf("%.40q: Scan: %v", name, err)
		}
		to := memory.New()
		if _, err := transfer.Read(bg(), strings.NewReader(text), to); !errors.Is(err, transfer.ErrFormat) && !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("%.40q: Read: %v", name, err)
		}
		if all := sum(t, to); all.Records() > 0 {
			if progress, _ := to.FillProgress(bg()); progress == nil {
				t.Errorf("%.40q: a damaged stream made a whole store", name)
			}
		}
	}
}

func TestLinesAreBounded(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("{\"latchkey_dump\":1}\n"), repeat('x'))
	if _, err := transfer.Scan(bg(), endless); !errors.Is(err, transfer.ErrFormat) {
		t.Error(err)
	}
}

type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestErrorsOfReadersAndWritersStand(t *testing.T) {
	s, stream, _ := populated(t)
	broken := errors.New("broken")
	half := io.MultiReader(bytes.NewReader(stream[:len(stream)/2]), iotest.ErrReader(broken))
	if _, err := transfer.Scan(bg(), half); !errors.Is(err, broken) {
		t.Errorf("Scan: %v", err)
	}
	if _, err := transfer.Write(bg(), brokenWriter{broken}, s); !errors.Is(err, broken) {
		t.Errorf("Write: %v", err)
	}
	ctx, cancel := context.WithCancel(bg())
	cancel()
	if _, err := transfer.Scan(ctx, bytes.NewReader(stream)); !errors.Is(err, context.Canceled) {
		t.Errorf("Scan with a context that is over: %v", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestSummariesTellApart(t *testing.T) {
	_, _, all := populated(t)
	b, err := json.Marshal(all)
	must(t, err)
	back := transfer.Summary{}
	must(t, json.Unmarshal(b, &back))
	if !back.Equal(all) || len(back.Differences(all)) != 0 || len(all.Kinds()) != len(all) {
		t.Errorf("a summary came back as another: %s", b)
	}
	other := memory.New()
	must(t, other.DenyToken(bg(), "other", far, now))
	must(t, other.SpendOnce(bg(), "k", far, now))
	one := sum(t, other)
	must(t, other.DenyToken(bg(), "second", far, now))
	two := sum(t, other)
	if d := one.Differences(two); len(d) != 1 || d[0] != "denial: 1 here, 2 there" {
		t.Errorf("another count: %q", d)
	}
	third := memory.New()
	must(t, third.DenyToken(bg(), "another", far, now))
	must(t, third.SpendOnce(bg(), "k", far, now))
	if d := one.Differences(sum(t, third)); len(d) != 1 || d[0] != "denial: not the same 1" {
		t.Errorf("another record: %q", d)
	}
}

// FuzzStream: no stream makes a store that holds something else than it says, and none brings the reader down.
func FuzzStream(f *testing.F) {
	s, out := memory.New(), new(bytes.Buffer)
	must(f, s.DenyToken(bg(), "j", far, now))
	a, err := s.CreateAccount(bg(), storage.Account{Sub: "s"}, storage.Effects{}, now)
	must(f, err)
	must(f, s.CreateSession(bg(), storage.Session{SID: "x", AccountID: a.ID, ExpiresAt: far}, now))
	_, err = transfer.Write(bg(), out, s)
	must(f, err)
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, stream []byte) {
		to := memory.New()
		all, err := transfer.Read(bg(), bytes.NewReader(stream), to)
		if err != nil {
			return
		}
		again := new(bytes.Buffer)
		if wrote, err := transfer.Write(bg(), again, to); err != nil || !wrote.Equal(all) {
			t.Errorf("read %v, wrote %v, %v", all, wrote, err)
		}
	})
}
