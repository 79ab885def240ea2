package account

import (
	"context"
	"fmt"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// What counts, and where (the account API, "Rate limits"):
//
//   - every attempt of any kind takes from the budget of the client's address and keeps it;
//   - signing in, and confirming a password, take from the budgets of the pair (address, account) and of the account before the hash
//     is computed, so that attempts at the same time cannot pass the counter, and give back where the password was right;
//   - one-time tokens that are not good take from the pair (address, "no account").
//
// The account is its ID once it is found, whichever of its names was typed, else a hash of the name: an unknown name is counted as a
// known one is. Windows are fixed: an attempt that is refused takes nothing, so nobody's failures last longer than the window.

// Door is a class of attempts with failures counted apart.
type Door string

// The doors.
const (
	DoorSignIn  Door = "signin"
	DoorReset   Door = "reset"
	DoorRefresh Door = "refresh"
	// DoorClient is for client secrets that people chose.
	DoorClient Door = "client"
)

func (b Budget) limit(class, key string) storage.Limit {
	return storage.Limit{Key: class + ":" + key, Max: b.Max, Window: b.Window}
}

func (s *Service) addressLimit(c Caller) storage.Limit {
	return s.config.Limits.Address.limit("addr", AddressKey(c.Address))
}

// failureLimits are the pair's and the account's. who is an account as [accountName] or [loginName] say.
func (s *Service) failureLimits(door Door, c Caller, who string) []storage.Limit {
	pair := digest(AddressKey(c.Address) + " " + who)[:32]
	return []storage.Limit{
		s.config.Limits.Pair.limit("pair."+string(door), pair),
		s.config.Limits.Account.limit("acct."+string(door), digest(who)[:32]),
	}
}

func accountName(id int64) string   { return fmt.Sprintf("id %d", id) }
func loginName(login string) string { return "login " + UsernameKey(login) }

// take takes one attempt from each limit. Refusals: Throttled.
func (s *Service) take(ctx context.Context, c Caller, limits ...storage.Limit) error {
	taken, err := s.store.TakeAttempts(ctx, limits, s.now())
	if err != nil {
		return fmt.Errorf("count attempt: %w", err)
	}
	if !taken.OK {
		return s.throttled(ctx, c, limits, taken)
	}
	return nil
}

func (s *Service) throttled(ctx context.Context, c Caller, limits []storage.Limit, taken storage.Taken) error {
	class := ""
	if taken.Over >= 0 && taken.Over < len(limits) {
		class = classOf(limits[taken.Over].Key)
	}
	s.record(ctx, audit.Throttled, c, audit.Event{Detail: class})
	return &Refusal{Kind: Throttled, RetryAfter: max(taken.RetryAfter, time.Second)}
}

func classOf(key string) string {
	for i := range len(key) {
		if key[i] == ':' {
			return key[:i]
		}
	}
	return ""
}

// AttemptAny takes one attempt from the caller's address: for doors that this package does not keep. Refusals: Throttled.
func (s *Service) AttemptAny(ctx context.Context, c Caller) error {
	return s.take(ctx, c, s.addressLimit(c))
}

// Failed counts a failure at a door where no account is known. Refusals: Throttled, where there were too many already.
func (s *Service) Failed(ctx context.Context, door Door, c Caller) error {
	return s.take(ctx, c, s.failureLimits(door, c, "no account")[0])
}

// attempt is a slot taken for one check of a password.
type attempt struct {
	service *Service
	limits  []storage.Limit
}

// beginWith takes a slot for a check of a password from limits, of which the first is the pair's. The address pays in any case. Refusals: Throttled, Busy.
//
// Right passwords that are checked at the same time hold slots that they are about to give back. So where this process has such
// checks under way, a request that finds no slot waits for one of them before it is refused.
func (s *Service) beginWith(ctx context.Context, c Caller, limits []storage.Limit) (*attempt, error) {
	if err := s.AttemptAny(ctx, c); err != nil {
		return nil, err
	}
	waitCtx, cancel := context.WithTimeout(ctx, s.config.Hash.MaxWait)
	defer cancel()
	for {
		seen := s.flights.try(limits[0].Key)
		taken, err := s.store.TakeAttempts(ctx, limits, s.now())
		if err == nil && taken.OK {
			s.flights.fly(limits[0].Key)
			return &attempt{s, limits}, nil
		}
		again := s.flights.park(waitCtx, limits[0].Key, seen, err == nil)
		switch {
		case err != nil:
			return nil, fmt.Errorf("count attempt: %w", err)
		case waitCtx.Err() != nil: // checks are still under way: too much at once, which is not too many failures
			return nil, &Refusal{Kind: Busy, RetryAfter: time.Second}
		case !again:
			return nil, s.throttled(ctx, c, limits, taken)
		}
	}
}

// end closes the attempt. A failure keeps the slot; anything else gives it back, also where the request was given up.
func (a *attempt) end(ctx context.Context, failed bool) error {
	defer a.service.flights.land(a.limits[0].Key)
	if failed {
		return nil
	}
	if err := a.service.store.ReturnAttempts(context.WithoutCancel(ctx), a.limits, a.service.now()); err != nil {
		return fmt.Errorf("return attempt: %w", err)
	}
	return nil
}
