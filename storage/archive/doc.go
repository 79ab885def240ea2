// Package archive makes backups of a store and reads them back: encrypted files, and the folders and S3 buckets that keep them.
//
// It owns: the format, its keys, what makes a backup a good one, the names of backups, places that keep them, and which of them may go. It must not:
// know drivers or the configuration, change a store before a backup was verified whole, let a file have its name before that, remove what is not a
// backup of the same issuer, or write anything readable to a disk.
//
// A backup is age (age-encryption.org/v1) around gzip around JSON lines: a header, the lines of [latchkey/storage/transfer], a trailer. docs/backup.md
// tells people about it, docs/adr/0012 why it is so.
package archive
