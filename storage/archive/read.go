package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
)

// Read opens a backup and gives its records, as lines, to use. It returns what the backup says of itself, and whether it was made with one of keys,
// once use has seen them all and the trailer proves them. Errors: ErrKey, ErrDamaged, ErrTooNew, and those of use and r.
func Read(ctx context.Context, r io.Reader, keys *Keys, use func(context.Context, io.Reader) error) (about About, proven bool, err error) {
	in := &source{ctx: ctx, r: r}
	about, proven, err = read(ctx, in, keys, use)
	if in.err != nil { // the file could not be read: that says nothing about what is in it
		return about, false, in.err
	}
	return about, proven, err
}

// ReadAbout reads no more than what the backup says of itself. That is as it was made; whether the rest is, [Read] says. Errors: ErrKey, ErrDamaged,
// ErrTooNew, with which what could be read is returned, and those of r.
func ReadAbout(ctx context.Context, r io.Reader, keys *Keys) (About, error) {
	in := &source{ctx: ctx, r: r}
	o, err := open(in, keys)
	if err != nil {
		return About{}, cmp.Or(in.err, err)
	}
	about, err := o.body.about()
	if in.err != nil {
		return about, in.err
	}
	return about, err
}

// opened is a backup before its header.
type opened struct {
	body          *body
	packed, whole *bufio.Reader
}

func open(in io.Reader, keys *Keys) (opened, error) {
	whole := bufio.NewReaderSize(in, 256<<10)
	plain, err := age.Decrypt(whole, keys.identities...)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return opened{}, ErrKey
	}
	if err != nil {
		return opened{}, ErrDamaged // what age says of it quotes the file, which may be any
	}
	packed := bufio.NewReaderSize(plain, 64<<10)
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return opened{}, damaged(err)
	}
	unpacked.Multistream(false)
	return opened{&body{in: bufio.NewReaderSize(unpacked, maxLine), sum: sha256.New()}, packed, whole}, nil
}

func read(ctx context.Context, in io.Reader, keys *Keys, use func(context.Context, io.Reader) error) (about About, proven bool, err error) {
	o, err := open(in, keys)
	if err != nil {
		return about, false, err
	}
	b := o.body
	if about, err = b.about(); err != nil {
		return about, false, err
	}
	if err := use(ctx, b); err != nil {
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			return about, false, b.err // why it could not go on
		}
		return about, false, err
	}
	if _, err := io.Copy(io.Discard, b); err != nil {
		return about, false, err
	}
	for _, rest := range []io.Reader{b.in, o.packed, o.whole} { // nothing may come after the end, at any level
		if n, err := io.CopyN(io.Discard, rest, 1); n != 0 || !errors.Is(err, io.EOF) {
			return about, false, damaged(errors.Join(errors.New("something is behind its end"), err))
		}
	}
	return about, keys.made(b.end.End.SHA256, b.end.End.MAC), nil
}

func damaged(err error) error { return fmt.Errorf("%w: %w", ErrDamaged, err) }

// source remembers why the file could not be read, and ends with its context.
type source struct {
	ctx context.Context //nolint:containedctx // a reader has no other way to be told
	r   io.Reader
	err error
}

// Read implements [io.Reader].
func (s *source) Read(p []byte) (int, error) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// body is the lines between header and trailer.
type body struct {
	in  *bufio.Reader
	sum hash.Hash
	n   int64
	// within a line, which began before.
	within bool
	end    trailer
	err    error
}

// about reads the header.
func (b *body) about() (a About, err error) {
	line, err := b.line()
	if err != nil {
		return a, err
	}
	b.note(line)
	if err := json.Unmarshal(line, &a); err != nil || a.Format < 1 {
		return a, damaged(errors.New("it has no header"))
	}
	if a.Format > version {
		return a, ErrTooNew
	}
	return a, nil
}

// line reads a bounded line.
func (b *body) line() ([]byte, error) {
	line, err := b.in.ReadSlice('\n')
	if err != nil {
		return nil, damaged(err)
	}
	return line, nil
}

func (b *body) note(p []byte) {
	b.sum.Write(p)
	b.n += int64(len(p))
}

// Read implements [io.Reader]. It gives io.EOF only after a trailer that proves what was read.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if !b.within {
		if start, err := b.in.Peek(len(trailerPrefix)); err == nil && string(start) == trailerPrefix {
			b.err = b.finish()
			return 0, b.err
		}
	}
	if _, err := b.in.Peek(1); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		b.err = damaged(err)
		return 0, b.err
	}
	got, _ := b.in.Peek(min(len(p), b.in.Buffered()))
	if i := bytes.IndexByte(got, '\n'); i >= 0 {
		got = got[:i+1]
	}
	n := copy(p, got)
	b.within = p[n-1] != '\n'
	b.note(p[:n])
	_, _ = b.in.Discard(n)
	return n, nil
}

// finish reads the trailer, and compares.
func (b *body) finish() error {
	line, err := b.line()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &b.end); err != nil {
		return damaged(err)
	}
	if b.end.End.Bytes != b.n || !bytes.Equal(b.end.End.SHA256, b.sum.Sum(nil)) {
		return damaged(errors.New("its records are not those that its end speaks of"))
	}
	return io.EOF
}
