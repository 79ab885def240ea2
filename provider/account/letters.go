package account

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// mail makes a queued mail to an account's own address: never to one that a request named.
func (s *Service) mail(kind string, a storage.Account, c Caller, l Letter, ttl time.Duration) (storage.Mail, error) {
	to, ok := ParseEmail(a.Email)
	if !ok || to.Key != a.EmailKey {
		return storage.Mail{}, errors.New("the account's address does not match its key")
	}
	l.To, l.Name, l.Zone = to.Address, displayName(a), a.Zoneinfo
	if !a.EmailVerified {
		// Anybody may have signed up with somebody else's address, and a full name can say "visit evil.example". A username cannot.
		l.Name = a.Username
	}
	locale := normalLocale(c.Locale)
	if locale == "" {
		locale = a.Locale
	}
	return s.sealed(kind, a.ID, locale, l, ttl)
}

func (s *Service) sealed(kind string, accountID int64, locale string, content any, ttl time.Duration) (storage.Mail, error) {
	id, err := s.secret(18)
	if err != nil {
		return storage.Mail{}, err
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return storage.Mail{}, fmt.Errorf("encode mail: %w", err)
	}
	box, err := s.vault.Seal(MailVaultPurpose, id, plain)
	if err != nil {
		return storage.Mail{}, fmt.Errorf("seal mail: %w", err)
	}
	now := s.now()
	return storage.Mail{
		ID: id, AccountID: accountID, Kind: kind, Locale: locale, Sealed: box, CreatedAt: now, NotBefore: now, ExpiresAt: now.Add(ttl),
	}, nil
}

func (s *Service) wakeFor(with storage.Effects) {
	if len(with.Mail) > 0 {
		s.wake()
	}
}

// displayName is how a person is greeted; "" where nothing is known.
func displayName(a storage.Account) string {
	switch {
	case a.FullName != "":
		return a.FullName
	case a.FirstName != "":
		return a.FirstName
	}
	return a.Username
}
