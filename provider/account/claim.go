package account

import (
	"context"
	"slices"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Somebody can sign up with another person's address, and set up whatever an account has, as long as the address need not be proven. When that person comes,
// asks to sign in by mail and proves the address instead, none of it may be left.

// ownedMark is the data of a note that says that the password in force was set by a mailed link, before the address counted as proven. A note without it says
// that a mail which signs in was asked for.
const ownedMark = "owned"

// ownedTTL: what was proved stays so.
const ownedTTL = recoveryTTL

// addClaim notes, with a verification, that a mail which signs in was asked for although the address is not proven. The note outlives the link: whoever asks
// for another link voids that one alone.
func (s *Service) addClaim(ctx context.Context, with *storage.Effects, a storage.Account, asked bool) error {
	notes, err := s.claims(ctx, a)
	if err != nil || len(notes) == 0 && !asked || owned(notes) {
		return err
	}
	return s.putClaim(with, "", s.config.VerifyTTL) // it lasts as long as every link that is out by now
}

// addOwner notes that the password which is set now is that of whoever has the address.
func (s *Service) addOwner(with *storage.Effects) error { return s.putClaim(with, ownedMark, ownedTTL) }

func (s *Service) putClaim(with *storage.Effects, mark string, ttl time.Duration) error {
	id, err := s.secret(tokenBytes)
	if err != nil {
		return err
	}
	now := s.now()
	with.Void = append(with.Void, storage.PurposeClaim)
	with.Put = append(with.Put, storage.OneTime{OneTimeKey: storage.OneTimeKey{Purpose: storage.PurposeClaim, Hash: digest(id)}, Data: []byte(mark), CreatedAt: now, ExpiresAt: now.Add(ttl)})
	return nil
}

// claims are the notes that there are: one, or none.
func (s *Service) claims(ctx context.Context, a storage.Account) ([]storage.OneTime, error) {
	list, err := s.store.ListOneTimes(ctx, a.ID, storage.PurposeClaim, s.now())
	return list, wrap("list claims", err)
}

func owned(notes []storage.OneTime) bool {
	return slices.ContainsFunc(notes, func(o storage.OneTime) bool { return string(o.Data) == ownedMark })
}

// claimed tells whether what an account has must go when its address is proven.
func (s *Service) claimed(ctx context.Context, a storage.Account) (bool, error) {
	notes, err := s.claims(ctx, a)
	return len(notes) > 0 && !owned(notes), err
}

// disown takes away everything that lets somebody into an account whose owner nobody knew until now. The password's time changes even where there was none:
// so no sign-in that is under way opens a session.
func (s *Service) disown(a *storage.Account, with *storage.Effects) {
	a.PasswordHash, a.PasswordHistory, a.PasswordSetAt, a.TOTP, a.DeleteAt = "", nil, s.now(), nil, time.Time{}
	with.DropPasskeys, with.End = true, &storage.EndScope{Offline: true}
	with.Void = append(append(append(with.Void, mailedPurposes()...), recoveryPurposes()...), storage.PurposeRecoveryCode, storage.PurposeDevice)
}

// dropConsents forgets what an account allowed applications: whoever has it now is asked anew.
func (s *Service) dropConsents(ctx context.Context, accountID int64, c Caller) error {
	list, err := s.Consents(ctx, accountID)
	if err != nil {
		return err
	}
	for _, one := range list {
		if err := s.store.DeleteConsent(ctx, accountID, one.ClientID, s.now()); err != nil {
			if err := gone("forget consent", err); !IsKind(err, Gone) {
				return err
			}
			continue // somebody else did
		}
		s.record(ctx, audit.ConsentRemoved, c, audit.Event{AccountID: accountID, ClientID: one.ClientID})
	}
	return nil
}
