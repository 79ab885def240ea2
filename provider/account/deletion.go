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

// mailDeletion is the record that waits in the outbox until an account is to be deleted.
const mailDeletion = requestPrefix + "deletion"

// The kinds of mail of it.
const (
	MailDeletionPlanned = "deletion_planned" // your account will be deleted; undo
	MailDeletionStopped = "deletion_stopped" // it will not
	MailDeleted         = "deleted"          // it is
)

// DeletionConfig is the rules about the end of accounts.
type DeletionConfig struct {
	// Closed: people cannot delete their account.
	Closed bool
	// Grace is how long they can take it back; 0: not at all.
	Grace time.Duration
}

// deletionRequest is the sealed content of the record that waits.
type deletionRequest struct {
	AccountID int64 `json:"account_id"`
	// At is the [storage.Account].DeleteAt that it belongs to: a deletion that was taken back and asked for again has another.
	At     time.Time `json:"at"`
	Locale string    `json:"locale,omitempty"`
}

// deletionTries is how long the deed is tried where the store is away; it is given up only after that.
const deletionTries = 10 * 365 * 24 * time.Hour

// DeletionGrace tells how long somebody can take back that an account is deleted, and whether people can ask for it.
func (s *Service) DeletionGrace() (grace time.Duration, open bool) {
	return s.config.Deletion.Grace, !s.config.Deletion.Closed
}

// PlanDeletion ends an account, for its owner, who proved lately who they are: every session and grant ends, whatever was mailed is void, but for what brings a
// former address back, known browsers are strangers, and after the grace time the account is deleted. Until then nothing of it can be used, and signing in leads to the question whether to keep it.
// Without a grace time it is deleted at once. Refusals: Gone, also where people cannot delete their account.
func (s *Service) PlanDeletion(ctx context.Context, sess storage.Session, caller Caller) (Left, error) {
	grace, open := s.DeletionGrace()
	if !open {
		return Left{}, &Refusal{Kind: Gone}
	}
	a, err := s.active(ctx, sess.AccountID)
	if err != nil {
		return Left{}, err
	}
	left, err := s.leaving(ctx, sess)
	if err != nil {
		return Left{}, err
	}
	if grace <= 0 {
		left.Deleted = true
		return left, s.erase(ctx, a, "", caller)
	}
	left.DeleteAt = left.At.Add(grace).Truncate(time.Microsecond) // as exact as every store
	with, err := s.deletionEffects(a, left.DeleteAt, caller)
	if err != nil {
		return Left{}, err
	}
	_, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		if !a.DeleteAt.IsZero() {
			return with, &Refusal{Kind: Gone}
		}
		a.DeleteAt = left.DeleteAt
		return with, nil
	})
	if err != nil {
		return Left{}, gone("plan deletion", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.DeletionPlanned, caller, audit.Event{AccountID: a.ID, SID: sess.SID})
	return left, nil
}

// deletionEffects are what becomes durable with DeleteAt.
func (s *Service) deletionEffects(a storage.Account, at time.Time, c Caller) (storage.Effects, error) {
	with := storage.Effects{End: &storage.EndScope{Offline: true}, Void: append(append(mailedPurposes(), recoveryPurposes()...), storage.PurposeDevice)}
	m, err := s.sealed(mailDeletion, a.ID, localeOf(c, a), deletionRequest{AccountID: a.ID, At: at, Locale: localeOf(c, a)}, at.Sub(s.now())+deletionTries)
	if err != nil {
		return with, err
	}
	m.NotBefore = at
	with.Mail = []storage.Mail{m}
	if a.EmailKey == "" {
		return with, nil
	}
	token, one, err := s.newToken(storage.PurposeRevoke, nil)
	if err != nil {
		return with, err
	}
	one.ExpiresAt = at
	notice, err := s.mail(MailDeletionPlanned, a, c, Letter{When: s.now(), Where: c.Address, Due: at, Undo: s.links.Revoke(token)}, s.config.NoticeTTL)
	with.Put, with.Mail = []storage.OneTime{one}, append(with.Mail, notice)
	return with, err
}

// missingDeletion tells whether an account is about to be deleted. Only pages can ask whether to keep it: elsewhere it is as one that is disabled.
func missingDeletion(in opening, a storage.Account) (StepNeed, error) {
	switch {
	case a.DeleteAt.IsZero():
		return "", nil
	case in.Dialect != Page:
		return "", &Refusal{Kind: WrongCredentials}
	}
	return NeedDeletion, nil
}

// KeepAccount takes back that an account is deleted, and goes on with the sign-in. Refusals: StepGone (also where it is too late), StepNeeded,
// WrongCredentials.
func (s *Service) KeepAccount(ctx context.Context, ticket string, caller Caller) (SignedIn, error) {
	in, a, need, err := s.step(ctx, ticket, caller)
	if err != nil {
		return SignedIn{}, err
	}
	if need != NeedDeletion {
		return SignedIn{}, &Refusal{Kind: StepGone}
	}
	if in, err = s.spendFirst(ctx, in); err != nil {
		return SignedIn{}, err
	}
	a, err = s.keep(ctx, a, storage.Effects{}, caller, "owner")
	if IsKind(err, Gone) {
		err = &Refusal{Kind: StepGone}
	}
	if err != nil {
		return SignedIn{}, err
	}
	return s.enter(ctx, in, a)
}

// KeepByOperator takes it back by an operator's word, also for a disabled account. Where nothing is planned nothing is written. Refusals: Gone.
func (s *Service) KeepByOperator(ctx context.Context, accountID int64, caller Caller) (storage.Account, error) {
	a, err := s.Account(ctx, accountID)
	if err != nil {
		return storage.Account{}, err
	}
	return s.keep(ctx, a, storage.Effects{}, caller, "operator")
}

// keep takes DeleteAt away, with what else becomes durable then. The record that waits comes to nothing.
func (s *Service) keep(ctx context.Context, a storage.Account, also storage.Effects, c Caller, by string) (storage.Account, error) {
	const tries = 8
	for try := 1; ; try++ {
		if a.DeleteAt.IsZero() && also.Take == nil {
			return a, nil
		}
		if a.Disabled && (by != "operator" || !s.now().Before(a.DeleteAt)) { // it is being deleted, or an operator disabled it
			return storage.Account{}, &Refusal{Kind: Gone}
		}
		with := also
		if a.EmailKey != "" && !a.DeleteAt.IsZero() {
			m, err := s.mail(MailDeletionStopped, a, c, Letter{When: s.now(), Where: c.Address}, s.config.NoticeTTL)
			if err != nil {
				return storage.Account{}, err
			}
			with.Mail = append(with.Mail[:len(with.Mail):len(with.Mail)], m)
		}
		planned, now := !a.DeleteAt.IsZero(), s.now()
		a.DeleteAt, a.UpdatedAt = time.Time{}, now
		written, err := s.store.ReplaceAccount(ctx, a, with, now)
		if errors.Is(err, storage.ErrConflict) && try < tries {
			if a, err = s.Account(ctx, a.ID); err != nil {
				return storage.Account{}, err
			}
			continue
		}
		if err != nil {
			return storage.Account{}, gone("keep account", err)
		}
		s.wakeFor(with)
		if planned {
			s.record(ctx, audit.DeletionStopped, c, audit.Event{AccountID: a.ID, Detail: by})
		}
		return written, nil
	}
}

// expandDeletion deletes the account whose grace time is over, unless that was taken back. Keeping and deleting are decided by the account's version:
// the account is disabled first, and from then on nobody can take it back.
func (s *Service) expandDeletion(ctx context.Context, id string, plain []byte) error {
	var r deletionRequest
	if err := json.Unmarshal(plain, &r); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	a, err := s.store.Account(ctx, storage.AccountKey{ID: r.AccountID})
	if errors.Is(err, storage.ErrNotFound) || err == nil && !a.DeleteAt.Equal(r.At) {
		return nil // deleted before, or taken back
	}
	if err != nil {
		return fmt.Errorf("load account: %w", err)
	}
	if !a.Disabled {
		a.Disabled = true
		// A conflict means that somebody changed the account a moment ago, perhaps took it back: this is tried again.
		if a, err = s.store.ReplaceAccount(ctx, a, storage.Effects{}, s.now()); err != nil {
			return fmt.Errorf("shut account: %w", err)
		}
	}
	return s.erase(ctx, a, id, Caller{Locale: r.Locale})
}

// erase deletes an account and tells the address that it had. request is the record that asked for it, "" for none.
func (s *Service) erase(ctx context.Context, a storage.Account, request string, c Caller) error {
	with := storage.Effects{Finish: request}
	if a.EmailKey != "" {
		m, err := s.mail(MailDeleted, a, c, Letter{When: s.now(), Where: c.Address}, s.config.NoticeTTL)
		if err != nil {
			return err
		}
		with.Mail = []storage.Mail{m}
	}
	err := s.store.DeleteAccount(ctx, a.ID, with, s.now())
	if errors.Is(err, storage.ErrNotFound) && request != "" {
		return nil // another process was quicker
	}
	if err != nil {
		return gone("delete account", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.AccountDeleted, c, audit.Event{AccountID: a.ID, Detail: "owner"})
	return nil
}
