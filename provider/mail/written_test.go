package mail

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/storage"
)

// away is an outbox whose store is away until a time, once mail was leased.
type away struct {
	storage.Outbox
	until time.Time
}

func (a away) gone() error {
	if time.Now().Before(a.until) {
		return fmt.Errorf("%w: for now", storage.ErrUnavailable)
	}
	return nil
}

func (a away) FinishMail(ctx context.Context, id string, now time.Time) error {
	if err := a.gone(); err != nil {
		return err
	}
	return a.Outbox.FinishMail(ctx, id, now)
}

func (a away) RetryMail(ctx context.Context, id string, notBefore time.Time, lastError string, now time.Time) error {
	if err := a.gone(); err != nil {
		return err
	}
	return a.Outbox.RetryMail(ctx, id, notBefore, lastError, now)
}

// Where the store is away for a moment, what came of a mail is written down as soon as it is back: the mail is not sent again, nor left waiting for the
// end of a lease that nobody needs.
func TestOutcomeIsWrittenDownLater(t *testing.T) {
	for name, c := range map[string]struct {
		fail       error
		sent, left int
	}{
		"sent":                 {nil, 1, 0},
		"to be tried again":    {&Failure{Reason: "busy"}, 2, 0},
		"refused once for all": {&Failure{Reason: "no", Permanent: true}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent := 0
				r := newRig(t, func(context.Context, Message) error {
					if sent++; sent == 1 {
						return c.fail
					}
					return nil
				})
				r.Outbox = away{Outbox: r.store, until: time.Now().Add(5 * time.Second)}
				r.queue("m", "reset", time.Hour)
				stop := r.run()
				time.Sleep(30 * time.Second) // far less than the lease
				stop()
				if left := r.waiting().Waiting; sent != c.sent || left != c.left {
					t.Errorf("sent %d times, %d left; want %d and %d", sent, left, c.sent, c.left)
				}
			})
		})
	}
}
