package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// SignIn checks credentials and gives a session.
//
// Refusals: Invalid (the password is over the byte cap: no hash), WrongCredentials, Throttled, Busy. An unknown account, an account
// without password, an empty password, a wrong one, a disabled account and (with RequireVerified) one whose address is not proven cost
// one hash each and are refused alike.
func (s *Service) SignIn(ctx context.Context, in Credentials) (SignedIn, error) {
	a, err := s.authenticate(ctx, in)
	if err != nil {
		return SignedIn{}, err
	}
	out, err := s.openSession(ctx, in, a)
	if err != nil {
		return SignedIn{}, err
	}
	s.record(ctx, audit.SignIn, in.Caller, audit.Event{AccountID: a.ID, SID: out.Session.SID, Detail: string(in.Dialect)})
	return out, nil
}

// authenticate finds the account and checks the password, under the limits.
func (s *Service) authenticate(ctx context.Context, in Credentials) (storage.Account, error) {
	normal, problem := s.normalPassword(in.Password)
	if problem == TooLong {
		return storage.Account{}, invalid(FieldPassword, problem)
	}
	a, exact, err := s.find(ctx, in.Dialect, in.Login)
	if err != nil {
		return storage.Account{}, err
	}
	who := loginName(in.Login)
	if a.ID != 0 {
		who = accountName(a.ID)
	}
	// A password that is no text (Malformed) is wrong, not invalid: it is checked as the empty one, which is nobody's.
	may := exact && !a.Disabled && len(normal) > 0 && (a.EmailVerified || a.EmailKey == "" || !s.config.RequireVerified)
	ok, err := s.check(ctx, in.Caller, who, a, normal, may)
	if err != nil {
		return storage.Account{}, err
	}
	if !ok {
		s.record(ctx, audit.SignInFailed, in.Caller, audit.Event{AccountID: a.ID, Detail: string(in.Dialect)})
		return storage.Account{}, &Refusal{Kind: WrongCredentials}
	}
	return a, nil
}

// find looks the account up by the names that the dialect allows. A username counts exactly as it was made ("case-sensitive"), but the
// account is returned, and its limits apply, also where only the case differs: exact is false then.
func (s *Service) find(ctx context.Context, d Dialect, login string) (a storage.Account, exact bool, err error) {
	var key storage.AccountKey
	if strings.Contains(login, "@") {
		if e, ok := ParseEmail(login); ok && d != Simple {
			key.EmailKey = e.Key
		}
	} else if _, bad := checkUsername(Page, login); !bad && d != Session {
		key.UsernameKey = UsernameKey(login)
	}
	if key == (storage.AccountKey{}) {
		// Asked all the same, for a name that cannot exist: the store's part of the time is then the same.
		key.UsernameKey = "\x00"
	}
	a, err = s.store.Account(ctx, key)
	if errors.Is(err, storage.ErrNotFound) {
		return storage.Account{}, false, nil
	}
	if err != nil {
		return storage.Account{}, false, fmt.Errorf("look for account: %w", err)
	}
	return a, key.EmailKey != "" || a.Username == login, nil
}

// check compares a password with the account's under the limits of who. It costs one hash whatever a is; may says whether a right
// password would do. A right password whose hash was made with old parameters is hashed anew.
func (s *Service) check(ctx context.Context, c Caller, who string, a storage.Account, normal []byte, may bool) (ok bool, err error) {
	slot, err := s.begin(ctx, c, who)
	if err != nil {
		return false, err
	}
	defer func() {
		if endErr := slot.end(ctx, err == nil && !ok); err == nil && endErr != nil {
			ok, err = false, endErr
		}
	}()
	encoded := a.PasswordHash
	if encoded == "" {
		encoded, may = s.dummy, false
	}
	right, stale, err := s.hashes.verify(ctx, encoded, normal)
	if err != nil {
		if errors.Is(err, errHashSyntax) {
			err = fmt.Errorf("password hash of account %d: %w", a.ID, err)
		}
		return false, err
	}
	if right && may && stale {
		s.rehash(ctx, a, normal)
	}
	return right && may, nil
}

// rehash puts the parameters in force into an account's hash. It may fail: the next sign-in tries again.
func (s *Service) rehash(ctx context.Context, a storage.Account, normal []byte) {
	encoded, err := s.hashPassword(ctx, normal)
	if err != nil {
		return
	}
	for i, old := range a.PasswordHistory {
		if old == a.PasswordHash {
			a.PasswordHistory[i] = encoded
		}
	}
	a.PasswordHash = encoded
	// A conflict means that the account was changed meanwhile, perhaps its password: that one must stand.
	_, _ = s.store.ReplaceAccount(ctx, a, storage.Effects{}, s.now())
}

// openSession makes the session, or renews the one that the browser has.
func (s *Service) openSession(ctx context.Context, in Credentials, a storage.Account) (SignedIn, error) {
	now := s.now()
	out := SignedIn{Account: a}
	renewed, err := s.renewSession(ctx, in, a, &out, now)
	if err != nil {
		return SignedIn{}, err
	}
	if !renewed {
		if out.Session, out.Secret, err = s.newSession(in.Dialect, in.Caller, in.Persistent, now); err != nil {
			return SignedIn{}, err
		}
		out.Session.AccountID = a.ID
		if err := s.store.CreateSession(ctx, out.Session, now); err != nil {
			if errors.Is(err, storage.ErrNotFound) { // deleted a moment ago
				return SignedIn{}, &Refusal{Kind: WrongCredentials}
			}
			return SignedIn{}, fmt.Errorf("create session: %w", err)
		}
	}
	return out, s.stillGood(ctx, in, a, out.Session.SID)
}

// stillGood looks at the account again now that the session exists. A reset or a disabling that became durable after the password was
// checked and before the session was stored has not ended this session; one that comes later will.
func (s *Service) stillGood(ctx context.Context, in Credentials, a storage.Account, sid string) error {
	current, err := s.store.Account(ctx, storage.AccountKey{ID: a.ID})
	if err == nil && !current.Disabled && current.PasswordSetAt.Equal(a.PasswordSetAt) {
		return nil
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("load account: %w", err)
	}
	if _, err := s.store.EndSessions(ctx, storage.EndScope{AccountID: a.ID, SID: sid}, s.now()); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	s.record(ctx, audit.SignInFailed, in.Caller, audit.Event{AccountID: a.ID, Detail: "changed_meanwhile"})
	return &Refusal{Kind: WrongCredentials}
}

// renewSession deals with in.Replace. For the same account the session keeps its SID, its persistence and its clients, and gets a new
// AuthTime, lifetime and secret; another account's is ended.
func (s *Service) renewSession(ctx context.Context, in Credentials, a storage.Account, out *SignedIn, now time.Time) (bool, error) {
	if in.Replace == "" {
		return false, nil
	}
	old, err := s.store.Session(ctx, in.Replace, now)
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load session: %w", err)
	}
	if old.AccountID != a.ID {
		if _, err := s.store.EndSessions(ctx, storage.EndScope{AccountID: old.AccountID, SID: old.SID}, now); err != nil {
			return false, fmt.Errorf("end session: %w", err)
		}
		s.record(ctx, audit.SessionsEnded, in.Caller, audit.Event{AccountID: old.AccountID, SID: old.SID, Detail: "replaced"})
		return false, nil
	}
	fresh, secret, err := s.newSession(Dialect(old.Kind), in.Caller, old.Persistent, now)
	if err != nil {
		return false, err
	}
	renewed, err := s.store.TouchSession(ctx, old.SID, storage.SessionChange{
		LastSeenAt: now, AuthTime: now, ExpiresAt: fresh.ExpiresAt, AMR: fresh.AMR, ACR: fresh.ACR, SecretHash: fresh.SecretHash,
	}, now)
	if errors.Is(err, storage.ErrNotFound) { // ended a moment ago
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("renew session: %w", err)
	}
	out.Session, out.Secret = renewed, secret
	return true, nil
}

// Confirm checks the password of an account again, under the same limits as SignIn. Refusals: WrongPassword, Invalid, Throttled, Busy, Gone.
func (s *Service) Confirm(ctx context.Context, accountID int64, password string, caller Caller) error {
	_, err := s.confirm(ctx, accountID, password, caller)
	return err
}

func (s *Service) confirm(ctx context.Context, accountID int64, password string, caller Caller) (storage.Account, error) {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return storage.Account{}, err
	}
	normal, problem := s.normalPassword(password)
	if problem == TooLong {
		return storage.Account{}, invalid(FieldPassword, problem)
	}
	ok, err := s.check(ctx, caller, accountName(a.ID), a, normal, len(normal) > 0)
	if err != nil {
		return storage.Account{}, err
	}
	if !ok {
		s.record(ctx, audit.SignInFailed, caller, audit.Event{AccountID: a.ID, Detail: "confirm"})
		return storage.Account{}, &Refusal{Kind: WrongPassword}
	}
	return a, nil
}
