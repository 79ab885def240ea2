package otlp

import "go.opentelemetry.io/otel/attribute"

// valueOf is an attribute's value as AnyValue; one that has no kind is empty.
func valueOf(v attribute.Value) value {
	switch v.Type() {
	case attribute.BOOL:
		return boolValue(v.AsBool())
	case attribute.INT64:
		return intValue(v.AsInt64())
	case attribute.FLOAT64:
		return doubleValue(v.AsFloat64())
	case attribute.STRING:
		return stringValue(v.AsString())
	case attribute.BOOLSLICE:
		return arrayOf(v.AsBoolSlice(), boolValue)
	case attribute.INT64SLICE:
		return arrayOf(v.AsInt64Slice(), intValue)
	case attribute.FLOAT64SLICE:
		return arrayOf(v.AsFloat64Slice(), doubleValue)
	case attribute.STRINGSLICE:
		return arrayOf(v.AsStringSlice(), stringValue)
	case attribute.BYTESLICE:
		b := content(v.AsByteSlice())
		return value{Bytes: &b}
	case attribute.SLICE:
		return arrayOf(v.AsSlice(), valueOf)
	case attribute.MAP:
		return value{Pairs: &pairs{pairsOf(v.AsMap())}}
	}
	return value{}
}

func boolValue(b bool) value { return value{Bool: &b} }

func intValue(n int64) value { return value{Int: &n} }

func stringValue(s string) value { return value{String: &s} }

func doubleValue(f float64) value {
	d := double(f)
	return value{Double: &d}
}

func arrayOf[T any](list []T, of func(T) value) value {
	out := &array{Values: make([]value, 0, len(list))}
	for _, one := range list {
		out.Values = append(out.Values, of(one))
	}
	return value{Array: out}
}
