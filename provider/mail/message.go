package mail

import (
	"context"
	"errors"
	"fmt"

	"latchkey/provider/account"
)

// Message is a mail that is ready to be sent.
type Message struct {
	// ID is stable over all tries of one mail, so that a mail that arrives twice can be seen to be one: the left part of Message-ID.
	ID string
	// To is one address, without a display name.
	To, Subject string
	// Text and HTML say the same.
	Text, HTML string
}

// Composer writes the text of a mail.
type Composer interface {
	// Compose makes the message of that kind (account.Mail…) in the language. The courier sets ID.
	Compose(kind, locale string, l account.Letter) (Message, error)
}

// Sender hands a message to the next mail server.
type Sender interface {
	// Send returns nil once the server has taken responsibility for the message. Errors: a [*Failure], or anything else, which is
	// taken for temporary.
	Send(ctx context.Context, m Message) error
}

// Failure is why a message was not sent, in words that hold no address and no content.
type Failure struct {
	// Reason is short and bounded, such as "rcpt 550" or "connect".
	Reason string
	// Permanent: trying again does not help (RFC 5321 §4.2.1, 5yz).
	Permanent bool
	// Cause may name addresses; it is not for the log.
	Cause error
}

// Error is for logs.
func (f *Failure) Error() string {
	if f.Permanent {
		return f.Reason + " (permanent)"
	}
	return f.Reason
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// failure makes a Failure of any error.
func failure(err error, otherwise string) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Failure{Reason: "timeout", Cause: err}
	}
	return &Failure{Reason: otherwise, Cause: fmt.Errorf("%s: %w", otherwise, err)}
}
