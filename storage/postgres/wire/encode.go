package wire

import (
	stdbinary "encoding/binary"
	"fmt"
	"strconv"
	"time"
)

// Types of PostgreSQL by their number in pg_type.
const (
	oidBool        = 16
	oidBytes       = 17
	oidChar        = 18
	oidName        = 19
	oidInt8        = 20
	oidInt2        = 21
	oidInt4        = 23
	oidText        = 25
	oidOID         = 26
	oidJSON        = 114
	oidFloat8      = 701
	oidUnknown     = 705
	oidVarchar     = 1043
	oidTimestamptz = 1184
	oidInterval    = 1186
	oidVoid        = 2278
	oidJSONB       = 3802
)

const (
	formatText   int16 = 0
	formatBinary int16 = 1
)

// binary asks for every column in binary.
var binary = []int16{formatBinary} // never changed

// epoch is where PostgreSQL's times begin, 2000-01-01 in UTC, in seconds of Unix.
const epoch = 946684800

// keptBuffer bounds the memory that a connection keeps for parameters.
const keptBuffer = 64 << 10

// params are the parameters of a statement on their way. Their memory is used again.
type params struct {
	buf     []byte
	ends    []int // of each in buf; -1 for NULL
	values  [][]byte
	formats []int16
}

// set encodes the parameters. types are what the server takes them for, nil where it was not asked; then it makes of the text what it needs.
func (p *params) set(args []any, types []uint32) error {
	if types != nil && len(types) != len(args) {
		return fmt.Errorf("the statement has %d parameters, and %d were given", len(types), len(args))
	}
	if p.buf == nil {
		p.buf = make([]byte, 0, 1024) // what is empty must not be nil, which is NULL
	}
	p.buf, p.ends, p.values, p.formats = p.buf[:0], p.ends[:0], p.values[:0], p.formats[:0]
	for i, arg := range args {
		var oid uint32
		if types != nil {
			oid = types[i]
		}
		format, null, err := p.add(arg, oid)
		if err != nil {
			return fmt.Errorf("parameter %d: %w", i+1, err)
		}
		p.formats = append(p.formats, format)
		if null {
			p.ends = append(p.ends, -1)
		} else {
			p.ends = append(p.ends, len(p.buf))
		}
	}
	start := 0
	for _, end := range p.ends {
		if end < 0 {
			p.values = append(p.values, nil)
			continue
		}
		p.values = append(p.values, p.buf[start:end:end])
		start = end
	}
	return nil
}

// clear lets go of what was sent.
func (p *params) clear() {
	clear(p.values)
	if cap(p.buf) > keptBuffer {
		p.buf = nil
	}
}

func (p *params) add(arg any, oid uint32) (format int16, null bool, err error) {
	switch v := arg.(type) {
	case nil:
		return formatText, true, nil
	case string:
		p.buf = append(p.buf, v...)
	case []byte:
		p.buf = append(p.buf, v...)
		if oid == 0 || oid == oidBytes {
			format = formatBinary
		}
		return format, v == nil, nil
	case bool:
		p.buf = strconv.AppendBool(p.buf, v)
	case int:
		p.buf = strconv.AppendInt(p.buf, int64(v), 10)
	case int64:
		p.buf = strconv.AppendInt(p.buf, v, 10)
	case *int:
		if v == nil {
			return formatText, true, nil
		}
		p.buf = strconv.AppendInt(p.buf, int64(*v), 10)
	case *int64:
		if v == nil {
			return formatText, true, nil
		}
		p.buf = strconv.AppendInt(p.buf, *v, 10)
	case time.Duration:
		p.buf = append(strconv.AppendInt(p.buf, v.Microseconds(), 10), " microseconds"...)
	case time.Time:
		if oid == oidTimestamptz {
			p.buf = stdbinary.BigEndian.AppendUint64(p.buf, uint64(micros(v)))
			return formatBinary, false, nil
		}
		p.buf = appendTime(p.buf, v)
	default:
		return formatText, false, p.addList(arg)
	}
	return formatText, false, nil
}

// addList writes a list as PostgreSQL's text for arrays, in which anything may be in quotation marks.
func (p *params) addList(arg any) error {
	switch v := arg.(type) {
	case []string:
		p.buf = appendList(p.buf, v, func(b []byte, s string) []byte {
			for i := range len(s) {
				if s[i] == '"' || s[i] == '\\' {
					b = append(b, '\\')
				}
				b = append(b, s[i])
			}
			return b
		})
	case []int64:
		p.buf = appendList(p.buf, v, func(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) })
	case []time.Time:
		p.buf = appendList(p.buf, v, appendTime)
	default:
		return fmt.Errorf("a %T cannot be sent", arg)
	}
	return nil
}

func appendList[T any](b []byte, list []T, add func([]byte, T) []byte) []byte {
	b = append(b, '{')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(add(append(b, '"'), v), '"')
	}
	return append(b, '}')
}

// micros are the microseconds since PostgreSQL's epoch; what is finer is cut off.
func micros(t time.Time) int64 {
	return (t.Unix()-epoch)*1e6 + int64(t.Nanosecond())/1e3
}

func appendTime(b []byte, t time.Time) []byte {
	t = t.UTC()
	if year := t.Year(); year <= 0 { // there is no year 0: 1 BC comes before 1
		b = fmt.Appendf(b, "%04d", 1-year)
		return t.AppendFormat(b, "-01-02 15:04:05.999999Z BC")
	}
	return t.AppendFormat(b, "2006-01-02 15:04:05.999999Z")
}
