package account

import (
	"context"

	"latchkey/storage"
)

// Events lists what happened to an account, newest first: at most [storage.EventsListed], fewer where q.Limit says so.
func (s *Service) Events(ctx context.Context, q storage.EventQuery) ([]storage.AccountEvent, error) {
	q.Limit = min(max(1, q.Limit), storage.EventsListed)
	list, err := s.store.ListEvents(ctx, q, s.now())
	return list, wrap("list events", err)
}
