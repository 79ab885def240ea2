// Package storagetest is the contract of package storage as tests. A driver is right if [Run] passes, and durable if
// [RunReopen] passes.
//
// It owns: what every verb promises, each promise as a named test, races included. It must not: know any driver, read the
// clock, or test what the contract leaves open.
package storagetest
