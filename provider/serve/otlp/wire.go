package otlp

import (
	"encoding/binary"
	"math"
)

// The functions below write protobuf (Protocol Buffers, "Encoding"). Members that are zero are left out, as proto3 has it, except in AnyValue, whose member
// says of what kind it is.

const (
	wireVarint, wireFixed64, wireBytes, wireFixed32 = 0, 1, 2, 5
)

type buffer []byte

func (b *buffer) tag(field, wire uint64) { *b = binary.AppendUvarint(*b, field<<3|wire) }

func (b *buffer) varint(field, n uint64) {
	b.tag(field, wireVarint)
	*b = binary.AppendUvarint(*b, n)
}

func (b *buffer) fixed64(field, n uint64) {
	b.tag(field, wireFixed64)
	*b = binary.LittleEndian.AppendUint64(*b, n)
}

func (b *buffer) bytes(field uint64, raw []byte) {
	b.tag(field, wireBytes)
	*b = append(binary.AppendUvarint(*b, uint64(len(raw))), raw...)
}

func (b *buffer) text(field uint64, s string) {
	if s != "" {
		b.bytes(field, []byte(s))
	}
}

func (b *buffer) number(field uint64, n uint32) {
	if n != 0 {
		b.varint(field, uint64(n))
	}
}

func (b *buffer) fixed32(field uint64, n uint32) {
	b.tag(field, wireFixed32)
	*b = binary.LittleEndian.AppendUint32(*b, n)
}

func (b *buffer) nested(field uint64, write func(*buffer)) {
	var inner buffer
	write(&inner)
	b.bytes(field, inner)
}

func (b *buffer) attributes(field uint64, list []pair) {
	for _, p := range list {
		b.nested(field, func(b *buffer) {
			b.text(1, p.Key)
			b.nested(2, p.Value.wire)
		})
	}
}

func (m message) wire() []byte {
	var b buffer
	for _, r := range m.ResourceSpans {
		b.nested(1, func(b *buffer) {
			b.nested(1, func(b *buffer) { b.attributes(1, r.Resource.Attributes) })
			for _, s := range r.ScopeSpans {
				b.nested(2, s.wire)
			}
			b.text(3, r.SchemaURL)
		})
	}
	return b
}

func (s scopeSpans) wire(b *buffer) {
	if s.Scope != nil {
		b.nested(1, func(b *buffer) {
			b.text(1, s.Scope.Name)
			b.text(2, s.Scope.Version)
			b.attributes(3, s.Scope.Attributes)
		})
	}
	for _, one := range s.Spans {
		b.nested(2, one.wire)
	}
	b.text(3, s.SchemaURL)
}

func (s span) wire(b *buffer) {
	b.bytes(1, s.TraceID[:])
	b.bytes(2, s.SpanID[:])
	b.text(3, s.TraceState)
	if s.ParentSpanID != nil {
		b.bytes(4, s.ParentSpanID[:])
	}
	b.text(5, s.Name)
	b.number(6, uint32(s.Kind)) // 0 to 5
	b.fixed64(7, s.Start)
	b.fixed64(8, s.End)
	b.attributes(9, s.Attributes)
	b.number(10, s.DroppedAttributes)
	for _, e := range s.Events {
		b.nested(11, func(b *buffer) {
			b.fixed64(1, e.Time)
			b.text(2, e.Name)
			b.attributes(3, e.Attributes)
			b.number(4, e.DroppedAttributes)
		})
	}
	b.number(12, s.DroppedEvents)
	for _, l := range s.Links {
		b.nested(13, func(b *buffer) {
			b.bytes(1, l.TraceID[:])
			b.bytes(2, l.SpanID[:])
			b.text(3, l.TraceState)
			b.attributes(4, l.Attributes)
			b.number(5, l.DroppedAttributes)
			b.fixed32(6, l.Flags)
		})
	}
	b.number(14, s.DroppedLinks)
	b.nested(15, func(b *buffer) {
		b.text(2, s.Status.Message)
		b.number(3, uint32(s.Status.Code)) // 0 to 2
	})
	b.fixed32(16, s.Flags)
}

func (v value) wire(b *buffer) {
	switch {
	case v.String != nil:
		b.bytes(1, []byte(*v.String))
	case v.Bool != nil && *v.Bool:
		b.varint(2, 1)
	case v.Bool != nil:
		b.varint(2, 0)
	case v.Int != nil:
		b.varint(3, uint64(*v.Int)) // two's complement is what int64 is on the wire
	case v.Double != nil:
		b.fixed64(4, math.Float64bits(float64(*v.Double)))
	case v.Array != nil:
		b.nested(5, func(b *buffer) {
			for _, one := range v.Array.Values {
				b.nested(1, one.wire)
			}
		})
	case v.Pairs != nil:
		b.nested(6, func(b *buffer) { b.attributes(1, v.Pairs.Values) })
	case v.Bytes != nil:
		b.bytes(7, *v.Bytes)
	}
}

// partialWire reads an ExportTraceServiceResponse: how many spans were refused, and why.
func partialWire(raw []byte) (refused int64, why string) {
	fields(raw, func(field, _ uint64, inner []byte) {
		if field != 1 {
			return
		}
		fields(inner, func(field, n uint64, text []byte) {
			switch field {
			case 1:
				refused = int64(n) // two's complement
			case 2:
				why = string(text)
			}
		})
	})
	return refused, why
}

// fields calls f for each varint and each run of bytes of a message, up to where it cannot be read.
func fields(raw []byte, f func(field, n uint64, inner []byte)) {
	for len(raw) > 0 {
		tag, used := binary.Uvarint(raw)
		if used <= 0 {
			return
		}
		raw = raw[used:]
		switch tag & 7 {
		case wireVarint:
			n, used := binary.Uvarint(raw)
			if used <= 0 {
				return
			}
			f(tag>>3, n, nil)
			raw = raw[used:]
		case wireBytes:
			n, used := binary.Uvarint(raw)
			if used <= 0 || n > uint64(len(raw)-used) {
				return
			}
			f(tag>>3, 0, raw[used:used+int(n)]) // bounded by len(raw)
			raw = raw[used+int(n):]             // likewise
		case wireFixed64, wireFixed32:
			size := 8
			if tag&7 == wireFixed32 {
				size = 4
			}
			if len(raw) < size {
				return
			}
			raw = raw[size:]
		default:
			return
		}
	}
}
