package logout

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/storage"
)

// brieflyAway is a queue whose store is away until a time, once notices were leased.
type brieflyAway struct {
	storage.Notices
	until time.Time
}

func (a brieflyAway) SettleNotice(ctx context.Context, key storage.NoticeKey, outcome storage.NoticeOutcome, now time.Time) error {
	if time.Now().Before(a.until) {
		return fmt.Errorf("%w: for now", storage.ErrUnavailable)
	}
	return a.Notices.SettleNotice(ctx, key, outcome, now)
}

// Where the store is away for a moment, an outcome is written down as soon as it is back: nobody is told again, nor left waiting for the end of a lease
// that nobody needs.
func TestOutcomeIsWrittenDownLater(t *testing.T) {
	for name, c := range map[string]struct{ first, posts int }{
		"told":              {200, 1},
		"to be tried again": {503, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				posts := 0
				r := newRig(t, func(context.Context, string, url.Values) (int, error) {
					if posts++; posts == 1 {
						return c.first, nil
					}
					return 200, nil
				})
				r.Notices = brieflyAway{Notices: r.store, until: time.Now().Add(5 * time.Second)}
				r.end("s", "a")
				stop := r.start(r.Dispatcher)
				time.Sleep(30 * time.Second) // far less than the lease
				stop()
				if n := r.notice("s", "a"); posts != c.posts || n.DeliveredAt.IsZero() {
					t.Errorf("%d posts, want %d; delivered %v", posts, c.posts, n.DeliveredAt)
				}
			})
		})
	}
}
