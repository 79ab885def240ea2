package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Kinds of records that wait in the outbox while a recovery waits: its reminder, and its end.
const (
	mailRecoveryHalf  = requestPrefix + "recovery.half"
	mailRecoveryReady = requestPrefix + "recovery.ready"
)

// Recovery is the way out for somebody who lost every second factor: a wait, in which every address and session of the account is told and can stop it.
type Recovery struct {
	BegunAt time.Time `json:"begun_at"`
	// ReadyAt is when it can be finished, ExpiresAt until when.
	ReadyAt   time.Time `json:"ready_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// recoveryRequest is the sealed content of a record that waits with it.
type recoveryRequest struct {
	AccountID int64     `json:"account_id"`
	Token     string    `json:"token"`
	ReadyAt   time.Time `json:"ready_at"`
	Locale    string    `json:"locale,omitempty"`
}

// RecoveryOpen tells whether there is such a way.
func (s *Service) RecoveryOpen() bool { return s.config.Lifecycle.RecoveryWait > 0 }

// StepAccount tells whose step of a sign-in a ticket is, and what is needed. Refusals: StepGone.
func (s *Service) StepAccount(ctx context.Context, ticket string) (storage.Account, StepNeed, error) {
	_, a, need, err := s.step(ctx, ticket, Caller{})
	return a, need, err
}

// BeginRecovery begins the wait, by the ticket of a sign-in whose first factor was proved and whose second is needed. Where one waits already that
// one is returned, and nothing changes. Refusals: StepGone, NoAddress, Gone (there is no such way), Throttled.
func (s *Service) BeginRecovery(ctx context.Context, ticket string, caller Caller) (Recovery, error) {
	if !s.RecoveryOpen() {
		return Recovery{}, &Refusal{Kind: Gone}
	}
	if err := s.AttemptAny(ctx, caller); err != nil {
		return Recovery{}, err
	}
	_, a, need, err := s.step(ctx, ticket, caller)
	if err != nil {
		return Recovery{}, err
	}
	if need != NeedSecond {
		return Recovery{}, &Refusal{Kind: StepGone}
	}
	if !a.EmailVerified {
		return Recovery{}, &Refusal{Kind: NoAddress}
	}
	var out Recovery
	var with storage.Effects
	// The write is conditional on the account's version, and so of any number of beginnings one is: the others read again and find it.
	_, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		waiting, err := s.PendingRecovery(ctx, a.ID)
		if err != nil {
			return storage.Effects{}, err
		}
		if waiting != nil {
			out = *waiting
			return storage.Effects{}, errWaits
		}
		with, out, err = s.recoveryEffects(ctx, *a, caller)
		return with, err
	})
	if errors.Is(err, errWaits) {
		return out, nil
	}
	if err != nil {
		return Recovery{}, gone("begin recovery", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.RecoveryBegun, caller, audit.Event{AccountID: a.ID})
	return out, nil
}

// errWaits: a recovery waits already.
var errWaits = errors.New("a recovery waits already")

// recoveryEffects are the token that finishes it, the records that wait, and the mails that can stop it.
func (s *Service) recoveryEffects(ctx context.Context, a storage.Account, c Caller) (storage.Effects, Recovery, error) {
	now, wait := s.now(), s.config.Lifecycle.RecoveryWait
	out := Recovery{BegunAt: now, ReadyAt: now.Add(wait), ExpiresAt: now.Add(wait + s.config.Lifecycle.RecoveryTTL)}
	data, err := json.Marshal(out)
	if err != nil {
		return storage.Effects{}, out, fmt.Errorf("encode recovery: %w", err)
	}
	token, one, err := s.newToken(storage.PurposeRecover, data)
	if err != nil {
		return storage.Effects{}, out, err
	}
	one.ExpiresAt = out.ExpiresAt
	with := storage.Effects{Void: []storage.Purpose{storage.PurposeRecover, storage.PurposeRecoverStop}, Put: []storage.OneTime{one}}
	for kind, at := range map[string]time.Time{mailRecoveryHalf: now.Add(wait / 2), mailRecoveryReady: out.ReadyAt} {
		m, err := s.sealed(kind, a.ID, localeOf(c, a), recoveryRequest{AccountID: a.ID, Token: token, ReadyAt: out.ReadyAt, Locale: c.Locale}, wait+s.config.Lifecycle.RecoveryTTL)
		if err != nil {
			return with, out, err
		}
		m.NotBefore = at
		with.Mail = append(with.Mail, m)
	}
	return with, out, s.addStops(ctx, &with, a, MailRecoveryBegun, c, out.ReadyAt)
}

// PendingRecovery is the recovery that waits or can be finished; nil for none.
func (s *Service) PendingRecovery(ctx context.Context, accountID int64) (*Recovery, error) {
	list, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeRecover, s.now())
	if err != nil || len(list) == 0 {
		return nil, wrap("list recoveries", err)
	}
	var out Recovery
	if err := json.Unmarshal(list[0].Data, &out); err != nil {
		return nil, fmt.Errorf("decode recovery: %w", err)
	}
	return &out, nil
}

// StopRecovery stops the recovery of an account, for somebody who is signed in to it. There may be none. Refusals: Gone.
func (s *Service) StopRecovery(ctx context.Context, accountID int64, caller Caller) error {
	return s.stopRecovery(ctx, accountID, nil, caller, "session")
}

// PeekRecoveryStop tells whose recovery a mailed token stops, without using it. Refusals: BadToken.
func (s *Service) PeekRecoveryStop(ctx context.Context, token string) (storage.Account, error) {
	_, a, err := s.peek(ctx, storage.PurposeRecoverStop, token)
	return a, err
}

// StopRecoveryByMail uses the token. Refusals: BadToken, Throttled.
func (s *Service) StopRecoveryByMail(ctx context.Context, token string, caller Caller) error {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return err
	}
	one, a, err := s.token(ctx, storage.PurposeRecoverStop, token, caller)
	if err != nil {
		return err
	}
	if err := s.stopRecovery(ctx, a.ID, &one.OneTimeKey, caller, "mail"); err != nil {
		return badToken("stop recovery", err)
	}
	return nil
}

func (s *Service) stopRecovery(ctx context.Context, accountID int64, take *storage.OneTimeKey, c Caller, by string) error {
	err := s.store.ApplyEffects(ctx, accountID, storage.Effects{Take: take, Void: recoveryPurposes()}, s.now())
	if err != nil {
		return gone("stop recovery", err)
	}
	s.record(ctx, audit.RecoveryStopped, c, audit.Event{AccountID: accountID, Detail: by})
	return nil
}

// recoveryPurposes are the tokens of a recovery: without them what waits in the outbox comes to nothing.
func recoveryPurposes() []storage.Purpose {
	return []storage.Purpose{storage.PurposeRecover, storage.PurposeRecoverStop}
}

// PeekRecovery tells whose recovery a token finishes, without using it. Refusals: BadToken, TooEarly.
func (s *Service) PeekRecovery(ctx context.Context, token string) (storage.Account, error) {
	one, a, err := s.peek(ctx, storage.PurposeRecover, token)
	if err != nil {
		return storage.Account{}, err
	}
	return a, s.ready(one)
}

func (s *Service) ready(one storage.OneTime) error {
	var r Recovery
	if err := json.Unmarshal(one.Data, &r); err != nil {
		return fmt.Errorf("decode recovery: %w", err)
	}
	if left := r.ReadyAt.Sub(s.now()); left > 0 {
		return &Refusal{Kind: TooEarly, RetryAfter: left}
	}
	return nil
}

// FinishRecovery uses the token after the wait: authenticator app, passkeys, recovery codes and known browsers are gone, every session and grant ends,
// and the owner is told, in one write. Signing in then begins anew, with the first factor. Refusals: BadToken, TooEarly, Throttled.
func (s *Service) FinishRecovery(ctx context.Context, token string, caller Caller) (storage.Account, error) {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return storage.Account{}, err
	}
	one, a, err := s.token(ctx, storage.PurposeRecover, token, caller)
	if err != nil {
		return storage.Account{}, err
	}
	if err := s.ready(one); err != nil {
		return storage.Account{}, err
	}
	with := storage.Effects{Take: &one.OneTimeKey, DropPasskeys: true, End: &storage.EndScope{Offline: true},
		Void: append(recoveryPurposes(), storage.PurposeRecoveryCode, storage.PurposeDevice, storage.PurposeSignIn, storage.PurposeCode)}
	if err := s.addWarning(&with, a, MailRecoveryDone, caller, Letter{}); err != nil {
		return storage.Account{}, err
	}
	a, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		a.TOTP = nil
		return with, nil
	})
	if err != nil {
		return storage.Account{}, badToken("finish recovery", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.RecoveryDone, caller, audit.Event{AccountID: a.ID})
	return a, nil
}
