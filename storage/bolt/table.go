package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"go.etcd.io/bbolt"

	"latchkey/storage"
)

// table is a bucket. Its number goes into checksums and expiry keys: append, never reorder.
type table byte

const (
	tMeta       table = iota
	tAccounts         // account ID → account
	tSubs             // subject → account ID
	tUsernames        // username key → account ID
	tEmails           // e-mail key → account ID
	tFiles            // file ID → file
	tSessions         // SID → session
	tSessionsOf       // account ID, SID
	tGrants           // grant ID → grant
	tCodes            // code hash → grant ID, of codes that are not named
	tGrantsOf         // account ID, grant ID
	tGrantsBy         // client ID, grant ID
	tGrantsIn         // SID, grant ID
	tOneTimes         // purpose, hash → one-time token
	tOneTimesOf       // account ID, purpose, hash
	tConsents         // account ID, client ID → consent
	tConsentsBy       // client ID, account ID
	tDenials          // jti → time
	tMails            // mail ID → mail
	tMailDue          // time, mail ID → what [Store.OutboxState] counts
	tClients          // client ID → client
	tExpiry           // time, table, key
	// Up to here schema 1.

	tOrigins            // origin, client ID, of clients that are not disabled
	tRegistered         // IDs of clients that registered themselves: their number is what a quota bounds
	tRegistrations      // ID → registration token
	tRegistrationHashes // hash of a registration token → its ID
	tDevices            // code hash → device
	tUserCodes          // user code hash → code hash
	tPushed             // ID → pushed request
	tReplays            // key → time
	tNotices            // SID, client ID → notice
	tNoticesOf          // account ID, time backwards, SID, client ID
	tNoticesBy          // client ID, SID, client ID, of notices that are not over
	tNoticeDue          // time, SID, client ID → what [Store.NoticeState] counts, of notices that are not over
	// Up to here schemas 2 and 3.

	tPasskeys   // credential ID → passkey
	tPasskeysOf // account ID, credential ID
	tEvents     // account ID, event ID → event
	nTables
)

var tableNames = [nTables]string{
	"meta", "accounts", "subs", "usernames", "emails", "files", "sessions", "sessions_of", "grants", "codes", "grants_of",
	"grants_by", "grants_in", "onetimes", "onetimes_of", "consents", "consents_by", "denials", "outbox", "mail_due",
	"clients", "expiry",
	"client_origins", "registered", "registration_tokens", "registration_hashes", "devices", "user_codes", "pushed_requests", "replays",
	"notices", "notices_of", "notices_by", "notice_due",
	"passkeys", "passkeys_of", "events",
}

func (tb table) String() string { return tableNames[tb] }

// abort is panicked with by the helpers below where a row cannot be trusted, and ends the verb with err.
type abort struct{ err error }

func corrupt(tb table, what string) abort {
	return abort{fmt.Errorf("%w: %s in %s", storage.ErrCorrupt, what, tb)}
}

// txn is a transaction as verbs see it. Nothing read from it may be kept without copying.
type txn struct {
	tx      *bbolt.Tx
	buckets [nTables]*bbolt.Bucket
	// dirty: the verb under way has written.
	dirty bool
	// delta is by how many the records of each table have changed.
	delta number
	// wrote are the rows that were written, and read those that were read where that matters; see [standings], which is nil before the store is open.
	standings *standings
	wrote     []row
	read      *reading
}

func (t *txn) bucket(tb table) *bbolt.Bucket {
	if t.buckets[tb] == nil {
		if t.buckets[tb] = t.tx.Bucket([]byte(tb.String())); t.buckets[tb] == nil {
			panic(corrupt(tb, "no bucket"))
		}
		t.buckets[tb].FillPercent = tb.fillPercent()
	}
	return t.buckets[tb]
}

// sumSize is the length of the checksum before each payload.
const sumSize = 4

func checksum(tb table, key, payload []byte) uint32 {
	sum := crc32.Update(uint32(tb), castagnoli(), key)
	return crc32.Update(sum, castagnoli(), payload)
}

// open checks a row and returns its payload.
func open(tb table, key, row []byte) ([]byte, bool) {
	if len(row) < sumSize {
		return nil, false
	}
	payload := row[sumSize:]
	return payload, binary.LittleEndian.Uint32(row) == checksum(tb, key, payload)
}

// get returns the payload, or false where there is no such row.
func (t *txn) get(tb table, key []byte) ([]byte, bool) {
	if len(key) == 0 {
		return nil, false
	}
	if t.read != nil {
		t.read.note(tb, t.standings.rowOf(tb, key))
	}
	row := t.bucket(tb).Get(key)
	if row == nil {
		return nil, false
	}
	if t.read != nil {
		t.read.size += len(row)
	}
	payload, ok := open(tb, key, row)
	if !ok {
		panic(corrupt(tb, "a row with a wrong checksum"))
	}
	return payload, true
}

// put writes a row. It begins with room for the checksum, as [encode] leaves it.
func (t *txn) put(tb table, key, row []byte) {
	binary.LittleEndian.PutUint32(row, checksum(tb, key, row[sumSize:]))
	b := t.bucket(tb)
	t.writes(tb, key)
	if err := b.Put(key, row); err != nil {
		panic(abort{fmt.Errorf("put in %s: %w", tb, err)})
	}
}

func (t *txn) writes(tb table, key []byte) {
	t.dirty = true
	if tb.stood() && t.standings != nil {
		t.wrote = append(t.wrote, t.standings.rowOf(tb, key))
	}
}

// mark writes a row that has no payload.
func (t *txn) mark(tb table, key []byte) { t.put(tb, key, make([]byte, sumSize)) }

// point writes a row whose payload is another row's key.
func (t *txn) point(tb table, key, to []byte) {
	t.put(tb, key, append(make([]byte, sumSize, sumSize+len(to)), to...))
}

func (t *txn) drop(tb table, key []byte) {
	b := t.bucket(tb)
	t.writes(tb, key)
	if err := b.Delete(key); err != nil {
		panic(abort{fmt.Errorf("delete in %s: %w", tb, err)})
	}
}

// scan calls fn for the rows that begin with prefix, from the key given on, until it returns false. fn must not write.
func (t *txn) scan(tb table, from, prefix []byte, fn func(key, payload []byte) bool) {
	if t.read != nil {
		t.read.wide = true
	}
	c := t.bucket(tb).Cursor()
	for k, row := c.Seek(from); k != nil && bytes.HasPrefix(k, prefix); k, row = c.Next() {
		payload, ok := open(tb, k, row)
		if !ok {
			panic(corrupt(tb, "a row with a wrong checksum"))
		}
		if !fn(k, payload) {
			return
		}
	}
}

// members returns what follows the prefix in the keys of an index.
func (t *txn) members(tb table, prefix []byte) [][]byte {
	var list [][]byte
	t.scan(tb, prefix, prefix, func(k, _ []byte) bool {
		list = append(list, bytes.Clone(k[len(prefix):]))
		return true
	})
	return list
}

// idKey orders accounts by ID.
func idKey(id int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(id)) }

// within prefixes s with its length, so that no key of an index is the beginning of another's.
func within(s string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(s))), s...)
}

func join(prefix []byte, rest ...string) []byte {
	for _, s := range rest {
		prefix = append(prefix, s...)
	}
	return prefix
}

// timeKeySize is the length of [timeKey].
const timeKeySize = 12

// timeKey orders by time.
func timeKey(at time.Time) []byte {
	const year1 = -62135596800 // seconds from 1970 back to the zero time
	key := binary.BigEndian.AppendUint64(nil, uint64(max(at.Unix()-year1, 0)))
	return binary.BigEndian.AppendUint32(key, uint32(at.Nanosecond()))
}

func expiryKey(at time.Time, tb table, key []byte) []byte {
	return append(append(timeKey(at), byte(tb)), key...)
}
