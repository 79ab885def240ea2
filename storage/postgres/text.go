package postgres

import (
	"strings"
	"unicode/utf8"
)

// escape begins what PostgreSQL's text cannot hold: it is followed by two hexadecimal digits. It is a noncharacter of Unicode, so nobody misses it.
const escape = '\U0010FFFF'

// toText makes any string one that PostgreSQL takes, without NUL and in UTF-8, in such a way that no two strings become the same. Strings that are
// such already stay what they are. So nothing that comes from outside can make a statement fail.
func toText(s string) string {
	if utf8.ValidString(s) && !strings.ContainsAny(s, "\x00"+string(escape)) {
		return s
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r != 0 && r != escape && (r != utf8.RuneError || size > 1) {
			b.WriteString(s[i : i+size])
		} else {
			for _, c := range []byte(s[i : i+size]) {
				b.WriteRune(escape)
				b.WriteByte(digits[c>>4])
				b.WriteByte(digits[c&15])
			}
		}
		i += size
	}
	return b.String()
}

// fromText takes back what toText did.
func fromText(s string) string {
	before, rest, found := strings.Cut(s, string(escape))
	if !found {
		return s
	}
	b := []byte(before)
	for found {
		c, ok := unhex(rest)
		if !ok {
			return s // none of ours
		}
		before, rest, found = strings.Cut(rest[2:], string(escape))
		b = append(append(b, c), before...)
	}
	return string(b)
}

func unhex(s string) (c byte, ok bool) {
	if len(s) < 2 {
		return 0, false
	}
	for _, d := range []byte(s[:2]) {
		switch {
		case d >= '0' && d <= '9':
			c = c<<4 | (d - '0')
		case d >= 'a' && d <= 'f':
			c = c<<4 | (d - 'a' + 10)
		default:
			return 0, false
		}
	}
	return c, true
}

func toTexts(list []string) []string {
	out := make([]string, len(list)) // never nil: columns of arrays are not NULL
	for i, s := range list {
		out[i] = toText(s)
	}
	return out
}
