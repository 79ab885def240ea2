package logout

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/provider/audit"
	"latchkey/provider/fetch"
	"latchkey/storage"
)

func TestNew(t *testing.T) {
	r := newRig(t, always(200))
	for name, spoil := range map[string]func(*Config, *Deps){
		"no queue":                    func(_ *Config, d *Deps) { d.Notices = nil },
		"no clock":                    func(_ *Config, d *Deps) { d.Now = nil },
		"trying beyond the record":    func(c *Config, _ *Deps) { c.TTL = storage.NoticeKept + 1 },
		"a lease shorter than a post": func(c *Config, _ *Deps) { c.Lease = c.PostTimeout },
		"no batch":                    func(c *Config, _ *Deps) { c.Batch = 0 },
		"a batch that is never held":  func(c *Config, _ *Deps) { c.Held = c.Batch - 1 },
	} {
		c, d := Defaults(), r.Deps
		spoil(&c, &d)
		if _, err := New(c, d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestAnswers has what each answer of a client means.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		client string
		status int
		err    error
		// tries until it is over, 0 for trying all day; text is the last error.
		tries     int
		delivered bool
		text      string
	}{
		{"Back-Channel Logout §2.8 200", "a", 200, nil, 1, true, ""},
		{"Back-Channel Logout §2.8 204", "a", 204, nil, 1, true, ""},
		{"Back-Channel Logout §2.8 400 may be a failure that passes, but not all day", "a", 400, nil, 3, false, "refused: status 400"},
		{"not found", "a", 404, nil, 3, false, "refused: status 404"},
		{"a redirect is not followed", "a", 302, nil, 3, false, "refused: status 302"},
		{"a status that says nothing", "a", 202, nil, 3, false, "refused: status 202"},
		{"Back-Channel Logout §2.5 a fault that passes: overloaded", "a", 503, nil, 0, false, "status 503"},
		{"Back-Channel Logout §2.5 a fault that passes: broken", "a", 500, nil, 0, false, "status 500"},
		{"Back-Channel Logout §2.5 a fault that passes: too much", "a", 429, nil, 0, false, "status 429"},
		{"Back-Channel Logout §2.5 a fault that passes: too slow", "a", 408, nil, 0, false, "status 408"},
		{"Back-Channel Logout §2.5 a fault that passes: network", "a", 0, errors.New("connection refused"), 0, false, "no answer"},
		{"an address that is never fetched", "a", 0, fetch.ErrAddress, 3, false, "refused: no address to send to"},
		{"a client that is gone or disabled", "gone", 200, nil, 1, false, "there is no such client"},
		{"a client that no longer wants to be told", "no-address", 200, nil, 1, false, "the client has no backchannel_logout_uri"},
		{"a client that cannot be read", "unreadable", 200, nil, 0, false, "the client could not be read"},
		{"no key", "unsignable", 200, nil, 0, false, "the logout token could not be made"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(context.Context, string, url.Values) (int, error) { return c.status, c.err })
				r.end("s1", c.client)
				stop := r.start(r.Dispatcher)
				time.Sleep(26 * time.Hour)
				stop()
				n := r.notice("s1", c.client)
				if c.delivered != !n.DeliveredAt.IsZero() || c.delivered == !n.GivenUpAt.IsZero() || n.LastError != c.text {
					t.Errorf("%+v", n)
				}
				if c.tries > 0 && n.Attempts != c.tries {
					t.Errorf("%d tries, want %d", n.Attempts, c.tries)
				}
				if over := n.GivenUpAt.Sub(n.EndedAt); c.tries == 0 && (n.Attempts < 40 || n.Attempts > 200 || over < 23*time.Hour || over > 24*time.Hour) {
					t.Errorf("%d tries in %s", n.Attempts, over)
				}
				want := audit.LogoutGivenUp
				st := State{Failed: uint64(n.Attempts), GivenUp: 1}
				if c.delivered {
					want = audit.LogoutDelivered
					st = State{Delivered: 1, LastDelivered: n.DeliveredAt}
				}
				if r.State() != st {
					t.Errorf("%+v, want %+v", r.State(), st)
				}
				if len(r.events) != 1 || r.events[0].Name != want || r.events[0].ClientID != c.client || r.events[0].SID != "s1" || r.events[0].AccountID != r.account.ID || r.events[0].Detail != c.text {
					t.Errorf("audit %+v", r.events)
				}
				if log := r.log.String(); strings.Contains(log, secret) || strings.Contains(log, "sub-1") || !strings.Contains(log, "client_id="+c.client) {
					t.Errorf("log %s", log)
				}
			})
		})
	}
}

func TestRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		r := newRig(t, func(_ context.Context, to string, form url.Values) (int, error) {
			got = append(got, to+" "+form.Encode())
			return 200, nil
		})
		r.end("s1", "a")
		r.once()
		// Back-Channel Logout §2.5: one parameter, and nothing beside it.
		want := "https://a.example/bc " + url.Values{"logout_token": {secret + "|a|sub-1|s1"}}.Encode()
		if len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
		r.once()
		if len(got) != 1 {
			t.Error("told twice")
		}
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Duration
		start := time.Now()
		r := newRig(t, func(context.Context, string, url.Values) (int, error) {
			at = append(at, time.Since(start))
			return 503, nil
		}, func(c *Config) { c.Poll = 100 * time.Millisecond })
		r.end("s1", "a")
		stop := r.start(r.Dispatcher)
		time.Sleep(3 * time.Hour)
		stop()
		for n := 1; n < len(at); n++ {
			mean := min(30*time.Minute, time.Second<<(n-1))
			if wait := at[n] - at[n-1]; wait < mean/2 || wait > mean*3/2+time.Second {
				t.Errorf("try %d came after %s, mean %s", n, wait, mean)
			}
		}
		if len(at) < 12 {
			t.Errorf("%d tries", len(at))
		}
	})
}

// TestRefusedAfterOutage: the tries that went unanswered are none that the client refused.
func TestRefusedAfterOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := []int{503, 503, 503, 503, 503, 400, 200}
		r := newRig(t, func(context.Context, string, url.Values) (int, error) {
			status := answers[0]
			answers = answers[1:]
			return status, nil
		})
		r.end("s1", "a")
		defer r.start(r.Dispatcher)()
		time.Sleep(time.Hour)
		if n := r.notice("s1", "a"); n.DeliveredAt.IsZero() || n.Attempts != 7 {
			t.Errorf("%+v", n)
		}
	})
}

// TestSlow: a client that never answers holds up nobody, and costs one time-out a batch, not one a session.
func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		r := newRig(t, func(ctx context.Context, to string, _ url.Values) (int, error) {
			if strings.Contains(to, "//a.") {
				asked.Add(1)
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return 200, nil
		})
		for n := range 1000 {
			r.end(fmt.Sprint("slow", n), "a")
		}
		defer r.start(r.Dispatcher)()
		time.Sleep(time.Second) // all that may be held is held
		if held := r.held.Load(); held != int64(r.Held) {
			t.Errorf("%d held", held)
		}
		r.end("quick", "b")
		r.Wake()
		time.Sleep(time.Minute)
		if n := r.notice("quick", "b"); n.DeliveredAt.IsZero() || n.DeliveredAt.Sub(n.EndedAt) > 45*time.Second {
			t.Errorf("%+v", n)
		}
		st, err := r.store.NoticeState(t.Context(), time.Now())
		if err != nil || st.Waiting != 1000 || st.Failing != 1000 || asked.Load() > 200 {
			t.Errorf("%+v %v, asked %d times", st, err, asked.Load())
		}
	})
}

// TestLease: what of a batch does not fit into its lease is left for later and not sent late.
func TestLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(context.Context, string, url.Values) (int, error) {
			time.Sleep(9 * time.Second)
			return 200, nil
		})
		for n := range 20 {
			r.end(fmt.Sprint("s", n), "a")
		}
		begun := time.Now()
		r.once()
		if took := time.Since(begun); took > r.Lease {
			t.Errorf("took %s", took)
		}
		if n := len(r.tokens()); n < 10 || n > 13 {
			t.Errorf("%d posted", n)
		}
		time.Sleep(r.Lease)
		r.once()
		sent := r.tokens()
		slices.Sort(sent)
		if len(sent) != 20 || len(slices.Compact(sent)) != 20 {
			t.Errorf("posted %v", sent)
		}
	})
}

// TestRestart: what one process tried goes on in the next, also where the first died in the middle of it.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, always(503))
		r.end("s1", "a")
		stop := r.start(r.Dispatcher)
		time.Sleep(10 * time.Second)
		stop()
		before := r.notice("s1", "a")
		if before.Attempts < 2 || !before.DeliveredAt.IsZero() {
			t.Fatalf("%+v", before)
		}
		// One that leased and never settled.
		if leased, err := r.store.LeaseNotices(t.Context(), 1, time.Now().Add(time.Hour), before.NotBefore); err != nil || len(leased) != 1 {
			t.Fatal(leased, err)
		}
		next := r.another(always(200))
		defer r.start(next)()
		time.Sleep(30 * time.Minute)
		if n := r.notice("s1", "a"); !n.DeliveredAt.IsZero() {
			t.Error("sent although another process has it")
		}
		time.Sleep(40 * time.Minute)
		if n := r.notice("s1", "a"); n.DeliveredAt.IsZero() || n.Attempts != before.Attempts+1 {
			t.Errorf("%+v", n)
		}
	})
}

// TestShared: of any number of dispatchers one sends.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, always(200))
		for range 4 {
			defer r.start(r.another(always(200)))()
		}
		for n := range 200 {
			r.end(fmt.Sprint("s", n), "a", "b")
		}
		time.Sleep(time.Minute)
		sent := r.tokens()
		slices.Sort(sent)
		if len(sent) != 400 || len(slices.Compact(sent)) != 400 {
			t.Errorf("%d posted", len(sent))
		}
	})
}

func TestWake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, always(200))
		defer r.start(r.Dispatcher)()
		time.Sleep(time.Second)
		r.end("s1", "a")
		r.Wake()
		r.Wake()
		synctest.Wait()
		if n := r.notice("s1", "a"); n.DeliveredAt.IsZero() || !n.DeliveredAt.Equal(n.EndedAt) {
			t.Errorf("%+v", n)
		}
	})
}

// TestStop: a request under way is let finish, for a while; what was cut off counts for no try.
func TestStop(t *testing.T) {
	for _, c := range []struct {
		name      string
		takes     time.Duration
		delivered bool
	}{{"soon done", 3 * time.Second, true}, {"too slow", 8 * time.Second, false}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(ctx context.Context, _ string, _ url.Values) (int, error) {
					select {
					case <-time.After(c.takes):
						return 200, nil
					case <-ctx.Done():
						return 0, ctx.Err()
					}
				})
				r.end("s1", "a")
				stop := r.start(r.Dispatcher)
				time.Sleep(time.Second)
				begun := time.Now()
				stop()
				if took := time.Since(begun); took > r.Grace {
					t.Errorf("stopping took %s", took)
				}
				if n := r.notice("s1", "a"); n.DeliveredAt.IsZero() == c.delivered || (!c.delivered && n.Attempts != 0) {
					t.Errorf("%+v", n)
				}
			})
		})
	}
}

// away is a queue that cannot be read, or not written.
type away struct {
	storage.Notices
	read bool
}

func (a away) LeaseNotices(ctx context.Context, limit int, until, now time.Time) ([]storage.LogoutNotice, error) {
	if !a.read {
		return nil, storage.ErrUnavailable
	}
	return a.Notices.LeaseNotices(ctx, limit, until, now)
}

func (a away) SettleNotice(context.Context, storage.NoticeKey, storage.NoticeOutcome, time.Time) error {
	return storage.ErrUnavailable
}

func TestStoreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, always(200))
		r.end("s1", "a")
		queue := r.store
		r.Notices = away{queue, false}
		if _, err := r.Once(t.Context()); !errors.Is(err, storage.ErrUnavailable) {
			t.Error(err)
		}
		r.Notices = away{queue, true}
		r.once()
		if r.State() != (State{}) || len(r.events) != 0 || !strings.Contains(r.log.String(), "may be sent again") {
			t.Errorf("%+v %v %s", r.State(), r.events, r.log)
		}
		r.Notices = queue
		time.Sleep(r.Lease)
		r.once()
		if n := r.notice("s1", "a"); n.DeliveredAt.IsZero() || len(r.tokens()) != 2 {
			t.Errorf("%+v", n)
		}
	})
}
