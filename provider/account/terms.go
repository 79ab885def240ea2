package account

import (
	"context"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// TermsVersion is the version of the terms in force; "" for none.
func (s *Service) TermsVersion() string { return s.config.Lifecycle.TermsVersion }

// missingTerms tells whether somebody must accept the terms before going on. Only pages can show them.
func (s *Service) missingTerms(in opening, a storage.Account) StepNeed {
	if v := s.TermsVersion(); v != "" && in.Dialect == Page && a.TermsVersion != v {
		return NeedTerms
	}
	return ""
}

// accept notes on an account that its owner accepted the terms in force, as the page of sign-up says.
func (s *Service) accept(a *storage.Account) {
	if v := s.TermsVersion(); v != "" {
		a.TermsVersion, a.TermsAt = v, s.now()
	}
}

// AcceptTerms notes that a person accepted the version of the terms that they were shown, and goes on with their sign-in.
// Refusals: StepGone, TermsOld (another version came into force meanwhile), StepNeeded, WrongCredentials.
func (s *Service) AcceptTerms(ctx context.Context, ticket, version string, caller Caller) (SignedIn, error) {
	in, a, need, err := s.step(ctx, ticket, caller)
	if err != nil {
		return SignedIn{}, err
	}
	if need != NeedTerms {
		return SignedIn{}, &Refusal{Kind: StepGone}
	}
	if version != s.TermsVersion() {
		return SignedIn{}, &Refusal{Kind: TermsOld}
	}
	if in, err = s.spendFirst(ctx, in); err != nil {
		return SignedIn{}, err
	}
	a, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		s.accept(a)
		return storage.Effects{}, nil
	})
	if err != nil {
		return SignedIn{}, gone("accept terms", err)
	}
	s.record(ctx, audit.TermsAccepted, caller, audit.Event{AccountID: a.ID, Detail: version})
	return s.enter(ctx, in, a)
}
