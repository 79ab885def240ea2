package bolt

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"latchkey/storage"
)

// fill sets every field, however deep, to something that is not zero and not the same twice.
func fill(v reflect.Value, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(k, n)
			fill(e, n)
			v.SetMapIndex(k, e)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(*n, *n).UTC()))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.String:
		v.SetString(time.Duration(*n).String())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(uint64(*n%255 + 1))
	default:
		v.SetInt(*n)
	}
}

func roundTrip[T any](t *testing.T, walk func(*coder, *T)) {
	t.Helper()
	var want, zero T
	n := int64(0)
	fill(reflect.ValueOf(&want).Elem(), &n)
	for name, in := range map[string]T{"full": want, "zero": zero} {
		row := encode(walk, in)
		have, ok := decode(walk, row[sumSize:])
		if d := cmp.Diff(in, have); !ok || d != "" {
			t.Errorf("%T %s: ok %t (-want +got)\n%s", in, name, ok, d)
		}
		// A record that ends anywhere must be refused or read, and never panic.
		for i := range row[sumSize:] {
			decode(walk, row[sumSize:sumSize+i])
		}
	}
}

func TestEveryFieldOfEveryRecordIsStored(t *testing.T) {
	roundTrip(t, walkAccount)
	roundTrip(t, walkSession)
	roundTrip(t, func(c *coder, g *storage.Grant) {
		in := grant{Grant: *g}
		walkGrant(c, &in)
		*g = in.Grant
	})
	roundTrip(t, walkOneTime)
	roundTrip(t, walkConsent)
	roundTrip(t, walkMail)
	roundTrip(t, walkKeyring)
	roundTrip(t, walkClient)
	roundTrip(t, walkFileInfo)
	roundTrip(t, walkRegistration)
	roundTrip(t, walkDevice)
	roundTrip(t, walkPushed)
	roundTrip(t, walkNotice)
}

func TestRecordsMayGrow(t *testing.T) {
	type record struct {
		a, b string
		at   time.Time
		list []string
	}
	short := func(c *coder, r *record) { c.str(&r.a) }
	long := func(c *coder, r *record) { c.str(&r.a); c.str(&r.b); c.time(&r.at); c.strs(&r.list) }
	have, ok := decode(long, encode(short, record{a: "x"})[sumSize:])
	if !ok || have.a != "x" || have.b != "" || !have.at.IsZero() || have.list != nil {
		t.Errorf("old record read as %+v, %t", have, ok)
	}
}

func TestTimeKeysAreInOrder(t *testing.T) {
	times := []time.Time{{}, time.Unix(-1, 0), time.Unix(0, 0), time.Unix(0, 1), time.Unix(1, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range times[1:] {
		if string(timeKey(times[i])) >= string(timeKey(times[i+1])) {
			t.Errorf("the key of %v is not before that of %v", times[i], times[i+1])
		}
	}
}
