package transfer

import (
	"unicode/utf8"
)

// escape begins a byte that is not UTF-8: it is followed by two hexadecimal digits. It is a noncharacter of Unicode, so nobody misses it.
const escape = '\U0010FFFF'

const digits = "0123456789abcdef"

// text writes or reads a string of JSON (RFC 8259 §7).
func (c *coder) text(p *string) {
	if !c.reading {
		c.buf = appendText(c.buf, *p)
		return
	}
	c.expect(`"`)
	var b []byte
	from := 0
	for i := 0; i < len(c.buf); {
		if ch := c.buf[i]; ch == '"' {
			b = append(b, c.buf[from:i]...)
			*p, c.buf = string(b), c.buf[i+1:]
			return
		} else if ch != '\\' && ch < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(c.buf[i:])
		var v byte
		var n int
		var ok bool
		switch {
		case r == '\\':
			v, n, ok = backslash(c.buf[i:])
		case r == escape:
			v, ok = unhex(c.buf[i+size:])
			n = size + 2
		case r != utf8.RuneError || size > 1:
			i += size
			continue
		}
		if !ok {
			break
		}
		b = append(append(b, c.buf[from:i]...), v)
		i += n
		from = i
	}
	c.fail()
}

// backslash reads an escape of JSON and says how long it was.
func backslash(in []byte) (v byte, n int, ok bool) {
	switch {
	case len(in) > 1 && (in[1] == '"' || in[1] == '\\'):
		return in[1], 2, true
	case len(in) > 3 && string(in[:4]) == `\u00`:
		v, ok = unhex(in[4:])
		return v, 6, ok
	}
	return 0, 0, false
}

func unhex(in []byte) (v byte, ok bool) {
	if len(in) < 2 {
		return 0, false
	}
	for _, d := range in[:2] {
		switch {
		case d >= '0' && d <= '9':
			v = v<<4 | (d - '0')
		case d >= 'a' && d <= 'f':
			v = v<<4 | (d - 'a' + 10)
		default:
			return 0, false
		}
	}
	return v, true
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		if ch := s[i]; ch >= ' ' && ch != '"' && ch != '\\' && ch < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r >= utf8.RuneSelf && r != escape && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		b = append(b, s[from:i]...)
		for _, ch := range []byte(s[i : i+size]) {
			switch {
			case ch == '"' || ch == '\\':
				b = append(b, '\\', ch)
			case ch < ' ':
				b = append(b, `\u00`...)
				b = append(b, digits[ch>>4], digits[ch&15])
			default:
				b = utf8.AppendRune(b, escape)
				b = append(b, digits[ch>>4], digits[ch&15])
			}
		}
		i += size
		from = i
	}
	return append(append(b, s[from:]...), '"')
}
