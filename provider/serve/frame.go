package serve

import (
	"bytes"
	"strings"
)

// frame is what stands on the wire of one HTTP/1.1 request, as far as the door needs to know it. Whatever is unusual is none of its business: it is
// read by net/http, whose word counts.
type frame struct {
	method, path []byte
	// language is the first of Accept-Language, such as "de"; origin says that there is an Origin, told that proxies tell an address.
	language     []byte
	origin, told bool
	// host and noneMatch are the last Host and If-None-Match, hosts and noneMatches how many there are.
	host, noneMatch    []byte
	hosts, noneMatches int
	// watched says that there is a header which somebody further inside looks for, query that the target has one.
	watched, query bool
	// size is how long it is with its body, body how long that is.
	size, body int
}

type framing int

const (
	// frameWhole: b is exactly one request.
	frameWhole framing = iota
	// framePart: more of it is to come.
	framePart
	// frameOther: it is not for the door.
	frameOther
)

var headerEnd = []byte("\r\n\r\n")

// readFrame looks at what came so far of a request. It is stricter than RFC 9112: what it takes for a whole request, every reader does. watched are the
// names of headers, in lower case, that it is to look for.
func readFrame(b []byte, watched ...string) (f frame, what framing) {
	end := bytes.Index(b, headerEnd)
	if end < 0 {
		return f, framePart
	}
	line, rest, _ := bytes.Cut(b[:end+2], []byte("\r\n"))
	var ok bool
	if f.method, line, ok = bytes.Cut(line, []byte(" ")); !ok {
		return f, frameOther
	}
	target, version, ok := bytes.Cut(line, []byte(" "))
	if !ok || string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' || !plain(target) || !token(f.method) {
		return f, frameOther
	}
	f.path, _, f.query = bytes.Cut(target, []byte("?"))
	lengths := 0
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !token(name) || !plain(value) {
			return f, frameOther
		}
		value = bytes.Trim(value, " \t")
		if isHeader(name, "content-length") {
			if f.body, ok = digits(value); !ok || lengths > 0 {
				return f, frameOther
			}
			lengths++
		} else if !f.note(name, value, watched) {
			return f, frameOther
		}
	}
	f.size = end + len(headerEnd) + f.body
	switch {
	case len(b) < f.size:
		return f, framePart
	case len(b) > f.size:
		return f, frameOther // pipelined
	}
	return f, frameWhole
}

// note takes what matters of a header. It is false where the request is not for the door.
func (f *frame) note(name, value []byte, watched []string) bool {
	switch {
	case isHeader(name, "transfer-encoding"), isHeader(name, "expect"), isHeader(name, "upgrade"), isHeader(name, "trailer"):
		return false
	case isHeader(name, "connection"):
		return isHeader(value, "keep-alive")
	case isHeader(name, "host"):
		f.host, f.hosts = value, f.hosts+1
	case isHeader(name, "origin"):
		f.origin = true
	case isHeader(name, "accept-language"):
		f.language = firstLanguage(value)
	case isHeader(name, "if-none-match"):
		f.noneMatch, f.noneMatches = value, f.noneMatches+1
	case isHeader(name, "x-forwarded-for"), isHeader(name, "forwarded"):
		f.told = true
	}
	for _, w := range watched {
		f.watched = f.watched || isHeader(name, w)
	}
	return true
}

// token says that b is one (RFC 9110 §5.6.2).
func token(b []byte) bool {
	for _, c := range b {
		if l := c | 0x20; (l < 'a' || l > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

// plain says that there are no control characters in b but tabs, which many readers take for ends or for nothing (RFC 9110 §5.5).
func plain(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isHeader compares without case; lower is in lower case.
func isHeader(b []byte, lower string) bool {
	return len(b) == len(lower) && b[0]|0x20 == lower[0] && bytes.EqualFold(b, []byte(lower))
}

// digits reads a number of up to seven digits.
func digits(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 7 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// firstLanguage is the primary subtag of what is asked for first, nothing where it is not two or three letters in lower case.
func firstLanguage(value []byte) []byte {
	n := 0
	for n < len(value) && value[n] >= 'a' && value[n] <= 'z' {
		n++
	}
	if n < 2 || n > 3 {
		return nil
	}
	return value[:n]
}
