package archive

import (
	"bufio"
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

// level of gzip: half the time of the usual one, for three percent more bytes.
const level = 3

// Write writes a backup that keys open: what dump writes, with about before it. dump writes whole lines.
func Write(ctx context.Context, w io.Writer, keys *Keys, about About, dump func(context.Context, io.Writer) error) error {
	out := bufio.NewWriterSize(w, 256<<10)
	sealed, err := age.Encrypt(out, keys.recipients...)
	if err != nil {
		return err
	}
	packed, err := gzip.NewWriterLevel(sealed, level)
	if err != nil {
		return err
	}
	lines := &hashing{ctx: ctx, to: bufio.NewWriterSize(packed, 64<<10), sum: sha256.New()}
	about.Format, about.Taken = version, about.Taken.UTC()
	if err := json.NewEncoder(lines).Encode(about); err != nil {
		return err
	}
	if err := dump(ctx, lines); err != nil {
		return err
	}
	if lines.last != '\n' {
		return errors.New("a dump must end with its line")
	}
	var end trailer
	end.End.Bytes, end.End.SHA256 = lines.n, lines.sum.Sum(nil)
	end.End.MAC = mac(keys.macs[0], end.End.SHA256)
	return errors.Join(json.NewEncoder(lines).Encode(end), lines.to.Flush(), packed.Close(), sealed.Close(), out.Flush())
}

// hashing hashes and counts what goes through it, and ends with its context.
type hashing struct {
	ctx  context.Context //nolint:containedctx // a writer has no other way to be told
	to   *bufio.Writer
	sum  hash.Hash
	n    int64
	last byte
}

// Write implements [io.Writer].
func (h *hashing) Write(p []byte) (int, error) {
	if err := h.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := h.to.Write(p)
	h.sum.Write(p[:n])
	if h.n += int64(n); n > 0 {
		h.last = p[n-1]
	}
	if err != nil {
		return n, fmt.Errorf("write the backup: %w", err)
	}
	return n, nil
}
