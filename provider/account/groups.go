package account

import (
	"context"
	"errors"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// ErrGroups: the account would be in more than [storage.MaxGroups] groups.
var ErrGroups = errors.New("too many groups")

// SetMember puts an account into a group, or takes it out, by an operator's word; also one that is disabled. What files say of the group is not looked
// at. Nothing is written where nothing changes. Refusals: Gone. Errors: ErrGroups, what [storage.CheckGroup] says, or a fault.
func (s *Service) SetMember(ctx context.Context, accountID int64, group string, member bool, caller Caller) (storage.Account, error) {
	if err := storage.CheckGroup(group); err != nil {
		return storage.Account{}, err
	}
	const tries = 8
	for try := 1; ; try++ {
		a, err := s.Account(ctx, accountID)
		if err != nil {
			return storage.Account{}, err
		}
		before, sign := len(a.Groups), "+"
		if member {
			a.Groups = storage.JoinGroup(a.Groups, group)
		} else {
			a.Groups, sign = storage.LeaveGroup(a.Groups, group), "-"
		}
		if len(a.Groups) == before {
			return a, nil
		}
		if len(a.Groups) > storage.MaxGroups {
			return storage.Account{}, ErrGroups
		}
		written, err := s.store.ReplaceAccount(ctx, a, storage.Effects{}, s.now())
		if errors.Is(err, storage.ErrConflict) && try < tries {
			continue
		}
		if err != nil {
			return storage.Account{}, gone("set groups", err)
		}
		s.record(ctx, audit.GroupsChanged, caller, audit.Event{AccountID: accountID, Detail: sign + group})
		return written, nil
	}
}
