package client

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// PlainPath tells whether a path, decoded, is read in one way by all servers, which disagree about dots, slashes, parameters, what is encoded in it once more,
// what ends a name, and letters that look alike.
func PlainPath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || strings.ContainsAny(path, "%\\;?#") || strings.ContainsFunc(path, unseen) || !norm.NFKC.IsNormalString(path) {
		return false
	}
	for part := range strings.SplitSeq(path, "/") { // "." and ".." too; and file systems leave out what some names end with
		if strings.HasSuffix(part, ".") || strings.HasSuffix(part, " ") {
			return false
		}
	}
	return true
}

// unseen tells of what is left out by whoever tidies text up: controls, marks of format, ends of lines, and what else has no look of its own.
func unseen(c rune) bool {
	return c == unicode.ReplacementChar || unicode.In(c, unicode.C, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}
