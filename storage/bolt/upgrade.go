package bolt

import (
	"fmt"
	"os"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// upgrade brings a file of an earlier schema to this one, in one transaction: it is the former or the latter, whenever it is interrupted. Rows are
// left as they are, since fields that a row lacks read as zero. From then on earlier versions of Latchkey refuse the file: they would lose what
// they do not know.
func upgrade(db *bbolt.DB, f *os.File) error {
	var from uint32
	err := db.View(func(tx *bbolt.Tx) (err error) {
		from, err = version(tx)
		return err
	})
	if err != nil || from == schema {
		return err
	}
	var broken error
	var id int
	err = db.Update(func(tx *bbolt.Tx) error {
		broken, id = bring(tx, from), tx.ID()
		return broken
	})
	if err == nil {
		err = sealFlushed(f, uint64(id)) // #nosec G115 -- counts up
	}
	if err != nil && broken == nil {
		return unavailable(err) // it could not be written
	}
	return err
}

// bring adds the tables that a file of an earlier schema lacks, and what they index of the rows that are there.
func bring(tx *bbolt.Tx, from uint32) (err error) {
	defer recovered(&err)
	for tb := lackedBy(from); tb < nTables; tb++ {
		if _, err := tx.CreateBucketIfNotExists([]byte(tb.String())); err != nil {
			return fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
		}
	}
	t := &txn{tx: tx}
	if from < 2 {
		t.indexClients()
	}
	t.setVersion()
	return nil
}

// lackedBy is the first table that a file of that schema lacks.
func lackedBy(from uint32) table {
	if from < 2 {
		return tOrigins
	}
	return tPasskeys // schema 3 added fields alone
}

func (t *txn) indexClients() {
	c := t.bucket(tClients).Cursor()
	for k, row := c.First(); k != nil; k, row = c.Next() {
		// A row that cannot be read must not keep the others from being used.
		payload, ok := open(tClients, k, row)
		if !ok {
			continue
		}
		if client, ok := decode(walkClient, payload); ok {
			t.indexClient(storage.Client{}, client)
		}
	}
}
