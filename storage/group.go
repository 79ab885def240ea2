package storage

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxGroups bounds the groups that an account is put into by command, MaxGroupBytes the name of any group.
const (
	MaxGroups     = 100
	MaxGroupBytes = 128
)

// CheckGroup says what is wrong with the name of a group; its error completes "the name …". Names are compared byte by byte, and are free of what
// separates names where they are joined: in a header, in a rule of an application.
func CheckGroup(name string) error {
	switch {
	case name == "":
		return errors.New("is empty")
	case len(name) > MaxGroupBytes:
		return fmt.Errorf("is longer than %d bytes", MaxGroupBytes)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("has a character that cannot be printed")
	case strings.ContainsAny(name, `,*"\`):
		return errors.New(`has a comma, an asterisk, a quote or a backslash`)
	case strings.TrimSpace(name) != name:
		return errors.New("begins or ends with a space")
	}
	return nil
}

// JoinGroup returns the groups with name among them, sorted; LeaveGroup without it. What they are given stays as it is.
func JoinGroup(groups []string, name string) []string {
	at, has := slices.BinarySearch(groups, name)
	if has {
		return groups
	}
	return slices.Insert(slices.Clone(groups), at, name)
}

// LeaveGroup is what [JoinGroup] tells.
func LeaveGroup(groups []string, name string) []string {
	at, has := slices.BinarySearch(groups, name)
	if !has {
		return groups
	}
	return slices.Delete(slices.Clone(groups), at, at+1)
}
