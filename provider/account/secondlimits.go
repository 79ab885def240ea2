package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// MailPasswordKnown tells that somebody who knows the password fails at the second factor.
const MailPasswordKnown = "password_known"

// knownAfter is how many wrong codes in the window of [LimitsConfig].Second are put down to somebody else, knownMails how long nobody is told again.
const (
	knownAfter = 3
	knownMails = 24 * time.Hour
)

// tellPasswordKnown counts a wrong code after the right password, from a browser that is not known, and at the third tells the owner by mail: the password is
// what keeps others from guessing, and whoever has it is held by the second factor alone.
func (s *Service) tellPasswordKnown(ctx context.Context, a storage.Account, c Caller) error {
	who := digest(accountName(a.ID))[:32]
	few := storage.Limit{Key: "known.second:" + who, Max: knownAfter - 1, Window: s.config.Limits.Second.Window}
	taken, err := s.store.TakeAttempts(ctx, []storage.Limit{few}, s.now())
	if err != nil || taken.OK {
		return wrap("count wrong code", err)
	}
	taken, err = s.store.TakeAttempts(ctx, []storage.Limit{{Key: "known.mail:" + who, Max: 1, Window: knownMails}}, s.now())
	if err != nil || !taken.OK {
		return wrap("count mail", err)
	}
	var with storage.Effects
	c.Locale = "" // the language of who tries says nothing about the owner
	if err := s.addNoticeOf(&with, MailPasswordKnown, a, c); err != nil {
		return err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("queue notice: %w", err)
	}
	s.wakeFor(with)
	return nil
}

// DoorSecond is for codes of second factors.
const DoorSecond Door = "second"

// passwordLimits are the budgets of a password. A known browser has its own: strangers' failures do not keep the owner out, and whoever guesses from there
// gets as few guesses.
func (s *Service) passwordLimits(c Caller, who string, device knownDevice) []storage.Limit {
	if device.known() {
		return s.deviceLimits(DoorSignIn, device)
	}
	return s.failureLimits(DoorSignIn, c, who)
}

// secondLimits are the budgets of codes. Only who knows the first factor gets here; so the account's budget is small, and one of a day stands behind it: a
// code has six digits.
func (s *Service) secondLimits(c Caller, accountID int64, device knownDevice) []storage.Limit {
	if device.known() { // a copy of its cookie, with the password, must not guess for ever either
		return append(s.deviceLimits(DoorSecond, device), s.config.Limits.SecondDay.limit("day.device."+string(DoorSecond), device.key.Hash[:32]))
	}
	who := accountName(accountID)
	limits := s.failureLimits(DoorSecond, c, who)
	limits[1] = s.config.Limits.Second.limit("acct."+string(DoorSecond), digest(who)[:32])
	return append(limits, s.config.Limits.SecondDay.limit("day."+string(DoorSecond), digest(who)[:32]))
}

func (s *Service) deviceLimits(door Door, device knownDevice) []storage.Limit {
	return []storage.Limit{s.config.Limits.Pair.limit("device."+string(door), device.key.Hash[:32])}
}
