package bare

import (
	"crypto/rand"
	"encoding/binary"
	"os"
	"path/filepath"
	"sync/atomic"

	"go.etcd.io/bbolt"
)

// The bare store: as many records as the smaller of the promised sizes, of the size of a grant.
const (
	kept       = 10_000
	recordSize = 400
)

// store is bbolt with a goroutine that commits whatever has queued, at once.
type store struct {
	db    *bbolt.DB
	queue chan chan error
	next  atomic.Uint64
}

func openStore(dir string) (*store, error) {
	dir, err := os.MkdirTemp(dir, "bare")
	if err != nil {
		return nil, err
	}
	db, err := bbolt.Open(filepath.Join(dir, "bare.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	_ = os.RemoveAll(dir) // the file lives as long as it is open
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("b"))
		for i := range uint64(kept) {
			if err == nil {
				err = b.Put(number(i), make([]byte, recordSize))
			}
		}
		return err
	})
	s := &store{db: db, queue: make(chan chan error, 256)}
	go s.commit()
	return s, err
}

func number(i uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 8, 16), i) }

// read copies one record.
func (s *store) read(string) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		record := tx.Bucket([]byte("b")).Get(number(s.next.Add(7919) % kept))
		if len(record) == 0 {
			return os.ErrNotExist
		}
		_ = append([]byte(nil), record...)
		return nil
	})
}

// put is one put, durable when it returns.
func (s *store) put() error {
	done := make(chan error, 1)
	s.queue <- done
	return <-done
}

func (s *store) commit() {
	value := make([]byte, recordSize)
	for first := range s.queue {
		batch := []chan error{first}
		for len(s.queue) > 0 {
			batch = append(batch, <-s.queue)
		}
		err := s.db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket([]byte("b"))
			for range batch {
				key := make([]byte, 16)
				_, _ = rand.Read(key)
				if err := b.Put(key, value); err != nil {
					return err
				}
			}
			return nil
		})
		for _, done := range batch {
			done <- err
		}
	}
}
