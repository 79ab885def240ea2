package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
)

// What every [Error] is one of.
var (
	// ErrAddress: the address is not one that is fetched, whoever serves it.
	ErrAddress = errors.New("the address is not one that is fetched")
	// ErrNoAnswer: there was no usable answer: the name leads nowhere or to where it may not, the other side is away, slow, or said no.
	ErrNoAnswer = errors.New("the address gave no usable answer")
)

// Error is a fetch that gave nothing. Its text tells nothing of the network or of the other side, so that it may reach whoever named the
// address; [Detail] has the rest.
type Error struct {
	kind error
	// Reason is a short bounded word for logs and metrics: "address", "busy", "refused", "name", "connect", "tls", "timeout", "status",
	// "encoding", "size", "token", "broken".
	Reason string
	host   string
	cause  error
}

// Error is [ErrAddress] or [ErrNoAnswer], and no more.
func (e *Error) Error() string { return e.kind.Error() }

// Is makes [errors.Is] find the kind. There is no Unwrap: what went wrong far away is no business of whoever looks for a deadline of ours.
func (e *Error) Is(target error) bool { return target == e.kind }

// LogValue tells everything.
func (e *Error) LogValue() slog.Value { return slog.StringValue(e.detail()) }

func (e *Error) detail() string {
	return fmt.Sprintf("fetch from %q: %s: %v", e.host, e.Reason, e.cause)
}

// Detail gives err's text with its cause, for the log alone.
func Detail(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.detail()
	}
	return err.Error()
}

// failure is an answer that cannot be used.
type failure struct{ reason, text string }

func (f *failure) Error() string { return f.text }

// reason finds the word for what went wrong.
func reason(err error) string {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.reason
	}
	if errors.Is(err, errRefused) {
		return "refused"
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "name"
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() || errors.Is(err, context.Canceled) {
		return "timeout"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		switch op.Op {
		case "dial":
			return "connect"
		case "local error", "remote error": // what crypto/tls calls alerts
			return "tls"
		}
	}
	_, verify := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	if verify || record {
		return "tls"
	}
	return "broken"
}
