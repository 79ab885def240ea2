package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"latchkey/storage"
	"latchkey/storage/transfer"
)

// Info is what a backup holds.
type Info struct {
	About
	// Records are the counts and hashes of each kind.
	Records transfer.Summary `json:"records"`
	// Bytes is the size of the file.
	Bytes int64 `json:"bytes"`
	// Proven: it was made with one of the keys that opened it. Without that, anybody who knows the recipients can have made it.
	Proven bool `json:"proven"`
}

// Make writes a backup of the store into f, which is empty, brings it to disk, reads it back from there and checks it.
func Make(ctx context.Context, f *os.File, keys *Keys, about About, from storage.Transfers) (Info, error) {
	var put transfer.Summary
	err := Write(ctx, f, keys, about, func(ctx context.Context, w io.Writer) (err error) {
		put, err = transfer.Write(ctx, w, from)
		return err
	})
	if err != nil {
		return Info{}, err
	}
	if err := f.Sync(); err != nil {
		return Info{}, err
	}
	info, err := Verify(ctx, io.NewSectionReader(f, 0, 1<<62), keys)
	if err != nil {
		return Info{}, fmt.Errorf("the backup was read back, and %w", err)
	}
	if !info.Proven || !info.Records.Equal(put) {
		return Info{}, fmt.Errorf("the backup was read back, and holds something else than was written: %w", ErrDamaged)
	}
	return info, nil
}

// Verify reads a backup to its end: it opens, every record is one, and counts and hashes are those that it ends with. Errors: those of [Read].
func Verify(ctx context.Context, r io.Reader, keys *Keys) (info Info, err error) {
	return VerifyEach(ctx, r, keys, func(storage.Item) error { return nil })
}

// VerifyEach is Verify, and has look see every record. What look has seen is true only where there is no error.
func VerifyEach(ctx context.Context, r io.Reader, keys *Keys, look func(storage.Item) error) (info Info, err error) {
	size := &counting{r: r}
	info.About, info.Proven, err = Read(ctx, size, keys, func(ctx context.Context, lines io.Reader) (err error) {
		info.Records, err = transfer.Each(ctx, lines, look)
		return err
	})
	info.Bytes = size.n
	if errors.Is(err, transfer.ErrFormat) {
		err = fmt.Errorf("its records cannot be read: %w (Latchkey %s made it)", err, info.Version)
	}
	return info, err
}

type counting struct {
	r io.Reader
	n int64
}

// Read implements [io.Reader].
func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
