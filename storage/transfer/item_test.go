package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

// items is one of each kind, zero.
func items() []storage.Item {
	return []storage.Item{
		storage.AccountSequence{}, storage.Account{}, storage.StoredFile{}, storage.Session{}, storage.StoredGrant{}, storage.Consent{},
		storage.Passkey{}, storage.AccountEvent{}, storage.OneTime{}, storage.Denial{}, storage.Replay{}, storage.PushedRequest{}, storage.Device{}, storage.Client{},
		storage.RegistrationToken{}, storage.Mail{}, storage.LogoutNotice{}, storage.Keyring{},
	}
}

// notMoved are the fields that no stream holds.
var notMoved = map[string]bool{
	"Account.Resume": true, "Account.Picture": true, // they follow from the files
	"Mail.LeaseUntil": true, "LogoutNotice.LeaseUntil": true,
	"DeviceDecision.Denied": true, // the sample allows
}

// fill sets every field, each to something else.
func fillAll(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2031, 5, 6, 7, 8, 9, *n*1000, time.UTC)))
		return
	case time.Duration:
		v.SetInt(int64(*n) * 1000)
		return
	case storage.FileKind:
		v.SetString("picture")
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \"\\\n\x00\xff\xc3 ü€😀%c<&> ", *n, escape))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		for i := range 3 {
			fillAll(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"b#de": "\xff", "a#de": "", fmt.Sprint(*n): "c"}))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillAll(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			if !notMoved[v.Type().Name()+"."+v.Type().Field(i).Name] {
				fillAll(v.Field(i), n)
			}
		}
	default:
		panic(v.Type())
	}
}

// full returns the item with every field set that is moved.
func full(item storage.Item) storage.Item {
	v, n := reflect.New(reflect.TypeOf(item)).Elem(), 0
	fillAll(v, &n)
	return v.Interface().(storage.Item)
}

// TestEveryFieldIsMoved holds for fields that are added later, too.
func TestEveryFieldIsMoved(t *testing.T) {
	known := table(codecs())
	if len(items()) != len(known) {
		t.Fatalf("%d samples of %d kinds", len(items()), len(known))
	}
	for i, zero := range items() {
		if order(zero) != i {
			t.Errorf("%T is number %d, want %d", zero, order(zero), i)
		}
		in := full(zero)
		kind, line, err := known.encode(nil, in)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsAny(line, "\n\x00") {
			t.Errorf("%s: its line holds more than a line does", kind)
		}
		back, out, err := known.decode(line)
		if err != nil {
			t.Fatalf("%s: %v\n%s", kind, err, line)
		}
		if d := cmp.Diff(in, out); back != kind || d != "" {
			t.Errorf("%s came back as %s (-in +out)\n%s", kind, back, d)
		}
	}
}

func TestWhatIsEmptyIsLeftOut(t *testing.T) {
	known := table(codecs())
	for _, zero := range items() {
		kind, line, err := known.encode(nil, zero)
		if want := fmt.Sprintf(`{"%s":{}}`, kind); err != nil || string(line) != want {
			t.Errorf("%s, %v; want %s", line, err, want)
		}
		if _, _, err := known.decode(line); !errors.Is(err, ErrFormat) && kind != "consent" {
			t.Errorf("%s: an item without a key: %v", kind, err)
		}
	}
	for name, pair := range map[string][2]storage.Item{
		"an empty list is none":           {storage.Consent{AccountID: 1, Scopes: []string{}}, storage.Consent{AccountID: 1}},
		"nanoseconds":                     {storage.Denial{JTI: "j", Until: time.Unix(1, 1999)}, storage.Denial{JTI: "j", Until: time.Unix(1, 1000)}},
		"the zone":                        {storage.Denial{JTI: "j", Until: time.Unix(1, 0)}, storage.Denial{JTI: "j", Until: time.Unix(1, 0).In(time.FixedZone("", 3600))}},
		"nanoseconds after the zero time": {storage.Denial{JTI: "j", Until: time.Time{}.Add(999)}, storage.Denial{JTI: "j"}},
		"the lease of a mail":             {storage.Mail{ID: "m", LeaseUntil: time.Unix(1, 0)}, storage.Mail{ID: "m"}},
	} {
		_, a, _ := known.encode(nil, pair[0])
		_, b, _ := known.encode(nil, pair[1])
		if string(a) != string(b) {
			t.Errorf("%s: %s and %s", name, a, b)
		}
	}
	_, a, _ := known.encode(nil, storage.Account{ID: 1, Sub: "s", Address: &storage.Address{}, ExperienceYears: new(int)})
	if want := `{"account":{"id":1,"sub":"s","address":{},"experience":{}}}`; string(a) != want {
		t.Errorf("%s, want %s", a, want)
	}
}

func TestOutOfBoundsIsNotWritten(t *testing.T) {
	years := math.MaxInt32 + 1
	for name, item := range map[string]storage.Item{
		"a year beyond 9999":    storage.Denial{JTI: "j", Until: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a year before the 1st": storage.Denial{JTI: "j", Until: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
		"a number beyond 32 bits": storage.Account{
			ID: 1, Sub: "s", ExperienceYears: &years,
		},
	} {
		if _, line, err := table(codecs()).encode(nil, item); err == nil {
			t.Errorf("%s: %s", name, line)
		}
	}
}

func TestOnlyCanonicalLinesAreRead(t *testing.T) {
	known := table(codecs())
	const good = `{"account":{"id":7,"sub":"ü","skills":["a","b"],"created_at":"2031-05-06T07:08:09.000001Z","version":1}}`
	if _, _, err := known.decode([]byte(good)); err != nil {
		t.Fatal(err)
	}
	swap := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for name, line := range map[string]string{
		"nothing":                     "",
		"another kind":                swap("account", "person"),
		"a space":                     swap(`,"sub"`, `, "sub"`),
		"an unknown member":           swap(`,"version"`, `,"admin":true,"version"`),
		"a member twice":              swap(`"id":7`, `"id":7,"id":7`),
		"another order":               swap(`"id":7,"sub":"ü"`, `"sub":"ü","id":7`),
		"an empty string":             swap(`"ü"`, `"ü","username":""`),
		"a number that is 0":          swap(`"version":1`, `"version":0`),
		"a number as text":            swap(`"id":7`, `"id":"7"`),
		"a leading zero":              swap(`"id":7`, `"id":07`),
		"a fraction":                  swap(`"id":7`, `"id":7.0`),
		"too large a number":          swap(`"id":7`, `"id":9223372036854775808`),
		"a negative ID":               swap(`"id":7`, `"id":-7`),
		"false":                       swap(`"version"`, `"disabled":false,"version"`),
		"null":                        swap(`"ü"`, `null`),
		"an empty array":              swap(`["a","b"]`, `[]`),
		"an array that does not end":  swap(`["a","b"]`, `["a","b"`),
		"an escape that is not ours":  swap("ü", `\u00fc`),
		"an escaped letter":           swap("ü", `\u0061`),
		"an escape in capitals":       swap("ü", `\u001F`),
		"half an escape":              swap("ü", `\u00`),
		"a byte that is not UTF-8":    swap("ü", "\xff"),
		"our escape of a good byte":   swap("ü", string(escape)+"61"),
		"our escape of a whole rune":  swap("ü", string(escape)+"c3"+string(escape)+"bc"),
		"half of our escape":          swap("ü", string(escape)+"f"),
		"a raw control character":     swap("ü", "\x1f"),
		"nanoseconds":                 swap("09.000001Z", "09.0000011Z"),
		"zeros of a fraction":         swap("09.000001Z", "09.100000Z"),
		"another zone":                swap("09.000001Z", "09.000001+01:00"),
		"a day that is none":          swap("05-06", "02-30"),
		"a string that does not end":  `{"account":{"id":7,"sub":"ü`,
		"an object that does not end": strings.TrimSuffix(good, "}"),
		"more than an object":         good + "}",
		"a line feed":                 good + "\n",
		"base64 with a line feed":     `{"mail":{"id":"m","sealed":"AA\n=="}}`,
		"base64 with loose bits":      `{"mail":{"id":"m","sealed":"AB=="}}`,
		"base64 without its end":      `{"mail":{"id":"m","sealed":"AA"}}`,
		"a number beyond 32 bits":     `{"mail":{"id":"m","attempts":2147483648}}`,
		"too long a time":             `{"client":{"id":"c","access_token_ttl":9223372036854776}}`,
		"allowed and denied":          `{"device":{"code_hash":"a","user_code_hash":"b","allowed":true,"denied":true}}`,
		"a file of another kind":      `{"file":{"account":1,"kind":"virus","id":"f"}}`,
		"a code without a hash":       `{"grant":{"id":"g","code":{}}}`,
		"pairs out of order":          `{"client":{"id":"c","localized":[["b","x"],["a","x"]]}}`,
		"pairs of the same":           `{"client":{"id":"c","localized":[["a","x"],["a","x"]]}}`,
		"a pair of one":               `{"client":{"id":"c","localized":[["a"]]}}`,
		"a pair of three":             `{"client":{"id":"c","localized":[["a","b","c"]]}}`,
	} {
		if _, item, err := known.decode([]byte(line)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v, %v", name, item, err)
		}
	}
}

// FuzzLine: what is read is what would be written, whatever comes.
func FuzzLine(f *testing.F) {
	known := table(codecs())
	for _, zero := range items() {
		for _, item := range []storage.Item{zero, full(zero)} {
			_, line, err := known.encode(nil, item)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		kind, item, err := known.decode(line)
		if err != nil {
			return
		}
		again, out, err := known.encode(nil, item)
		if err != nil || again != kind || !bytes.Equal(out, line) {
			t.Errorf("%q was read and would be written as %q, %v", line, out, err)
		}
	})
}
