package transfer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"latchkey/storage"
)

const (
	// version is that of streams that this code writes; it reads those up to it.
	version = 1
	// MaxLine bounds a line of a stream, in bytes: the largest file that accounts can hold, with room.
	MaxLine = 96 << 20

	head = `{"latchkey_dump":`
	end  = `{"end":`
)

// Write writes everything that is in the store, as of one instant, and returns what it wrote. Errors: those of w and of the store.
func Write(ctx context.Context, w io.Writer, from storage.Transfers) (Summary, error) {
	out := bufio.NewWriterSize(w, 256<<10)
	if _, err := out.WriteString(head + strconv.Itoa(version) + "}\n"); err != nil {
		return nil, err
	}
	all, err := dump(ctx, from, func(_ storage.Item, line []byte) error {
		_, err := out.Write(append(line, '\n'))
		return err
	})
	if err != nil {
		return nil, err
	}
	if _, err := out.WriteString(end + string(all.encode()) + "}\n"); err != nil {
		return nil, err
	}
	return all, out.Flush()
}

// dump hands on every record of the store with its line, which may not be kept.
func dump(ctx context.Context, from storage.Transfers, yield func(storage.Item, []byte) error) (Summary, error) {
	t, all, buf := table(codecs()), Summary{}, []byte(nil)
	err := from.Dump(ctx, func(item storage.Item) error {
		kind, line, err := t.encode(buf[:0], item)
		if err != nil {
			return err
		}
		buf = line
		all.add(kind, line)
		return yield(item, line)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Sum reads everything that is in the store, as of one instant, and says what it is.
func Sum(ctx context.Context, from storage.Transfers) (Summary, error) {
	return dump(ctx, from, func(storage.Item, []byte) error { return nil })
}

// Scan reads a stream to its end and says what is in it, once that is what its writer said. Errors: ErrFormat, those of r and of ctx.
func Scan(ctx context.Context, r io.Reader) (Summary, error) {
	return scan(ctx, r, func(Kind, storage.Item, []byte) error { return nil })
}

// Read fills the store from a stream, reads the store again, and makes it one that can be served. The store must be empty, or half filled from the
// same stream: then it goes on where that ended. Errors: ErrFormat, ErrOther, ErrDiffers, storage.ErrNotEmpty, those of r and of the store. After
// an error the store stays one that is not served.
func Read(ctx context.Context, r io.Reader, to storage.Transfers) (Summary, error) {
	return fill(ctx, to, func(Progress) {}, func(ctx context.Context, f *filler) (Summary, error) {
		return scan(ctx, r, f.add)
	})
}

// scan hands on every record of a stream.
func scan(ctx context.Context, r io.Reader, yield func(Kind, storage.Item, []byte) error) (Summary, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), MaxLine)
	in.Split(wholeLines)
	if !in.Scan() {
		return nil, endedEarly(in.Err(), 1)
	}
	if v, ok := between(in.Bytes(), head, "}"); !ok || string(v) != strconv.Itoa(version) {
		return nil, fmt.Errorf("%w: its first line is not %s%d}", ErrFormat, head, version)
	}
	t, all, n := table(codecs()), Summary{}, 1
	for in.Scan() {
		n++
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if said, ok := between(in.Bytes(), end, "}"); ok {
			return all, ended(in, all, said, n)
		}
		kind, item, err := t.decode(in.Bytes())
		if err != nil && in.Err() != nil {
			return nil, in.Err() // half a line: reading ended there
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		all.add(kind, in.Bytes())
		if err := yield(kind, item, in.Bytes()); err != nil {
			return nil, err
		}
	}
	return nil, endedEarly(in.Err(), n+1)
}

// ended checks the last line, and that it is the last.
func ended(in *bufio.Scanner, all Summary, said []byte, n int) error {
	want, err := decodeSummary(said)
	switch {
	case err != nil:
		return fmt.Errorf("line %d: %w", n, err)
	case !all.Equal(want):
		return fmt.Errorf("%w: it does not hold what its end says: %v", ErrFormat, want.Differences(all))
	case in.Scan():
		return fmt.Errorf("%w: it goes on after its end", ErrFormat)
	}
	return in.Err()
}

func endedEarly(err error, n int) error {
	switch {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("line %d: %w: longer than %d bytes", n, ErrFormat, MaxLine)
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: it ends before its end", ErrFormat)
}

func between(line []byte, before, after string) ([]byte, bool) {
	rest, found := bytes.CutPrefix(line, []byte(before))
	if !found {
		return nil, false
	}
	return bytes.CutSuffix(rest, []byte(after))
}

// wholeLines splits at line feeds. What follows the last one is a line of its own, which nothing accepts.
func wholeLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), append(data[:len(data):len(data)], '\n'), nil
	}
	return 0, nil, nil
}
