package wire

import (
	"fmt"
	"time"
)

// scan reads a column into a place, see [Rows.Scan].
func scan(dest any, v Value) (err error) {
	switch d := dest.(type) {
	case Scanner:
		return d.Scan(v)
	case *[]byte:
		return into(d, v, Value.raw)
	case *[]string:
		return into(d, v, func(v Value) ([]string, error) { return array(v, Value.Text) })
	case *[]int64:
		return into(d, v, func(v Value) ([]int64, error) { return array(v, Value.Int) })
	case *[]time.Time:
		return into(d, v, func(v Value) ([]time.Time, error) { return array(v, Value.Time) })
	case **int:
		return into(d, v, func(v Value) (*int, error) { n, err := v.Int(); i := int(n); return &i, err })
	case **int64:
		return into(d, v, func(v Value) (*int64, error) { n, err := v.Int(); return &n, err })
	}
	if v.Null() {
		return errNull
	}
	switch d := dest.(type) {
	case *string:
		*d, err = v.Text()
	case *bool:
		*d, err = v.bool()
	case *int:
		var n int64
		n, err = v.Int()
		*d = int(n)
	case *int64:
		*d, err = v.Int()
	case *float64:
		*d, err = v.float()
	case *time.Time:
		*d, err = v.Time()
	case *time.Duration:
		*d, err = v.duration()
	default:
		err = fmt.Errorf("nothing can be read into a %T", dest)
	}
	return err
}

// into reads what is the zero value where it is NULL.
func into[T any](d *T, v Value, read func(Value) (T, error)) error {
	var value T
	var err error
	if !v.Null() {
		value, err = read(v)
	}
	*d = value
	return err
}
