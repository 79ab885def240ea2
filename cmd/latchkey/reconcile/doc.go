// Package reconcile puts what files declare into force: groups and scopes for requests to look at, and the store's copies of declared clients, by
// which it is known what files had before. It compares what files declare with what a server uses.
// It must not read files: package config does, and gives what they declare.
package reconcile
