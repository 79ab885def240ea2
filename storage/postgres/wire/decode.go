package wire

import (
	stdbinary "encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

var (
	errNull  = errors.New("is NULL")
	errShape = errors.New("has another size than its type")
)

// Value is a column of a row, in binary. Its bytes are the connection's: they are good until the next row.
type Value struct {
	// OID is its type's number in pg_type.
	OID uint32
	// Bytes are nil for NULL.
	Bytes []byte
}

// Scanner reads a column.
type Scanner interface {
	Scan(v Value) error
}

// Null says whether it is NULL.
func (v Value) Null() bool { return v.Bytes == nil }

// text returns the bytes of a text, which are also its text.
func (v Value) text() ([]byte, error) {
	switch v.OID {
	case oidText, oidVarchar, oidName, oidJSON, oidUnknown, oidChar, oidVoid:
		return v.Bytes, nil
	case oidJSONB:
		if len(v.Bytes) == 0 || v.Bytes[0] != 1 {
			return nil, errShape
		}
		return v.Bytes[1:], nil
	}
	return nil, v.cannot("a text")
}

// Text is a text, name or JSON; "" for NULL.
func (v Value) Text() (string, error) {
	if v.Null() {
		return "", nil
	}
	b, err := v.text()
	return string(b), err
}

// Int is a whole number, 0 for NULL.
func (v Value) Int() (int64, error) {
	if v.Null() {
		return 0, nil
	}
	switch b := v.Bytes; {
	case v.OID == oidInt8 && len(b) == 8:
		return int64(stdbinary.BigEndian.Uint64(b)), nil
	case v.OID == oidInt4 && len(b) == 4:
		return int64(int32(stdbinary.BigEndian.Uint32(b))), nil
	case v.OID == oidOID && len(b) == 4:
		return int64(stdbinary.BigEndian.Uint32(b)), nil
	case v.OID == oidInt2 && len(b) == 2:
		return int64(int16(stdbinary.BigEndian.Uint16(b))), nil
	}
	return 0, v.cannot("a whole number")
}

// Time is a time in UTC, zero for NULL and for infinity.
func (v Value) Time() (time.Time, error) {
	if v.Null() {
		return time.Time{}, nil
	}
	if v.OID != oidTimestamptz || len(v.Bytes) != 8 {
		return time.Time{}, v.cannot("a time")
	}
	n := int64(stdbinary.BigEndian.Uint64(v.Bytes))
	if n == math.MaxInt64 || n == math.MinInt64 {
		return time.Time{}, nil
	}
	return time.Unix(epoch+n/1e6, n%1e6*1e3).UTC(), nil
}

// duration is an interval; its days have 24 hours, its months 30 days.
func (v Value) duration() (time.Duration, error) {
	if v.OID != oidInterval || len(v.Bytes) != 16 {
		return 0, v.cannot("a duration")
	}
	const day = 24 * time.Hour
	micro, days, months := stdbinary.BigEndian.Uint64(v.Bytes), stdbinary.BigEndian.Uint32(v.Bytes[8:]), stdbinary.BigEndian.Uint32(v.Bytes[12:])
	return time.Duration(int64(micro))*time.Microsecond + time.Duration(int32(days))*day + time.Duration(int32(months))*30*day, nil
}

func (v Value) bool() (bool, error) {
	if v.OID != oidBool || len(v.Bytes) != 1 {
		return false, v.cannot("a boolean")
	}
	return v.Bytes[0] != 0, nil
}

func (v Value) float() (float64, error) {
	if v.OID != oidFloat8 || len(v.Bytes) != 8 {
		return 0, v.cannot("a number")
	}
	return math.Float64frombits(stdbinary.BigEndian.Uint64(v.Bytes)), nil
}

// raw are bytes, or those of a text.
func (v Value) raw() ([]byte, error) {
	b := v.Bytes
	if v.OID != oidBytes {
		var err error
		if b, err = v.text(); err != nil {
			return nil, err
		}
	}
	return append(make([]byte, 0, len(b)), b...), nil // not nil, which is NULL
}

func (v Value) cannot(what string) error {
	return fmt.Errorf("type %d of %d bytes cannot be read as %s", v.OID, len(v.Bytes), what)
}

// array reads an array of one dimension.
func array[T any](v Value, read func(Value) (T, error)) ([]T, error) {
	b := v.Bytes // the number of dimensions, whether there is NULL, the type; of each dimension its size and first number; then the elements
	if len(b) < 12 {
		return nil, errShape
	}
	dimensions, oid := stdbinary.BigEndian.Uint32(b), stdbinary.BigEndian.Uint32(b[8:])
	if dimensions == 0 {
		return []T{}, nil
	}
	if dimensions != 1 || len(b) < 20 {
		return nil, errShape
	}
	n := int(stdbinary.BigEndian.Uint32(b[12:]))
	if b = b[20:]; n > len(b)/4 {
		return nil, errShape
	}
	out := make([]T, n)
	for i := range out {
		if len(b) < 4 {
			return nil, errShape
		}
		size := int(int32(stdbinary.BigEndian.Uint32(b)))
		if b = b[4:]; size < 0 {
			return nil, errNull
		}
		if size > len(b) {
			return nil, errShape
		}
		var err error
		if out[i], err = read(Value{OID: oid, Bytes: b[:size:size]}); err != nil {
			return nil, err
		}
		b = b[size:]
	}
	return out, nil
}
