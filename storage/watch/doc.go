// Package watch wraps a store so that somebody is told of every verb, when it begins and how it ends: for metrics and
// spans.
//
// It owns: the delegation. It must not: change what a verb does or returns, or tell of anything but the verb's name, its
// context and its error, since records hold what no log may.
package watch
