package transfer

import (
	"bytes"
	"encoding/base64"
	"math"
	"strconv"
	"time"
)

// coder walks over the fields of a record, writing or reading them as JSON: one walk for both, so that they cannot come apart. It reads no other
// JSON than it writes: fields in their order, none that are empty, no spaces.
type coder struct {
	buf     []byte // what was written, or what is yet to be read
	reading bool
	bad     bool
	// inside: a member of the object stands before.
	inside bool
}

func (c *coder) fail() { c.bad, c.buf = true, nil }

// is reads text if it comes next.
func (c *coder) is(text string) bool {
	if len(c.buf) < len(text) || string(c.buf[:len(text)]) != text {
		return false
	}
	c.buf = c.buf[len(text):]
	return true
}

// expect writes text, or reads what must be there.
func (c *coder) expect(text string) {
	if !c.reading {
		c.buf = append(c.buf, text...)
	} else if !c.is(text) {
		c.fail()
	}
}

// object walks over an object whose members walk names.
func (c *coder) object(walk func()) {
	outer := c.inside
	c.expect("{")
	c.inside = false
	walk()
	c.expect("}")
	c.inside = outer
}

// member says whether the object has the member, and then stands before its value. empty: there is nothing to write.
func (c *coder) member(name string, empty bool) bool {
	if !c.reading {
		if empty {
			return false
		}
		if c.inside {
			c.buf = append(c.buf, ',')
		}
		c.inside = true
		c.buf = append(append(append(c.buf, '"'), name...), '"', ':')
		return true
	}
	rest := c.buf
	if c.inside && !c.is(",") || !c.is(`"`) || !c.is(name) || !c.is(`":`) {
		c.buf = rest
		return false
	}
	c.inside = true
	return true
}

// array walks over n elements, or over those that are there.
func (c *coder) array(n int, element func(i int)) {
	c.expect("[")
	if !c.reading {
		for i := range n {
			if i > 0 {
				c.buf = append(c.buf, ',')
			}
			element(i)
		}
	} else {
		for i := 0; !c.bad; i++ {
			element(i)
			if !c.is(",") {
				break
			}
		}
	}
	c.expect("]")
}

func (c *coder) str(name string, p *string) {
	if c.member(name, *p == "") {
		c.text(p)
	}
}

// document is bytes that are text.
func (c *coder) document(name string, p *[]byte) {
	s := string(*p)
	if c.str(name, &s); c.reading && s != "" {
		*p = []byte(s)
	}
}

func (c *coder) bytes(name string, p *[]byte) {
	if !c.member(name, len(*p) == 0) {
		return
	}
	c.expect(`"`)
	if !c.reading {
		c.buf = base64.StdEncoding.AppendEncode(c.buf, *p)
	} else {
		v, err := base64.StdEncoding.AppendDecode(nil, c.until('"'))
		if err != nil {
			c.fail()
		}
		*p = v
	}
	c.expect(`"`)
}

// until reads up to the next end, which stays.
func (c *coder) until(end byte) []byte {
	i := bytes.IndexByte(c.buf, end)
	if i < 0 {
		c.fail()
		return nil
	}
	v := c.buf[:i]
	c.buf = c.buf[i:]
	return v
}

func (c *coder) int(name string, p *int64) {
	if !c.member(name, *p == 0) {
		return
	}
	if !c.reading {
		c.buf = strconv.AppendInt(c.buf, *p, 10)
		return
	}
	n := 0
	for n < len(c.buf) && (c.buf[n] == '-' || c.buf[n] >= '0' && c.buf[n] <= '9') {
		n++
	}
	v, err := strconv.ParseInt(string(c.buf[:n]), 10, 64)
	if err != nil {
		c.fail()
		return
	}
	*p, c.buf = v, c.buf[n:]
}

// small is a number of 32 bits, which is what every driver can hold.
func (c *coder) small(name string, p *int) {
	v := int64(*p)
	c.int(name, &v)
	if v < math.MinInt32 || v > math.MaxInt32 {
		c.fail()
	}
	*p = int(v)
}

// length is in microseconds.
func (c *coder) length(name string, p *time.Duration) {
	v := int64(*p / time.Microsecond)
	c.int(name, &v)
	if !c.reading {
		return
	}
	if v > math.MaxInt64/1000 || v < math.MinInt64/1000 {
		c.fail()
		return
	}
	*p = time.Duration(v) * time.Microsecond
}

func (c *coder) bool(name string, p *bool) {
	if c.member(name, !*p) {
		c.expect("true")
		*p = true
	}
}

// timeLayout is RFC 3339 with at most microseconds.
const timeLayout = "2006-01-02T15:04:05.999999Z07:00"

func (c *coder) time(name string, p *time.Time) {
	if !c.reading {
		at := p.UTC().Truncate(time.Microsecond)
		if c.member(name, at.IsZero()) {
			c.bad = c.bad || at.Year() < 1 || at.Year() > 9999
			c.buf = append(at.AppendFormat(append(c.buf, '"'), timeLayout), '"')
		}
		return
	}
	if !c.member(name, false) {
		return
	}
	c.expect(`"`)
	at, err := time.Parse(timeLayout, string(c.until('"')))
	if err != nil {
		c.fail()
	}
	*p = at.UTC()
	c.expect(`"`)
}
