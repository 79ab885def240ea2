package logout

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// refusedWait is the shortest wait after a refusal: what a client does not like will not be better in a second.
const refusedWait = time.Minute

// settle writes down what came of a try, also where it used up its time.
func (d *Dispatcher) settle(ctx context.Context, n storage.LogoutNotice, out *outcome) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	now := d.Now()
	log := d.Log.With("client_id", n.ClientID, "sid", n.SID, "attempt", n.Attempts+1)
	if out.cause != nil {
		log = log.With("error", out.cause)
	}
	result := d.result(n, out, now)
	if err := d.written(ctx, n.NoticeKey, result, now); err != nil {
		if !errors.Is(err, storage.ErrNotFound) { // another process was quicker, or the client was deleted
			log.WarnContext(ctx, "outcome of a logout notice not written down, it may be sent again", "store_error", err)
		}
		return
	}
	d.note(ctx, log, n, result, now)
}

// writeAgain is the wait between two tries to write an outcome down.
const writeAgain = 300 * time.Millisecond

// written tries until the outcome is written down, or ctx ends: where the store is away for a moment, the notice must not stay leased, nor be sent again.
func (d *Dispatcher) written(ctx context.Context, key storage.NoticeKey, result storage.NoticeOutcome, now time.Time) error {
	for {
		err := d.Notices.SettleNotice(ctx, key, result, now)
		if !errors.Is(err, storage.ErrUnavailable) && !errors.Is(err, storage.ErrUnknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(writeAgain):
		}
	}
}

// result decides whether there is another try.
func (d *Dispatcher) result(n storage.LogoutNotice, out *outcome, now time.Time) storage.NoticeOutcome {
	if out.kind == done {
		return storage.NoticeOutcome{Delivered: true}
	}
	next := now.Add(d.backoff(n.Attempts))
	if out.kind == refused && next.Before(now.Add(refusedWait)) {
		next = now.Add(refusedWait)
	}
	// The tries before may all have gone unanswered: a client that came back may say no twice.
	enough := n.Attempts+1 >= d.Refusals && (d.Refusals == 1 || strings.HasPrefix(n.LastError, refusedText))
	if out.kind == hopeless || (out.kind == refused && enough) || !next.Before(n.EndedAt.Add(d.TTL)) {
		return storage.NoticeOutcome{GivenUp: true, LastError: out.text}
	}
	return storage.NoticeOutcome{NotBefore: next, LastError: out.text}
}

// note counts, logs and audits. Neither the token nor what the client answered is in it.
func (d *Dispatcher) note(ctx context.Context, log *slog.Logger, n storage.LogoutNotice, result storage.NoticeOutcome, now time.Time) {
	event := audit.Event{Time: now, AccountID: n.AccountID, ClientID: n.ClientID, SID: n.SID, Detail: result.LastError}
	switch {
	case result.Delivered:
		d.delivered.Add(1)
		d.last.Store(&now)
		event.Name = audit.LogoutDelivered
		log.DebugContext(ctx, "client told of a logout")
	case result.GivenUp:
		d.failed.Add(1)
		d.givenUp.Add(1)
		event.Name = audit.LogoutGivenUp
		log.ErrorContext(ctx, "client not told of a logout, given up", "reason", result.LastError)
	default:
		d.failed.Add(1)
		log.WarnContext(ctx, "client not told of a logout, will be tried again", "reason", result.LastError, "next", result.NotBefore)
		return
	}
	d.Audit.Record(ctx, event)
}

// backoff is the wait after a try that had attempts before it: doubling, spread so that a client that comes back is not met by all at once.
func (d *Dispatcher) backoff(attempts int) time.Duration {
	wait := d.MaxRetry
	if attempts < 20 {
		wait = min(d.MaxRetry, d.FirstRetry<<attempts)
	}
	return wait/2 + rand.N(wait) //nolint:gosec // spread, no secret
}
