package account

import (
	"context"
	"fmt"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// Consents lists what the account allowed applications, in order of client ID.
func (s *Service) Consents(ctx context.Context, accountID int64) ([]storage.Consent, error) {
	list, err := s.store.ListConsents(ctx, accountID)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return list, nil
}

// RemoveConsent takes back what the account allowed a client, with every grant of the two: its codes and tokens are dead, offline ones too. The client's part
// of each session ends with it, of which it is told where it asked for that.
// Refusals: Gone where there is no such consent.
func (s *Service) RemoveConsent(ctx context.Context, accountID int64, clientID string, caller Caller) error {
	if err := s.store.DeleteConsent(ctx, accountID, clientID, s.now()); err != nil {
		return gone("remove consent", err)
	}
	if err := s.leaveClient(ctx, accountID, clientID); err != nil {
		return err
	}
	s.record(ctx, audit.ConsentRemoved, caller, audit.Event{AccountID: accountID, ClientID: clientID})
	return nil
}
