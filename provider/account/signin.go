package account

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// SignIn checks credentials and gives a session.
//
// Refusals: Invalid (the password is over the byte cap: no hash), WrongCredentials, Throttled, Busy, StepNeeded. An unknown account, an account
// without password, an empty password, a wrong one, a disabled account and (with RequireVerified) one whose address is not proven cost
// one hash each and are refused alike.
func (s *Service) SignIn(ctx context.Context, in Credentials) (SignedIn, error) {
	a, device, err := s.authenticate(ctx, in)
	if err != nil {
		return SignedIn{}, err
	}
	o := opening{Dialect: in.Dialect, Caller: in.Caller, Persistent: in.Persistent, Replace: in.Replace, AMR: []string{amrPassword},
		DeviceToken: in.DeviceToken, Seen: device, Two: in.Two, Must: in.Must}
	out, err := s.enter(ctx, o, a)
	if in.Code != "" && needs(err, NeedSecond) {
		return s.enterWithCode(ctx, o, a, Proof{Code: in.Code, Caller: in.Caller})
	}
	return out, err
}

// authenticate finds the account and checks the password, under the limits. The browser is as the account knew it before.
func (s *Service) authenticate(ctx context.Context, in Credentials) (storage.Account, knownDevice, error) {
	normal, problem := s.normalPassword(in.Password)
	if problem == TooLong {
		return storage.Account{}, knownDevice{}, invalid(FieldPassword, problem)
	}
	a, exact, err := s.find(ctx, in.Dialect, in.Login)
	if err != nil {
		return storage.Account{}, knownDevice{}, err
	}
	who := loginName(in.Login)
	if a.ID != 0 {
		who = accountName(a.ID)
	}
	device, err := s.findDevice(ctx, a.ID, in.DeviceToken)
	if err != nil {
		return storage.Account{}, knownDevice{}, err
	}
	// A password that is no text (Malformed) is wrong, not invalid: it is checked as the empty one, which is nobody's.
	may := exact && !a.Disabled && (a.DeleteAt.IsZero() || in.Dialect == Page) && len(normal) > 0 && (a.EmailVerified || a.EmailKey == "" || !s.config.RequireVerified)
	ok, err := s.check(ctx, in.Caller, s.passwordLimits(in.Caller, who, device), a, normal, may)
	if err != nil {
		return storage.Account{}, knownDevice{}, err
	}
	if !ok {
		s.record(ctx, audit.SignInFailed, in.Caller, audit.Event{AccountID: a.ID, Detail: string(in.Dialect)})
		return storage.Account{}, knownDevice{}, &Refusal{Kind: WrongCredentials}
	}
	return a, device, nil
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

// check compares a password with the account's under limits, the pair's first. It costs one hash whatever a is; may says whether a right
// password would do. A right password whose hash was made with old parameters is hashed anew.
func (s *Service) check(ctx context.Context, c Caller, limits []storage.Limit, a storage.Account, normal []byte, may bool) (ok bool, err error) {
	slot, err := s.beginWith(ctx, c, limits)
	if err != nil {
		return false, err
	}
	defer func() {
		if endErr := slot.end(ctx, err == nil && !ok); err == nil && endErr != nil {
			ok, err = false, endErr
		}
		s.hashes.hold(ctx, err)
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

// Confirm checks the password of an account again, under the same limits as SignIn. Refusals: WrongPassword, Invalid, Throttled, Busy, Gone.
func (s *Service) Confirm(ctx context.Context, accountID int64, password string, caller Caller) error {
	_, err := s.confirm(ctx, accountID, password, caller, "")
	return err
}

func (s *Service) confirm(ctx context.Context, accountID int64, password string, caller Caller, deviceToken string) (storage.Account, error) {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return storage.Account{}, err
	}
	device, err := s.findDevice(ctx, a.ID, deviceToken)
	if err != nil {
		return storage.Account{}, err
	}
	normal, problem := s.normalPassword(password)
	if problem == TooLong {
		return storage.Account{}, invalid(FieldPassword, problem)
	}
	ok, err := s.check(ctx, caller, s.passwordLimits(caller, accountName(a.ID), device), a, normal, len(normal) > 0)
	if err != nil {
		return storage.Account{}, err
	}
	if !ok {
		s.record(ctx, audit.SignInFailed, caller, audit.Event{AccountID: a.ID, Detail: "confirm"})
		return storage.Account{}, &Refusal{Kind: WrongPassword}
	}
	return a, nil
}
