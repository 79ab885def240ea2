package bolt

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// content is what is in a store, row for row: how many rows, and the SHA-256 of all in their order.
type content struct {
	count int64
	sum   [sha256.Size]byte
}

// bytesPerCommit and fillPercent are how the new file is written: in what pieces, and how full its pages are, so that the next writes do not split them all.
const (
	bytesPerCommit = 16 << 20
	fillPercent    = 0.9
)

// rewrite copies every row into f, brings it to disk, and closes it.
func (s *Store) rewrite(ctx context.Context, path string, f *os.File) (content, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		PageSize: pageSize, FreelistType: bbolt.FreelistMapType, NoSync: true, NoStatistics: true,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return f, nil },
	})
	if err != nil {
		return content{}, errors.Join(unavailable(err), f.Close())
	}
	w := &rewriter{db: db}
	all, err := s.rows(ctx, w.add)
	if err == nil {
		err = w.commit()
	}
	if err == nil {
		err = db.Sync()
	}
	w.rollback()
	if err := errors.Join(err, db.Close()); err != nil {
		if errors.Is(err, storage.ErrCorrupt) || ctx.Err() != nil {
			return content{}, err
		}
		return content{}, unavailable(err)
	}
	return all, nil
}

// rows hands on every row of the store, and says what they were.
func (s *Store) rows(ctx context.Context, add func(tb table, key, row []byte) error) (all content, err error) {
	h := sha256.New()
	err = s.read(func(t *txn) error {
		for tb := range nTables {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := add(tb, nil, nil); err != nil {
				return err
			}
			c := t.bucket(tb).Cursor()
			for k, row := c.First(); k != nil; k, row = c.Next() {
				if _, sound := open(tb, k, row); !sound {
					return corrupt(tb, "a row with a wrong checksum").err
				}
				if all.count++; all.count%1024 == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
				head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte{byte(tb)}, uint32(len(k))), uint32(len(row)))
				for _, part := range [][]byte{head, k, row} {
					h.Write(part)
				}
				if err := add(tb, k, row); err != nil {
					return err
				}
			}
		}
		return nil
	})
	all.sum = [sha256.Size]byte(h.Sum(nil))
	return all, err
}

// rewriter writes rows in their order.
type rewriter struct {
	db     *bbolt.DB
	tx     *bbolt.Tx
	bucket *bbolt.Bucket
	size   int
}

// add writes a row; nil begins a table.
func (w *rewriter) add(tb table, key, row []byte) (err error) {
	if w.tx == nil {
		if w.tx, err = w.db.Begin(true); err != nil {
			return err
		}
		if w.bucket = w.tx.Bucket([]byte(tb.String())); w.bucket != nil {
			w.bucket.FillPercent = fillPercent
		}
	}
	if key == nil {
		if w.bucket, err = w.tx.CreateBucket([]byte(tb.String())); err == nil {
			w.bucket.FillPercent = fillPercent
		}
		return err
	}
	if err := w.bucket.Put(key, row); err != nil {
		return err
	}
	if w.size += len(key) + len(row); w.size < bytesPerCommit {
		return nil
	}
	return w.commit()
}

func (w *rewriter) commit() error {
	if w.tx == nil {
		return nil
	}
	tx := w.tx
	w.tx, w.size = nil, 0
	return tx.Commit()
}

func (w *rewriter) rollback() {
	if w.tx != nil {
		_ = w.tx.Rollback()
	}
}

// check opens the new file as a server would, reads all of it, and returns its size.
func check(path string, want content) (size int64, err error) {
	s, err := openOnce(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	have, err := s.rows(context.Background(), func(table, []byte, []byte) error { return nil })
	if err == nil && have != want {
		err = fmt.Errorf("%w: the new file does not hold what was written", storage.ErrCorrupt)
	}
	info, statErr := s.file.Stat()
	if err := errors.Join(err, statErr); err != nil {
		return 0, err
	}
	return info.Size(), s.file.Sync()
}
