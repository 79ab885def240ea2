package bolt

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"latchkey/storage"
)

// dumped are the rows that are dumped, in this order.
func dumped() []table {
	return []table{
		tMeta, tAccounts, tFiles, tSessions, tGrants, tConsents, tPasskeys, tEvents, tOneTimes, tDenials, tReplays, tPushed, tDevices, tClients,
		tRegistrations, tMails, tNotices,
	}
}

// Dump implements [storage.Transfers]. While the store is in use, the rows are first written to a file beside it, which has no name and goes with the
// process: a read transaction that waited for yield would keep every page that is freed meanwhile from being used again, and the file would grow.
func (s *Store) Dump(ctx context.Context, yield func(storage.Item) error) error {
	var keyring storage.Item
	each := func(tb table, key, payload []byte) error {
		item, err := itemOf(tb, key, payload)
		if err != nil || item == nil {
			return err
		}
		if _, last := item.(storage.Keyring); last {
			keyring = item
			return nil
		}
		return cmp.Or(ctx.Err(), yield(item))
	}
	read := s.spooled
	if s.alone {
		read = s.direct
	}
	if err := read(ctx, each); err != nil {
		return fmt.Errorf("Dump: %w", err)
	}
	if keyring != nil {
		return yield(keyring)
	}
	return nil
}

// rowFunc gets a row, which it may not keep.
type rowFunc func(tb table, key, payload []byte) error

// direct hands on the rows of the store itself.
func (s *Store) direct(ctx context.Context, each rowFunc) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.read(func(t *txn) (err error) {
		for _, tb := range dumped() {
			t.scan(tb, nil, nil, func(key, payload []byte) bool {
				err = each(tb, key, payload)
				return err == nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// spooled hands on the rows of a copy.
func (s *Store) spooled(ctx context.Context, each rowFunc) (err error) {
	path := s.db.Path()
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".dump-*") // for the owner alone
	if err != nil {
		return unavailable(err)
	}
	defer f.Close() //nolint:errcheck // it is gone by then
	if err := os.Remove(f.Name()); err != nil {
		return unavailable(err)
	}
	if err := s.roomBeside(f); err != nil {
		return err
	}
	if err := s.spool(ctx, f); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return unavailable(err)
	}
	return unspool(bufio.NewReaderSize(f, 1<<20), each)
}

// roomBeside makes sure that a copy does not take the last of the room, which writers need. Rows are never more than the file.
func (s *Store) roomBeside(f *os.File) error {
	info, err := s.file.Stat()
	if err != nil {
		return unavailable(err)
	}
	return room(f, uint64(info.Size()), "a copy of what is to be read")
}

func (s *Store) spool(ctx context.Context, f io.Writer) error {
	w, n := bufio.NewWriterSize(f, 1<<20), 0
	head := make([]byte, 0, 1+2*binary.MaxVarintLen64)
	err := s.direct(ctx, func(tb table, key, payload []byte) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		head = binary.AppendUvarint(binary.AppendUvarint(append(head[:0], byte(tb)), uint64(len(key))), uint64(len(payload)))
		for _, part := range [][]byte{head, key, payload} {
			if _, err := w.Write(part); err != nil {
				return unavailable(err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return unavailable(err)
	}
	return nil
}

// unspool reads what spool wrote.
func unspool(r *bufio.Reader, each rowFunc) error {
	var row []byte
	for {
		tb, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		key, keyErr := binary.ReadUvarint(r)
		payload, payloadErr := binary.ReadUvarint(r)
		if err := errors.Join(err, keyErr, payloadErr); err != nil {
			return unavailable(err)
		}
		if need := int(key + payload); cap(row) < need {
			row = make([]byte, need)
		}
		row = row[:key+payload]
		if _, err := io.ReadFull(r, row); err != nil {
			return unavailable(err)
		}
		if err := each(table(tb), row[:key], row[key:]); err != nil {
			return err
		}
	}
}

// itemOf makes a row a record; nil where it is none. Both share nothing.
func itemOf(tb table, key, payload []byte) (storage.Item, error) {
	switch tb {
	case tMeta:
		return metaItem(string(key), payload)
	case tAccounts:
		return as(tb, payload, walkAccount, func(a storage.Account) storage.Item {
			a.Resume, a.Picture = nil, nil
			return a
		})
	case tFiles:
		return as(tb, payload, walkFile, func(f file) storage.Item {
			return storage.StoredFile{AccountID: f.account, Kind: f.kind, Info: f.info, Content: f.content}
		})
	case tSessions:
		return as(tb, payload, walkSession, item[storage.Session])
	case tGrants:
		return as(tb, payload, walkGrant, func(g grant) storage.Item { return storage.StoredGrant{Grant: g.Grant, Revoked: g.revoked} })
	case tConsents:
		return as(tb, payload, walkConsent, item[storage.Consent])
	case tPasskeys:
		return as(tb, payload, walkPasskey, item[storage.Passkey])
	case tEvents:
		return as(tb, payload, walkEvent, item[storage.AccountEvent])
	case tOneTimes:
		return as(tb, payload, walkOneTime, item[storage.OneTime])
	case tDenials:
		return as(tb, payload, walkTime, func(until time.Time) storage.Item { return storage.Denial{JTI: string(key), Until: until} })
	case tReplays:
		return as(tb, payload, walkTime, func(until time.Time) storage.Item { return storage.Replay{Key: string(key), Until: until} })
	case tPushed:
		return as(tb, payload, walkPushed, item[storage.PushedRequest])
	case tDevices:
		return as(tb, payload, walkDevice, item[storage.Device])
	case tClients:
		return as(tb, payload, walkClient, item[storage.Client])
	case tRegistrations:
		return as(tb, payload, walkRegistration, item[storage.RegistrationToken])
	case tMails:
		return as(tb, payload, walkMail, func(m storage.Mail) storage.Item {
			m.LeaseUntil = time.Time{}
			return m
		})
	case tNotices:
		return as(tb, payload, walkNotice, func(n storage.LogoutNotice) storage.Item {
			n.LeaseUntil = time.Time{}
			return n
		})
	}
	return nil, corrupt(tb, "a row of no record").err
}

func item[T storage.Item](v T) storage.Item { return v }

func as[T any](tb table, payload []byte, walk func(*coder, *T), item func(T) storage.Item) (storage.Item, error) {
	v, ok := decode(walk, payload)
	if !ok {
		return nil, corrupt(tb, "a row that cannot be read").err
	}
	return item(v), nil
}

func metaItem(key string, payload []byte) (storage.Item, error) {
	switch {
	case key == keyKeyring:
		return as(tMeta, payload, walkKeyring, item[storage.Keyring])
	case key == keyLastID && len(payload) == 8:
		return storage.AccountSequence{Last: int64(binary.BigEndian.Uint64(payload))}, nil
	case key == keyLastID:
		return nil, corrupt(tMeta, "a last account ID that cannot be read").err
	}
	return nil, nil
}
