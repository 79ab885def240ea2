package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// SignUp makes an account, and a session unless in.NoSession. An address gets a mail that asks to confirm it.
//
// Refusals: Invalid, UsernameTaken, EmailTaken, Throttled, Busy, SignUpClosed. In the page dialect EmailTaken comes after the same work
// as success (one hash, one durable write: the person behind a known address gets a mail), so that a page which shows the same text
// tells nothing.
func (s *Service) SignUp(ctx context.Context, in SignUp) (SignedIn, error) {
	if !s.config.SignUpOpen {
		return SignedIn{}, &Refusal{Kind: SignUpClosed}
	}
	if err := s.AttemptAny(ctx, in.Caller); err != nil {
		return SignedIn{}, err
	}
	if err := s.mayJoin(in.Email); err != nil {
		return SignedIn{}, err
	}
	return s.create(ctx, in, in.Dialect == Page)
}

// mayJoin holds the operator's rule about domains, which is public. Where there is one nobody joins without an address. Refusals: Invalid, SignUpClosed.
func (s *Service) mayJoin(email string) error {
	domains := s.config.Lifecycle.SignUpDomains
	e, ok := ParseEmail(email)
	switch _, domain, _ := strings.Cut(e.Key, "@"); {
	case len(domains) == 0, email != "" && !ok: // what is no address is told so later
		return nil
	case email == "":
		return &Refusal{Kind: SignUpClosed}
	case !slices.Contains(domains, domain):
		return invalid(FieldEmail, DomainBarred)
	}
	return nil
}

// CreateAccount makes an account by an operator's word: also where sign-up is closed, without limits and without a session.
// Refusals: Invalid, UsernameTaken, EmailTaken, Busy.
func (s *Service) CreateAccount(ctx context.Context, in SignUp) (SignedIn, error) {
	in.NoSession = true
	return s.create(ctx, in, false)
}

// create does what both have in common. discreet: nobody may learn whether the address is known.
func (s *Service) create(ctx context.Context, in SignUp, discreet bool) (SignedIn, error) {
	a, normal, err := s.newAccount(in)
	if err != nil {
		return SignedIn{}, err
	}
	if !in.NoSession && s.SecondRequired(a) { // nobody gets in by a password that they just made up
		return SignedIn{}, s.stepNeeded(opening{Dialect: in.Dialect}, a, NeedEnrol, s.offered())
	}
	if err := s.unbreached(ctx, in.Dialect, in.Caller, normal); err != nil {
		return SignedIn{}, err
	}
	if a.PasswordHash, err = s.hashPassword(ctx, normal); err != nil {
		return SignedIn{}, err
	}
	a.PasswordHistory = []string{a.PasswordHash}
	with, out, err := s.signUpEffects(in, a)
	if err != nil {
		return SignedIn{}, err
	}
	if discreet && a.EmailKey != "" {
		if known, err := s.knownAddress(ctx, in, a); known || err != nil {
			return SignedIn{}, err
		}
	}
	out.Account, err = s.store.CreateAccount(ctx, a, with, a.CreatedAt)
	if err != nil {
		return SignedIn{}, s.signUpRefused(ctx, in, a, discreet, err)
	}
	if with.Session != nil {
		out.Session = *with.Session
		out.Session.AccountID = out.Account.ID
	}
	s.wakeFor(with)
	s.record(ctx, audit.SignUp, in.Caller, audit.Event{AccountID: out.Account.ID, SID: out.Session.SID, Detail: string(in.Dialect)})
	return out, nil
}

// newAccount checks every field and puts them into their canonical forms.
func (s *Service) newAccount(in SignUp) (storage.Account, []byte, error) {
	now := s.now()
	a := storage.Account{CreatedAt: now, UpdatedAt: now, PasswordSetAt: now}
	r := &Refusal{Kind: Invalid}
	if in.Username != "" || in.Dialect == Platform || in.Dialect == Simple {
		if p, bad := checkUsername(in.Dialect, in.Username); bad {
			r.add(FieldUsername, p)
		}
		a.Username, a.UsernameKey = in.Username, UsernameKey(in.Username)
	}
	if in.Email != "" || in.Dialect != Simple {
		switch e, ok := ParseEmail(in.Email); {
		case in.Email == "":
			r.add(FieldEmail, Missing)
		case !ok:
			r.add(FieldEmail, Malformed)
		default:
			a.Email, a.EmailKey = in.Email, e.Key
		}
	}
	normal, bad := s.newPassword(in.Dialect, in.Password, in.Username, in.Email, in.FullName)
	if bad != nil {
		r.add(FieldPassword, bad.Fields[FieldPassword])
		r.Minimum = bad.Minimum
	}
	var p Problem
	if a.FullName, p = personName(in.FullName, 0, maxFullName); p != "" {
		r.add(FieldFullName, p)
	}
	if in.Dialect == Session || in.FirstName != "" || in.LastName != "" {
		if a.FirstName, p = givenName(in.FirstName); p != "" {
			r.add(FieldFirstName, p)
		}
		if a.LastName, p = givenName(in.LastName); p != "" {
			r.add(FieldLastName, p)
		}
	}
	if len(r.Fields) > 0 {
		return storage.Account{}, nil, r
	}
	var err error
	a.Sub, err = s.uuid()
	a.Locale = normalLocale(in.Caller.Locale)
	if in.Terms {
		s.accept(&a)
	}
	return a, normal, err
}

// signUpEffects are what comes to be with the account: its session, and the proof of its address.
func (s *Service) signUpEffects(in SignUp, a storage.Account) (with storage.Effects, out SignedIn, err error) {
	if !in.NoSession {
		session, secret, err := s.newSession(opening{Dialect: in.Dialect, Caller: in.Caller, AMR: []string{amrPassword}}, a.CreatedAt)
		if err != nil {
			return with, out, err
		}
		with.Session, out.Secret = &session, secret
	}
	if a.EmailKey != "" {
		err = s.addVerification(&with, a, in.Caller, in.Flow, false)
	}
	return with, out, err
}

// knownAddress looks whether the address of a page's sign-up has an account. If so it tells the owner by mail, within a budget, and
// returns EmailTaken. Both ways one read and one durable write follow.
func (s *Service) knownAddress(ctx context.Context, in SignUp, a storage.Account) (bool, error) {
	if a.UsernameKey != "" {
		if _, err := s.store.Account(ctx, storage.AccountKey{UsernameKey: a.UsernameKey}); err == nil {
			return true, &Refusal{Kind: UsernameTaken} // names are public: this may be told, whatever the address is
		} else if !errors.Is(err, storage.ErrNotFound) {
			return false, fmt.Errorf("look for username: %w", err)
		}
	}
	owner, err := s.store.Account(ctx, storage.AccountKey{EmailKey: a.EmailKey})
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for address: %w", err)
	}
	return true, s.tellOwner(ctx, in.Caller, owner)
}

// tellOwner queues the "you already have an account" mail. Without budget a request record that comes to nothing takes its place, so
// that the write is made all the same.
func (s *Service) tellOwner(ctx context.Context, c Caller, owner storage.Account) error {
	budget := s.config.Limits.Mail.limit("mail", digest(owner.EmailKey)[:32])
	taken, err := s.store.TakeAttempts(ctx, []storage.Limit{budget}, s.now())
	if err != nil {
		return fmt.Errorf("count mail: %w", err)
	}
	kind := MailAlready
	if !taken.OK || owner.Disabled {
		kind = mailNothing
	}
	m, err := s.mail(kind, owner, c, Letter{When: s.now()}, s.config.NoticeTTL)
	if err != nil {
		return err
	}
	if err := s.outbox.QueueMail(ctx, []storage.Mail{m}, s.now()); err != nil {
		return fmt.Errorf("queue mail: %w", err)
	}
	s.wake()
	return &Refusal{Kind: EmailTaken}
}

// signUpRefused names what the store refused. Where both name and address are taken the name is told: it is public.
func (s *Service) signUpRefused(ctx context.Context, in SignUp, a storage.Account, discreet bool, err error) error {
	switch {
	case errors.Is(err, storage.ErrUsernameTaken):
		return &Refusal{Kind: UsernameTaken}
	case errors.Is(err, storage.ErrEmailTaken):
		if a.UsernameKey != "" {
			if _, lookErr := s.store.Account(ctx, storage.AccountKey{UsernameKey: a.UsernameKey}); lookErr == nil {
				return &Refusal{Kind: UsernameTaken}
			}
		}
		if discreet { // taken since knownAddress looked
			if _, lookErr := s.knownAddress(ctx, in, a); lookErr != nil {
				return lookErr
			}
		}
		return &Refusal{Kind: EmailTaken}
	}
	return fmt.Errorf("create account: %w", err)
}

// UsernameAvailable says whether a name could be signed up with. Refusals: Invalid (its syntax), Throttled.
func (s *Service) UsernameAvailable(ctx context.Context, dialect Dialect, username string, caller Caller) (bool, error) {
	if err := s.take(ctx, caller, s.config.Limits.Check.limit("check", AddressKey(caller.Address))); err != nil {
		return false, err
	}
	if p, bad := checkUsername(dialect, username); bad {
		return false, invalid(FieldUsername, p)
	}
	_, err := s.store.Account(ctx, storage.AccountKey{UsernameKey: UsernameKey(username)})
	if errors.Is(err, storage.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for username: %w", err)
	}
	return false, nil
}
