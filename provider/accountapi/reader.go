package accountapi

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// reader takes typed fields out of an object and remembers the first that has another type.
type reader struct {
	object
	wrong string
}

func (o object) reader() *reader { return &reader{object: o} }

// text returns the first of the keys that is there; "" where none is, or null.
func (d *reader) text(keys ...string) string {
	for _, k := range keys {
		switch v := d.object[k].(type) {
		case nil:
		case string:
			return v
		default:
			d.mistype(k)
			return ""
		}
	}
	return ""
}

// change returns nil where the key is absent, and a pointer to "" where it is null.
func (d *reader) change(key string) *string {
	if !d.has(key) {
		return nil
	}
	v := d.text(key)
	return &v
}

// number returns nil where the key is absent, and a pointer to nil where it is null. Only plain integers are numbers here.
func (d *reader) number(key string) **int {
	if !d.has(key) {
		return nil
	}
	var out *int
	switch v := d.object[key].(type) {
	case nil:
	case json.Number:
		n, err := v.Int64()
		if err != nil || n < -1_000_000 || n > 1_000_000 {
			d.mistype(key)
			break
		}
		i := int(n)
		out = &i
	default:
		d.mistype(key)
	}
	return &out
}

// texts returns nil where the key is absent, and a pointer to nil where it is null.
func (d *reader) texts(key string) *[]string {
	if !d.has(key) {
		return nil
	}
	var out []string
	switch v := d.object[key].(type) {
	case nil:
	case []any:
		for _, e := range v {
			s, ok := e.(string)
			if !ok {
				d.mistype(key)
				break
			}
			out = append(out, s)
		}
	default:
		d.mistype(key)
	}
	return &out
}

func (d *reader) mistype(key string) {
	if d.wrong == "" {
		d.wrong = key
	}
}

// err refuses where a field had another type. Keys come from this package, so they can be told.
func (d *reader) err() error {
	if d.wrong == "" {
		return nil
	}
	message := fmt.Sprintf("Field %s has the wrong type", d.wrong)
	return &apiError{status: http.StatusBadRequest, message: message, fields: map[string]string{d.wrong: message}, outcome: "invalid"}
}
