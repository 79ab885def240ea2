package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// firstOf2 is the first table that schema 2 added.
const firstOf2 = tOrigins

// upgrade brings a file of an earlier schema to this one, in one transaction: it is the former or the latter, whenever it is interrupted. Rows are
// left as they are, since fields that a row lacks read as zero. From then on earlier versions of Latchkey refuse the file: they would lose what
// they do not know.
func upgrade(db *bbolt.DB) error {
	var from uint32
	err := db.View(func(tx *bbolt.Tx) (err error) {
		from, err = version(tx)
		return err
	})
	if err != nil || from == schema {
		return err
	}
	broken := error(nil)
	err = db.Update(func(tx *bbolt.Tx) error {
		if from < 2 {
			broken = toSchema2(tx)
		}
		if broken == nil {
			(&txn{tx: tx}).setVersion() // schema 3 only added fields
		}
		return broken
	})
	if err != nil && broken == nil {
		return unavailable(err) // it could not be written
	}
	return err
}

// toSchema2 adds the tables of schema 2 and what they index of the rows that are there.
func toSchema2(tx *bbolt.Tx) (err error) {
	defer recovered(&err)
	for tb := firstOf2; tb < nTables; tb++ {
		if _, err := tx.CreateBucketIfNotExists([]byte(tb.String())); err != nil {
			return fmt.Errorf("%w: %w", storage.ErrCorrupt, err)
		}
	}
	t := &txn{tx: tx}
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
	return nil
}
