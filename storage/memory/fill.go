package memory

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"latchkey/storage"
)

// Fill implements [storage.Transfers].
func (s *Store) Fill(ctx context.Context, items []storage.Item, from, to []byte) error {
	return s.write(ctx, "Fill", func(t *tx) error {
		switch {
		case len(to) == 0 || len(to) > storage.MaxFillProgress:
			return fmt.Errorf("progress of %d bytes", len(to))
		case bytes.Equal(s.filling, to):
			return nil
		case !bytes.Equal(s.filling, from):
			return storage.ErrConflict
		case s.filling == nil && !s.empty():
			return storage.ErrNotEmpty
		}
		set(t, &s.filling, slices.Clone(to))
		for _, item := range items {
			if err := s.fill(t, item); err != nil {
				return err
			}
		}
		return nil
	})
}

// empty says whether nothing was ever stored.
func (s *Store) empty() bool {
	return s.lastID == 0 && s.keyring.Revision == 0 && len(s.clients)+len(s.grants)+len(s.mails)+len(s.denials)+len(s.replays)+len(s.pushed)+
		len(s.devices)+len(s.registrations)+len(s.notices) == 0
}

// FillProgress implements [storage.Transfers].
func (s *Store) FillProgress(ctx context.Context) (progress []byte, err error) {
	err = s.read(ctx, "FillProgress", func() error {
		progress = slices.Clone(s.filling)
		return nil
	})
	return progress, err
}

// FinishFill implements [storage.Transfers].
func (s *Store) FinishFill(ctx context.Context, from []byte) error {
	return s.write(ctx, "FinishFill", func(t *tx) error {
		if s.filling != nil && !bytes.Equal(s.filling, from) {
			return storage.ErrConflict
		}
		set(t, &s.filling, nil)
		return nil
	})
}

// fill stores one record, unless it is there.
func (s *Store) fill(t *tx, item storage.Item) error {
	switch r := item.(type) {
	case storage.AccountSequence:
		set(t, &s.lastID, max(s.lastID, r.Last))
	case storage.Account:
		s.fillAccount(t, r)
	case storage.StoredFile:
		return s.fillFile(t, r)
	case storage.Session:
		return s.fillSession(t, r)
	case storage.StoredGrant:
		return s.fillGrant(t, r)
	case storage.Consent:
		key := consentKey{r.AccountID, r.ClientID}
		return s.fillOwned(r.AccountID, func() { putNew(t, s.consents, key, cloneConsent(r)) })
	case storage.Passkey:
		return s.fillOwned(r.AccountID, func() { s.putNewPasskey(t, clonePasskey(r)) })
	case storage.AccountEvent:
		return s.fillOwned(r.AccountID, func() { s.putNewEvent(t, r) })
	case storage.OneTime:
		return s.fillOwned(r.AccountID, func() {
			if putNew(t, s.oneTimes, r.OneTimeKey, cloneOneTime(r)) {
				s.expires(r.ExpiresAt, expiring{kind: aOneTime, id: string(r.Purpose), more: r.Hash})
			}
		})
	case storage.Keyring:
		if s.keyring.Revision == 0 {
			set(t, &s.keyring, cloneKeyring(r))
		}
	default:
		return s.fillRequest(t, item)
	}
	return nil
}

// fillRequest stores what belongs to no account.
func (s *Store) fillRequest(t *tx, item storage.Item) error {
	switch r := item.(type) {
	case storage.Denial:
		if putNew(t, s.denials, r.JTI, denial{r.Until}) {
			s.expires(r.Until, expiring{kind: aDenial, id: r.JTI})
		}
	case storage.Replay:
		if putNew(t, s.replays, r.Key, r.Until) {
			s.expires(r.Until, expiring{kind: aReplay, id: r.Key})
		}
	case storage.PushedRequest:
		if putNew(t, s.pushed, r.ID, r) {
			s.expires(r.ExpiresAt, expiring{kind: aPushedRequest, id: r.ID})
		}
	case storage.Device:
		if _, taken := s.userCodes[r.UserCodeHash]; !taken && putNew(t, s.devices, r.CodeHash, cloneDevice(r)) {
			put(t, s.userCodes, r.UserCodeHash, r.CodeHash)
			s.expires(r.ExpiresAt, expiring{kind: aDevice, id: r.CodeHash})
		}
	case storage.Client:
		if _, there := s.clients[r.ID]; !there {
			s.putClient(t, r.Clone())
		}
	case storage.RegistrationToken:
		if _, taken := s.registrationHashes[r.Hash]; !taken && putNew(t, s.registrations, r.ID, r) {
			put(t, s.registrationHashes, r.Hash, r.ID)
			if !r.ExpiresAt.IsZero() {
				s.expires(r.ExpiresAt, expiring{kind: aRegistrationToken, id: r.ID})
			}
		}
	case storage.Mail:
		if putNew(t, s.mails, r.ID, unleasedMail(r)) {
			s.expires(r.ExpiresAt, expiring{kind: aMail, id: r.ID})
		}
	case storage.LogoutNotice:
		if putNew(t, s.notices, r.NoticeKey, unleasedNotice(r)) {
			if !r.Over() {
				put(t, s.waiting, r.NoticeKey, struct{}{})
			}
			s.expires(r.SweptAt(), expiring{kind: aNotice, id: r.SID, more: r.ClientID})
		}
	default:
		return fmt.Errorf("a record of type %T", item)
	}
	return nil
}

// putNew stores the record unless there is one, and says whether it did.
func putNew[K comparable, V any](t *tx, m map[K]V, k K, v V) bool {
	if _, there := m[k]; there {
		return false
	}
	put(t, m, k, v)
	return true
}

// fillOwned stores what belongs to an account, which must be there.
func (s *Store) fillOwned(accountID int64, store func()) error {
	if _, ok := s.accounts[accountID]; !ok {
		return fmt.Errorf("a record of account %d: %w", accountID, storage.ErrNotFound)
	}
	store()
	return nil
}

func (s *Store) fillAccount(t *tx, a storage.Account) {
	_, id := s.accounts[a.ID]
	_, sub := s.bySub[a.Sub]
	_, username := s.byUsername[a.UsernameKey]
	_, email := s.byEmail[a.EmailKey]
	if id || sub || username || email {
		return
	}
	put(t, s.accounts, a.ID, withoutFiles(a))
	put(t, s.bySub, a.Sub, a.ID)
	_ = s.name(t, storage.Account{}, a) // the names are free
	set(t, &s.lastID, max(s.lastID, a.ID))
}

func (s *Store) fillFile(t *tx, f storage.StoredFile) error {
	return s.fillOwned(f.AccountID, func() {
		a := s.accounts[f.AccountID]
		p, info := slot(&a, f.Kind), f.Info
		if p == nil || *p != nil {
			return
		}
		if putNew(t, s.files, info.ID, file{account: f.AccountID, kind: f.Kind, info: info, content: slices.Clone(f.Content)}) {
			*p = &info
			put(t, s.accounts, a.ID, a)
		}
	})
}

func (s *Store) fillSession(t *tx, r storage.Session) error {
	return s.fillOwned(r.AccountID, func() {
		if putNew(t, s.sessions, r.SID, cloneSession(r)) {
			s.sessionsOf.add(t, r.AccountID, r.SID)
			s.expires(r.ExpiresAt, expiring{kind: aSession, id: r.SID})
		}
	})
}

func (s *Store) fillGrant(t *tx, r storage.StoredGrant) error {
	store := func() {
		if r.Code != nil {
			if _, taken := s.codes[r.Code.Hash]; taken {
				return
			}
		}
		if putNew(t, s.grants, r.ID, grant{Grant: cloneGrant(r.Grant), revoked: r.Revoked}) {
			s.indexGrant(t, r.Grant)
		}
	}
	if r.AccountID != 0 {
		return s.fillOwned(r.AccountID, store)
	}
	store()
	return nil
}
