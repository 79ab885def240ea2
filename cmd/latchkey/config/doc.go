// Package config reads the configuration: defaults, then a YAML file, then environment variables, then flags. One table holds every
// key with its meaning, unit, default and bounds; the example file is printed from it.
//
// It owns: names and syntax of keys, precedence, and the report of all faults at once. It must not open a port, a store or a
// connection; it reads the file, the secret files that the file names, and nothing else.
//
// RFC 7591 §2 for the names of a client's keys.
package config
