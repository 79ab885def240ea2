package oauth

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
)

// Object writes a JSON object member by member, in the bytes that encoding/json makes of the struct with the same members: claims are encoded for
// every token, and reflection costs several times as much. Members that are empty are left out by those who call it.
type Object struct {
	b   []byte
	err error
}

// NewObject makes an empty one, with room for so many bytes.
func NewObject(size int) *Object { return &Object{b: append(make([]byte, 0, size), '{')} }

// name begins a member.
func (o *Object) name(name string) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.string(name)
	o.b = append(o.b, ':')
}

// Text writes a string.
func (o *Object) Text(name, s string) {
	o.name(name)
	o.string(s)
}

// TextIf leaves out what is empty, as omitempty does; so do [Object.NumberIf] and [Object.ListIf].
func (o *Object) TextIf(name, s string) {
	if s != "" {
		o.Text(name, s)
	}
}

// Number writes an integer.
func (o *Object) Number(name string, n int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

// NumberIf leaves out zero.
func (o *Object) NumberIf(name string, n int64) {
	if n != 0 {
		o.Number(name, n)
	}
}

// List writes an array of texts.
func (o *Object) List(name string, l []string) {
	o.name(name)
	if l == nil {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = append(o.b, '[')
	for i, s := range l {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.string(s)
	}
	o.b = append(o.b, ']')
}

// ListIf leaves out an empty one.
func (o *Object) ListIf(name string, l []string) {
	if len(l) > 0 {
		o.List(name, l)
	}
}

// Any writes what is rare as encoding/json does.
func (o *Object) Any(name string, v any) {
	o.name(name)
	b, err := json.Marshal(v)
	if err != nil && o.err == nil {
		o.err = err
	}
	o.b = append(o.b, b...)
}

// string leaves whatever needs escapes to encoding/json.
func (o *Object) string(s string) {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			b, err := json.Marshal(s)
			if err != nil && o.err == nil {
				o.err = err
			}
			o.b = append(o.b, b...)
			return
		}
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, s...)
	o.b = append(o.b, '"')
}

// End ends the object and returns it. Errors: those of encoding/json, from what [Object.Any] was given.
func (o *Object) End() ([]byte, error) { return append(o.b, '}'), o.err }

// Bool writes true or false.
func (o *Object) Bool(name string, v bool) {
	o.name(name)
	o.b = strconv.AppendBool(o.b, v)
}

// Value writes what claims are made of, as encoding/json does.
func (o *Object) Value(name string, v any) {
	switch v := v.(type) {
	case string:
		o.Text(name, v)
	case bool:
		o.Bool(name, v)
	case int64:
		o.Number(name, v)
	case []string:
		o.List(name, v)
	default:
		o.Any(name, v)
	}
}

// EncodeClaims is claims as JSON, in the order of their names.
func EncodeClaims(claims map[string]any) ([]byte, error) {
	var few [16]string
	names := slices.AppendSeq(few[:0], maps.Keys(claims))
	slices.Sort(names)
	o := NewObject(32 + 48*len(names))
	for _, name := range names {
		o.Value(name, claims[name])
	}
	return o.End()
}
