package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// MaxMetadataBytes bounds client metadata as JSON.
const MaxMetadataBytes = 64 << 10

// maxMetadataDepth of arrays and objects: a key of jwks has four levels, and its x5c one more.
const maxMetadataDepth = 8

var errMetadata = errors.New("is not one JSON object with unique names in UTF-8")

// ParseMetadata reads a JSON object (RFC 7591 §3.1), and nothing around it. Names are exact, and none may be there twice, at any depth: two readers of
// one document could else see two different clients. Numbers are json.Number, arrays []any, objects map[string]any. The error says what the document
// is not, and nothing of its content.
func ParseMetadata(raw []byte) (Metadata, error) {
	v, err := StrictJSON(raw)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errMetadata
	}
	return m, nil
}

// StrictJSON reads one JSON value of at most [MaxMetadataBytes], as [ParseMetadata] reads objects.
func StrictJSON(raw []byte) (any, error) {
	if len(raw) > MaxMetadataBytes {
		return nil, errors.New("has more than " + strconv.Itoa(MaxMetadataBytes) + " bytes")
	}
	if !utf8.Valid(raw) || !json.Valid(raw) || halfCharacter(raw) {
		return nil, errMetadata
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return strictValue(d, 0)
}

func strictValue(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil || depth > maxMetadataDepth {
		return nil, errMetadata
	}
	switch t {
	case json.Delim('{'):
		return strictObject(d, depth)
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := strictValue(d, depth+1)
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

func strictObject(d *json.Decoder, depth int) (any, error) {
	o := map[string]any{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, errMetadata
		}
		name, ok := key.(string)
		if _, twice := o[name]; !ok || twice {
			return nil, errMetadata
		}
		if o[name], err = strictValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return o, err
}

// halfCharacter finds an escape of one half of a surrogate pair in valid JSON: decoders make different characters of it.
func halfCharacter(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++ // what is escaped; valid JSON has it
		if raw[i] != 'u' {
			continue
		}
		first := escaped(raw[i+1:])
		i += 4
		switch {
		case first >= 0xDC00 && first <= 0xDFFF:
			return true
		case first >= 0xD800 && first <= 0xDBFF:
			if len(raw) < i+7 || raw[i+1] != '\\' || raw[i+2] != 'u' {
				return true
			}
			if second := escaped(raw[i+3:]); second < 0xDC00 || second > 0xDFFF {
				return true
			}
			i += 6
		}
	}
	return false
}

func escaped(b []byte) uint64 {
	n, err := strconv.ParseUint(string(b[:4]), 16, 16)
	if err != nil { // not in valid JSON
		return 0
	}
	return n
}
