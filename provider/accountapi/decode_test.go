package accountapi

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeObject(t *testing.T) {
	for name, c := range map[string]struct {
		in string
		ok bool
	}{
		"empty":                           {`{}`, true},
		"space around":                    {" \n{\"a\":1}\t", true},
		"nested":                          {`{"a":{"b":[1,{"c":null}]}}`, true},
		"pair of surrogates":              {`{"a":"\ud83d\ude42"}`, true},
		"escaped backslash before u":      {`{"a":"\\ud800"}`, true},
		"keys that differ in case":        {`{"password":"a","Password":"b"}`, true},
		"same key in different objects":   {`{"a":{"x":1},"b":{"x":2}}`, true},
		"nothing":                         {``, false},
		"array":                           {`[]`, false},
		"text":                            {`"a"`, false},
		"null":                            {`null`, false},
		"duplicate key":                   {`{"password":"a","password":"b"}`, false},
		"duplicate key, escaped":          {`{"password":"a","pass\u0077ord":"b"}`, false},
		"duplicate key below":             {`{"a":[{"x":1,"x":2}]}`, false},
		"trailing data":                   {`{} {}`, false},
		"trailing brace":                  {`{}}`, false},
		"trailing comma":                  {`{"a":1,}`, false},
		"comment":                         {`{/**/}`, false},
		"NaN":                             {`{"a":NaN}`, false},
		"single quotes":                   {`{'a':1}`, false},
		"no UTF-8":                        {"{\"a\":\"\xff\"}", false},
		"byte order mark":                 {"\ufeff{}", false},
		"half a surrogate":                {`{"a":"\ud800"}`, false},
		"half a surrogate, then a letter": {`{"a":"\ud800\u0041"}`, false},
		"second half first":               {`{"a":"\ude42\ud83d"}`, false},
		"half a surrogate in a key":       {`{"\uDC00":1}`, false},
		"control in text":                 {"{\"a\":\"\n\"}", false},
		"deep":                            {`{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, false},
		"very deep":                       {strings.Repeat(`{"a":`, 9000), false},
	} {
		if _, err := decodeObject([]byte(c.in)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReader(t *testing.T) {
	o, err := decodeObject([]byte(`{"s":"x","n":null,"i":7,"f":1.5,"e":1e2,"big":99999999999999999999,"l":["a","b"],"m":["a",1],"o":{},"b":true}`))
	if err != nil {
		t.Fatal(err)
	}
	d := o.reader()
	if d.text("s") != "x" || d.text("n") != "" || d.text("none", "s") != "x" || d.text("S") != "" {
		t.Error("text")
	}
	if d.change("none") != nil || *d.change("n") != "" || *d.change("s") != "x" {
		t.Error("change")
	}
	if d.number("none") != nil || *d.number("n") != nil || **d.number("i") != 7 {
		t.Error("number")
	}
	if diff := cmp.Diff([]string{"a", "b"}, *d.texts("l")); diff != "" || d.texts("none") != nil || *d.texts("n") != nil {
		t.Error("texts")
	}
	if d.err() != nil {
		t.Error(d.err())
	}
	for name, read := range map[string]func(*reader){
		"number for text": func(d *reader) { d.text("i") }, "list for text": func(d *reader) { d.text("l") }, "object for text": func(d *reader) { d.change("o") },
		"text for number": func(d *reader) { d.number("s") }, "fraction": func(d *reader) { d.number("f") }, "exponent": func(d *reader) { d.number("e") },
		"huge": func(d *reader) { d.number("big") }, "bool": func(d *reader) { d.number("b") }, "mixed list": func(d *reader) { d.texts("m") }, "text for list": func(d *reader) { d.texts("s") },
	} {
		d := o.reader()
		if read(d); d.err() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzDecodeObject(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":"\ud83d\ude42","b":[1,2.5,null,true]}`, `{"a":1,"a":2}`, `{"a":"\\\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		o, err := decodeObject(raw)
		if err != nil {
			return
		}
		if !utf8.Valid(raw) {
			t.Fatalf("%q is no UTF-8", raw)
		}
		var loose map[string]json.RawMessage
		if err := json.Unmarshal(raw, &loose); err != nil || len(loose) != len(o) {
			t.Fatalf("%q: %v; %d keys, %d here", raw, err, len(loose), len(o))
		}
		for k, v := range o {
			var s string
			if text, ok := v.(string); ok && (json.Unmarshal(loose[k], &s) != nil || s != text) {
				t.Errorf("%q: %q is %q here and %q there", raw, k, text, s)
			}
		}
		o.reader().text("a")
		o.reader().number("a")
		o.reader().texts("a")
	})
}
