package bolt

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"time"
)

// coder walks over the fields of a record, writing or reading them: one walk for both, so they cannot come apart.
type coder struct {
	buf     []byte
	reading bool
	bad     bool
	// text is a copy of what is read, and ends where buf ends: the strings of a record are parts of it, so that reading one costs one allocation and
	// not one for each. Empty where each is copied by itself.
	text string
}

// maxText is up to what size, in bytes, a record is copied for its strings: larger ones have content, which is no text.
const maxText = 4 << 10

// encode returns the record behind room for a checksum.
func encode[T any](walk func(*coder, *T), v T) []byte {
	c := coder{buf: make([]byte, sumSize, 256)}
	walk(&c, &v)
	return c.buf
}

// decode reads a record. Fields that the writer did not know stay zero.
func decode[T any](walk func(*coder, *T), payload []byte) (v T, ok bool) {
	c := coder{buf: payload, reading: true}
	if len(payload) <= maxText {
		c.text = string(payload)
	}
	walk(&c, &v)
	return v, !c.bad
}

func load[T any](t *txn, tb table, key []byte, walk func(*coder, *T)) (v T, ok bool) {
	payload, ok := t.get(tb, key)
	if !ok {
		return v, false
	}
	if v, ok = decode(walk, payload); !ok {
		panic(corrupt(tb, "a row that cannot be read"))
	}
	return v, true
}

func save[T any](t *txn, tb table, key []byte, walk func(*coder, *T), v T) {
	t.put(tb, key, encode(walk, v))
}

// more says whether a field follows when reading: a record that ends early was written before the field existed.
func (c *coder) more() bool { return !c.bad && len(c.buf) > 0 }

func (c *coder) int(p *int64) {
	if !c.reading {
		c.buf = binary.AppendVarint(c.buf, *p)
		return
	}
	if !c.more() {
		return
	}
	v, n := binary.Varint(c.buf)
	if n <= 0 {
		c.bad = true
		return
	}
	*p, c.buf = v, c.buf[n:]
}

func (c *coder) small(p *int) {
	v := int64(*p)
	c.int(&v)
	*p = int(v)
}

func (c *coder) dur(p *time.Duration) { c.int((*int64)(p)) }

func (c *coder) bool(p *bool) {
	var v int64
	if *p {
		v = 1
	}
	c.int(&v)
	*p = v != 0
}

// time keeps the instant to the nanosecond, and the zero time; not the zone.
func (c *coder) time(p *time.Time) {
	sec, nsec := p.Unix(), int64(p.Nanosecond())
	if c.reading {
		if !c.more() {
			return
		}
		sec, nsec = 0, 0
	}
	c.int(&sec)
	c.int(&nsec)
	if c.reading && !c.bad {
		*p = time.Unix(sec, nsec).UTC()
	}
}

// raw reads or writes bytes with their length; what it returns when reading is not copied.
func (c *coder) raw(v []byte) []byte {
	n := int64(len(v))
	c.int(&n)
	if !c.reading {
		c.buf = append(c.buf, v...)
		return v
	}
	if c.bad || n < 0 || n > math.MaxInt32 || int(n) > len(c.buf) {
		c.bad = true
		return nil
	}
	v, c.buf = c.buf[:n], c.buf[n:]
	return v
}

func (c *coder) str(p *string) {
	if !c.reading {
		n := int64(len(*p))
		c.int(&n)
		c.buf = append(c.buf, *p...)
	} else if c.more() {
		_, *p = c.part()
	}
}

// part reads bytes with their length, as they stand and as text. The bytes are not copied.
func (c *coder) part() (v []byte, text string) {
	if v = c.raw(nil); len(v) == 0 {
		return v, ""
	}
	if c.text == "" {
		return v, string(v)
	}
	end := len(c.text) - len(c.buf)
	return v, c.text[end-len(v) : end]
}

func (c *coder) bytes(p *[]byte) {
	if !c.reading {
		c.raw(*p)
	} else if c.more() {
		if v := c.raw(nil); len(v) > 0 {
			*p = append([]byte(nil), v...)
		}
	}
}

func (c *coder) strs(p *[]string) {
	n := int64(len(*p))
	c.int(&n)
	if c.reading {
		if n < 0 || n > int64(len(c.buf)) {
			c.bad = true
		}
		if c.bad || n == 0 {
			return
		}
		*p = make([]string, n)
	}
	for i := range *p {
		c.str(&(*p)[i])
	}
}

// dict walks over a map, in the order of its keys.
func (c *coder) dict(p *map[string]string) {
	keys := slices.Sorted(maps.Keys(*p))
	values := make([]string, len(keys))
	for i, k := range keys {
		values[i] = (*p)[k]
	}
	c.strs(&keys)
	c.strs(&values)
	if len(values) != len(keys) {
		c.bad = true
	}
	if !c.reading || c.bad || len(keys) == 0 {
		return
	}
	*p = make(map[string]string, len(keys))
	for i, k := range keys {
		(*p)[k] = values[i]
	}
}

// list walks over the elements of a slice. Each is a block of its own, so that records within records can grow too.
func list[T any](c *coder, p *[]T, walk func(*coder, *T)) {
	n := int64(len(*p))
	c.int(&n)
	if !c.reading {
		for i := range *p {
			block(c, &(*p)[i], walk)
		}
		return
	}
	if n < 0 || n > int64(len(c.buf)) {
		c.bad = true
	}
	if c.bad || n == 0 {
		return
	}
	*p = make([]T, n)
	for i := range *p {
		block(c, &(*p)[i], walk)
	}
}

// opt walks over a record that may be absent.
func opt[T any](c *coder, p **T, walk func(*coder, *T)) {
	has := *p != nil
	c.bool(&has)
	if !has || c.bad {
		return
	}
	if c.reading {
		*p = new(T)
	}
	block(c, *p, walk)
}

func block[T any](c *coder, p *T, walk func(*coder, *T)) {
	if !c.reading {
		inner := coder{buf: make([]byte, 0, 64)}
		walk(&inner, p)
		c.raw(inner.buf)
		return
	}
	inner := coder{reading: true}
	if c.text == "" {
		inner.buf = c.raw(nil)
	} else {
		inner.buf, inner.text = c.part()
	}
	walk(&inner, p)
	c.bad = c.bad || inner.bad
}
