package accountapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// object is a decoded JSON object. Keys are exact: encoding/json's own matching of names to fields folds case and takes the last of
// several, so that two readers of one body could see two different requests.
type object map[string]any

// maxDepth of arrays and objects. The requests have two levels.
const maxDepth = 8

var errJSON = errors.New("not one JSON object with unique keys in UTF-8")

// body reads a JSON body: one object, at most MaxBody bytes, Content-Type application/json.
func (a *API) body(w http.ResponseWriter, r *http.Request) (object, error) {
	if r.ContentLength > a.MaxBody { // before the type: nothing of it will be read
		return nil, refuse(http.StatusRequestEntityTooLarge, msgTooLarge)
	}
	if err := wantType(r, "application/json"); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, a.MaxBody))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	o, err := decodeObject(raw)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, msgBadJSON)
	}
	return o, nil
}

// wantType refuses a body of another type. A charset other than UTF-8 is another type too.
func wantType(r *http.Request, want string) error {
	wrong := refuse(http.StatusUnsupportedMediaType, "Content-Type must be "+want)
	values := r.Header.Values("Content-Type")
	if len(values) != 1 {
		return wrong
	}
	mediaType, params, err := mime.ParseMediaType(values[0])
	if err != nil || mediaType != want {
		return wrong
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return wrong
	}
	return nil
}

// decodeObject takes what RFC 8259 calls an object, and nothing around it. Duplicate keys, at any depth, text that is not UTF-8 and
// halves of surrogate pairs are refused.
func decodeObject(raw []byte) (object, error) {
	if !utf8.Valid(raw) || !json.Valid(raw) || loneSurrogate(raw) {
		return nil, errJSON
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	v, err := decodeValue(d, 0)
	if err != nil {
		return nil, err
	}
	o, ok := v.(object)
	if !ok {
		return nil, errJSON
	}
	return o, nil
}

func decodeValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil || depth > maxDepth {
		return nil, errJSON
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, errJSON
			}
			name, ok := key.(string)
			if _, twice := o[name]; !ok || twice {
				return nil, errJSON
			}
			if o[name], err = decodeValue(d, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	}
	return t, nil
}

// loneSurrogate finds an escape that is half a character, in valid JSON: encoding/json makes U+FFFD of it, so that different
// passwords would become one.
func loneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // the escaped character; valid JSON has one
		if raw[i] != 'u' {
			continue
		}
		switch first := hex4(raw[i+1:]); {
		case first >= 0xDC00 && first <= 0xDFFF:
			return true
		case first >= 0xD800 && first <= 0xDBFF:
			if len(raw) < i+11 || raw[i+5] != '\\' || raw[i+6] != 'u' {
				return true
			}
			if second := hex4(raw[i+7:]); second < 0xDC00 || second > 0xDFFF {
				return true
			}
			i += 10
		default:
			i += 4
		}
	}
	return false
}

func hex4(b []byte) rune {
	var r rune
	for _, c := range b[:4] {
		r <<= 4
		switch {
		case c >= '0' && c <= '9':
			r |= rune(c - '0')
		default:
			r |= rune(c|0x20-'a') + 10
		}
	}
	return r
}

// has says whether the key is there, be it null.
func (o object) has(key string) bool { _, ok := o[key]; return ok }
