package account

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"latchkey/provider/audit"
	"latchkey/storage"

	"golang.org/x/text/unicode/norm"
)

// normalPassword is the form that is counted and hashed: NFC (NIST SP 800-63B-4 §3.1.1.2), never trimmed. It is refused before any
// hash where it is over the cap.
func (s *Service) normalPassword(password string) ([]byte, Problem) {
	if len(password) > s.config.MaxPasswordBytes {
		return nil, TooLong
	}
	if !utf8.ValidString(password) {
		return nil, Malformed
	}
	n := norm.NFC.Bytes([]byte(password))
	if len(n) > s.config.MaxPasswordBytes {
		return nil, TooLong
	}
	return n, ""
}

// newPassword checks a password that is to be set. who are names that the page dialect does not want in it.
func (s *Service) newPassword(d Dialect, password string, who ...string) ([]byte, *Refusal) {
	refuse := func(p Problem) *Refusal {
		r := invalid(FieldPassword, p)
		if p == TooShort {
			r.Minimum = s.config.Minimum(d)
		}
		return r
	}
	if password == "" && d == Page {
		return nil, refuse(Missing)
	}
	n, problem := s.normalPassword(password)
	if problem != "" {
		return nil, refuse(problem)
	}
	if utf8.RuneCount(n) < s.config.Minimum(d) {
		return nil, refuse(TooShort)
	}
	// Guessable passwords are refused on the pages only: the documents of the API dialects have no word for it.
	if d == Page {
		switch {
		case s.judge.Common(string(n)):
			return nil, refuse(Common)
		case personalPassword(string(n), who):
			return nil, refuse(Personal)
		case s.judge.Bits(string(n), who) < float64(s.config.PasswordMinBits):
			return nil, refuse(Weak)
		}
	}
	return n, nil
}

// hashPassword hashes with a fresh salt. Refusals: Busy.
func (s *Service) hashPassword(ctx context.Context, normal []byte) (string, error) {
	salt := s.randomBytes(saltLength)
	if salt == nil {
		return "", errors.New("read random bytes")
	}
	return s.hashes.hash(ctx, normal, salt)
}

// reused says whether the password is among the account's last ones. It costs a hash for each. Refusals: Busy.
func (s *Service) reused(ctx context.Context, a storage.Account, normal []byte) (bool, error) {
	for _, old := range recentPasswords(a, s.config.PasswordHistory) {
		ok, _, err := s.hashes.verify(ctx, old, normal)
		if err != nil && !errors.Is(err, errHashSyntax) {
			return false, err
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// recentPasswords are at most n hashes, newest first, the one in force included.
func recentPasswords(a storage.Account, n int) []string {
	all := slices.Clone(a.PasswordHistory)
	if a.PasswordHash != "" && !slices.Contains(all, a.PasswordHash) {
		all = slices.Insert(all, 0, a.PasswordHash)
	}
	return all[:min(n, len(all))]
}

// setPassword puts a new hash in force.
func setPassword(a *storage.Account, encoded string) {
	history := append([]string{encoded}, recentPasswords(*a, 4)...)
	a.PasswordHash, a.PasswordHistory = encoded, history
}

// personalPassword finds a name or the local part of an address (of three characters or more) in a password, without case.
func personalPassword(password string, who []string) bool {
	password = strings.ToLower(password)
	for _, w := range who {
		w = strings.ToLower(norm.NFC.String(w))
		local, _, _ := strings.Cut(w, "@")
		for _, part := range append(strings.Fields(w), local) {
			if utf8.RuneCountInString(part) >= 3 && strings.Contains(password, part) {
				return true
			}
		}
	}
	return false
}

// unbreached asks the breach service, where there is one, about a password that is to be set on a page. Where the service is away, the operator said what counts.
// Refusals: Invalid (Breached), Unchecked.
func (s *Service) unbreached(ctx context.Context, d Dialect, c Caller, normal []byte) error {
	if s.breaches == nil || d != Page {
		return nil
	}
	known, err := s.breaches.Breached(ctx, string(normal))
	switch {
	case known:
		return invalid(FieldPassword, Breached)
	case err == nil:
		return nil
	case s.config.BreachClosed:
		s.record(ctx, audit.BreachUnchecked, c, audit.Event{Detail: "refused"})
		return &Refusal{Kind: Unchecked, RetryAfter: 30 * time.Second}
	}
	s.record(ctx, audit.BreachUnchecked, c, audit.Event{Detail: "let_through"})
	return nil
}
