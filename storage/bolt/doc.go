// Package bolt keeps everything in one bbolt file: the store of a single process, with a second one standing by.
//
// It owns: the file, its lock, its layout and checksums, and the committer that lets concurrent writers share one fsync.
// It must not: hold a read transaction while anything else runs, acknowledge a write before it is on disk, or answer
// from a row whose checksum does not fit.
//
// Layout: a bucket for each kind of record and for each index (see table). A value is four bytes of CRC32C over table,
// key and payload, then the payload, so a row is bound to its place. Records are a sequence of fields; later versions
// append fields and never reorder them. The bucket "meta" holds the format marker, the schema version and the counts.
package bolt
