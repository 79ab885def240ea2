// Package transfer moves everything between stores, and between a store and a stream.
//
// It owns: the canonical encoding of each record, one line of JSON under names of its own, the stream of such lines with its version and its end, and
// the [Summary] by which two stores, or a store and a stream, are compared. It must not: believe anything that it reads, know a driver, or be used
// by anything but operators' commands and backups.
//
// Times are kept to the microsecond, and lengths of time in microseconds, as the contract of [latchkey/storage] has it. What is empty is left out.
// Strings that are not UTF-8 have each wrong byte as U+10FFFF and two hexadecimal digits, and so has U+10FFFF itself.
package transfer
