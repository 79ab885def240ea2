package storagetest

import (
	"testing"
	"time"

	"latchkey/storage"
)

func outboxChecks() []check {
	return []check{
		{"QueueMail keeps every field", queueMail},
		{"LeaseMail takes what is due", leaseMail},
		{"a lease ends", leaseEnds},
		{"ReleaseMail ends leases", releaseMail},
		{"RetryMail", retryMail},
		{"FinishMail", finishMail},
		{"OutboxState counts", outboxState},
		{"OutboxState does not count what is put off", outboxPutOff},
	}
}

func lease(t *testing.T, s storage.Store, limit int, now time.Duration) []storage.Mail {
	t.Helper()
	return got(s.LeaseMail(bg(), limit, at(now+time.Minute), at(now)))(t)
}

func mailIDs(list []storage.Mail) []string {
	var ids []string
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

func queueMail(t *testing.T, s storage.Store) {
	in := mail("m")
	in.LastError = "before"
	must(t, s.QueueMail(bg(), []storage.Mail{in}, at(0)))
	want := mail("m")
	want.LastError, want.LeaseUntil = "before", at(time.Minute)
	in.Sealed[0] = 'x'
	have := lease(t, s, 1, 0)
	eq(t, "leased", have, []storage.Mail{want})
	have[0].Sealed[0] = 'x'
	want.LeaseUntil = at(3 * time.Minute)
	eq(t, "leased again", lease(t, s, 1, 2*time.Minute), []storage.Mail{want})
	before := look(t, s, nil, nil)
	is(t, "one exists", s.QueueMail(bg(), []storage.Mail{mail("n"), mail("m")}, at(0)), storage.ErrExists)
	is(t, "no ID", s.QueueMail(bg(), []storage.Mail{mail("")}, at(0)), storage.ErrExists)
	eq(t, "after that", look(t, s, nil, nil), before)
	must(t, s.QueueMail(bg(), nil, at(0)))
}

func leaseMail(t *testing.T, s storage.Store) {
	eq(t, "empty outbox", len(lease(t, s, 5, 0)), 0)
	var list []storage.Mail
	for id, notBefore := range map[string]time.Duration{"c": 3, "a": 1, "b": 2, "later": time.Minute} {
		m := mail(id)
		m.NotBefore = at(notBefore)
		list = append(list, m)
	}
	dead := mail("dead")
	dead.ExpiresAt = at(5)
	must(t, s.QueueMail(bg(), append(list, dead), at(0)))
	eq(t, "before the first", len(lease(t, s, 5, 0)), 1) // only "dead", which is not dead yet
	eq(t, "limit 0", len(lease(t, s, 0, 10)), 0)
	eq(t, "the longest due first", mailIDs(lease(t, s, 2, 10)), []string{"a", "b"})
	eq(t, "then the rest", mailIDs(lease(t, s, 5, 10)), []string{"c"})
	eq(t, "none is left", len(lease(t, s, 5, 10)), 0)
	eq(t, "when it is due", mailIDs(lease(t, s, 1, time.Minute)), []string{"later"})
}

func leaseEnds(t *testing.T, s storage.Store) {
	must(t, s.QueueMail(bg(), []storage.Mail{mail("m")}, at(0)))
	lease(t, s, 1, 0)
	eq(t, "just before", len(lease(t, s, 1, time.Minute-1)), 0)
	eq(t, "at LeaseUntil", len(lease(t, s, 1, time.Minute)), 1)
	eq(t, "at ExpiresAt", len(lease(t, s, 1, time.Hour)), 0)
}

func releaseMail(t *testing.T, s storage.Store) {
	eq(t, "of none", got(s.ReleaseMail(bg()))(t), 0)
	must(t, s.QueueMail(bg(), []storage.Mail{mail("a"), mail("b"), mail("c")}, at(0)))
	eq(t, "leased", len(lease(t, s, 2, 0)), 2)
	eq(t, "held", mailIDs(lease(t, s, 3, 0)), []string{"c"})
	must(t, s.RetryMail(bg(), "c", at(time.Second), "no", at(0))) // has no lease any more
	before := look(t, s, nil, nil)
	eq(t, "released", got(s.ReleaseMail(bg()))(t), 2)
	eq(t, "what waits", look(t, s, nil, nil), before)
	eq(t, "and taken again, but not what is to be tried later", mailIDs(lease(t, s, 3, 0)), []string{"a", "b"})
	eq(t, "released again", got(s.ReleaseMail(bg()))(t), 2)
	eq(t, "nothing is left to release", got(s.ReleaseMail(bg()))(t), 0)
}

func retryMail(t *testing.T, s storage.Store) {
	must(t, s.QueueMail(bg(), []storage.Mail{mail("m")}, at(0)))
	lease(t, s, 1, 0)
	must(t, s.RetryMail(bg(), "m", at(10*time.Minute), "451", at(1)))
	eq(t, "before NotBefore", len(lease(t, s, 1, 10*time.Minute-1)), 0)
	want := mail("m")
	want.Attempts, want.NotBefore, want.LastError, want.LeaseUntil = 1, at(10*time.Minute), "451", at(11*time.Minute)
	eq(t, "at NotBefore", lease(t, s, 1, 10*time.Minute), []storage.Mail{want})
	must(t, s.RetryMail(bg(), "m", at(0), "452", at(1)))
	eq(t, "the lease is over", lease(t, s, 1, 1)[0].Attempts, 2)
	is(t, "unknown", s.RetryMail(bg(), "x", at(0), "", at(0)), storage.ErrNotFound)
	is(t, "expired", s.RetryMail(bg(), "m", at(0), "", at(time.Hour)), storage.ErrNotFound)
}

func finishMail(t *testing.T, s storage.Store) {
	must(t, s.QueueMail(bg(), []storage.Mail{mail("m"), mail("n")}, at(0)))
	must(t, s.FinishMail(bg(), "m", at(0)))
	must(t, s.FinishMail(bg(), "m", at(0)))
	eq(t, "left", mailIDs(lease(t, s, 5, 0)), []string{"n"})
	is(t, "retry of a finished one", s.RetryMail(bg(), "m", at(0), "", at(0)), storage.ErrNotFound)
}

func outboxState(t *testing.T, s storage.Store) {
	eq(t, "empty", got(s.OutboxState(bg(), at(0)))(t), storage.OutboxState{})
	early, dead := mail("early"), mail("dead")
	early.CreatedAt, early.NotBefore = at(-time.Minute), at(-time.Minute)
	dead.CreatedAt, dead.NotBefore, dead.ExpiresAt = at(-time.Hour), at(-time.Hour), at(time.Second)
	must(t, s.QueueMail(bg(), []storage.Mail{mail("m"), early, dead}, at(0)))
	eq(t, "queued", got(s.OutboxState(bg(), at(0)))(t), storage.OutboxState{Waiting: 3, Oldest: at(-time.Hour)})
	lease(t, s, 5, 0)
	must(t, s.RetryMail(bg(), "m", at(0), "x", at(0)))
	must(t, s.RetryMail(bg(), "dead", at(0), "x", at(0)))
	eq(t, "tried, one expired", got(s.OutboxState(bg(), at(time.Second)))(t), storage.OutboxState{Waiting: 2, Failing: 1, Oldest: at(-time.Minute)})
	must(t, s.FinishMail(bg(), "early", at(0)))
	eq(t, "one sent", got(s.OutboxState(bg(), at(time.Second)))(t), storage.OutboxState{Waiting: 1, Failing: 1, Oldest: at(0)})
}

func outboxPutOff(t *testing.T, s storage.Store) {
	later, long := mail("later"), mail("long")
	later.NotBefore = at(time.Minute)
	long.NotBefore, long.ExpiresAt = at(72*time.Hour), at(96*time.Hour)
	must(t, s.QueueMail(bg(), []storage.Mail{later, long}, at(0)))
	state := func(now time.Duration) storage.OutboxState { return got(s.OutboxState(bg(), at(now)))(t) }
	eq(t, "nothing is due", state(0), storage.OutboxState{})
	eq(t, "just before", state(time.Minute-1), storage.OutboxState{})
	eq(t, "one is due, and has been since then", state(time.Minute), storage.OutboxState{Waiting: 1, Oldest: at(time.Minute)})
	must(t, s.QueueMail(bg(), []storage.Mail{mail("now")}, at(0)))
	eq(t, "beside one that was never put off", state(2*time.Minute), storage.OutboxState{Waiting: 2, Oldest: at(0)})
	must(t, s.FinishMail(bg(), "now", at(0)))
	eq(t, "taken", mailIDs(lease(t, s, 9, 2*time.Minute)), []string{"later"})
	eq(t, "while it is being sent", state(2*time.Minute), storage.OutboxState{Waiting: 1, Oldest: at(time.Minute)})
	must(t, s.RetryMail(bg(), "later", at(30*time.Minute), "busy", at(2*time.Minute)))
	eq(t, "what was tried waits, also until it is tried again", state(3*time.Minute), storage.OutboxState{Waiting: 1, Failing: 1, Oldest: at(0)})
	eq(t, "when it has expired", state(time.Hour), storage.OutboxState{})
	eq(t, "in the end", state(80*time.Hour), storage.OutboxState{Waiting: 1, Oldest: at(72 * time.Hour)})
}
