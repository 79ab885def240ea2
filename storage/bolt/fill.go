package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// ready makes a store that was opened one that can be used, or closes it.
func (s *Store) ready(ctx context.Context, o Options) error {
	s.alone = o.Transfer
	progress, err := s.FillProgress(ctx)
	switch {
	case err == nil && progress != nil && !o.Transfer:
		err = storage.ErrHalfFilled
	case err == nil:
		err = s.release(ctx)
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

// FillProgress implements [storage.Transfers].
func (s *Store) FillProgress(ctx context.Context) (progress []byte, err error) {
	err = s.view(ctx, "FillProgress", func(t *txn) error {
		noted, _ := t.get(tMeta, []byte(keyFilling))
		progress = bytes.Clone(noted)
		return nil
	})
	return progress, err
}

// FinishFill implements [storage.Transfers].
func (s *Store) FinishFill(ctx context.Context, from []byte) error {
	return s.update(ctx, "FinishFill", func(t *txn) error {
		noted, filling := t.get(tMeta, []byte(keyFilling))
		switch {
		case !filling:
			return nil
		case !bytes.Equal(noted, from):
			return storage.ErrConflict
		}
		t.drop(tMeta, []byte(keyFilling))
		return nil
	})
}

// Fill implements [storage.Transfers].
func (s *Store) Fill(ctx context.Context, items []storage.Item, from, to []byte) error {
	if len(to) == 0 || len(to) > storage.MaxFillProgress {
		return fmt.Errorf("Fill: progress of %d bytes", len(to))
	}
	return s.updateWeighing(ctx, "Fill", maxWeight, func(t *txn) error {
		noted, filling := t.get(tMeta, []byte(keyFilling))
		switch {
		case filling && bytes.Equal(noted, to):
			return nil
		case !bytes.Equal(noted, from):
			return storage.ErrConflict
		case !filling && !t.empty():
			return storage.ErrNotEmpty
		}
		t.point(tMeta, []byte(keyFilling), to)
		for _, item := range items {
			if err := t.fill(item); err != nil {
				return err
			}
		}
		return nil
	})
}

// empty says whether nothing was ever stored.
func (t *txn) empty() bool {
	for _, tb := range counted() {
		if k, _ := t.bucket(tb).Cursor().First(); k != nil {
			return false
		}
	}
	_, numbered := t.get(tMeta, []byte(keyLastID))
	_, keyed := t.get(tMeta, []byte(keyKeyring))
	return !numbered && !keyed
}

func (t *txn) has(tb table, key []byte) bool {
	_, there := t.get(tb, key)
	return there
}

// fill stores one record, unless it is there.
func (t *txn) fill(item storage.Item) error {
	switch r := item.(type) {
	case storage.AccountSequence:
		t.raiseID(r.Last)
	case storage.Account:
		t.fillAccount(r)
	case storage.StoredFile:
		return t.fillOwned(r.AccountID, false, func() { t.fillFile(r) })
	case storage.Session:
		return t.fillOwned(r.AccountID, t.has(tSessions, []byte(r.SID)), func() { t.addSession(r) })
	case storage.StoredGrant:
		there := t.has(tGrants, []byte(r.ID)) || indexed(r.Code) && t.has(tCodes, []byte(r.Code.Hash))
		add := func() { t.addGrant(grant{Grant: r.Grant, revoked: r.Revoked}) }
		if r.AccountID != 0 {
			return t.fillOwned(r.AccountID, there, add)
		}
		if !there {
			add()
		}
	case storage.Consent:
		return t.fillOwned(r.AccountID, t.has(tConsents, consentKey(r.AccountID, r.ClientID)), func() { t.addConsent(r) })
	case storage.Passkey:
		return t.fillOwned(r.AccountID, t.has(tPasskeys, []byte(r.ID)), func() { t.addPasskey(r) })
	case storage.AccountEvent:
		return t.fillOwned(r.AccountID, t.has(tEvents, eventKey(r.AccountID, r.ID)), func() { t.addEvent(r) })
	case storage.OneTime:
		return t.fillOwned(r.AccountID, t.has(tOneTimes, oneTimeKey(r.OneTimeKey)), func() { t.addOneTime(r) })
	case storage.Keyring:
		if !t.has(tMeta, []byte(keyKeyring)) {
			save(t, tMeta, []byte(keyKeyring), walkKeyring, r)
		}
	default:
		return t.fillRequest(item)
	}
	return nil
}

// fillRequest stores what belongs to no account.
func (t *txn) fillRequest(item storage.Item) error {
	var there bool
	var add func()
	switch r := item.(type) {
	case storage.Denial:
		there, add = t.has(tDenials, []byte(r.JTI)), func() { t.addUntil(tDenials, r.JTI, r.Until) }
	case storage.Replay:
		there, add = t.has(tReplays, []byte(r.Key)), func() { t.addUntil(tReplays, r.Key, r.Until) }
	case storage.PushedRequest:
		there, add = t.has(tPushed, []byte(r.ID)), func() { t.addPushed(r) }
	case storage.Device:
		there, add = t.has(tDevices, []byte(r.CodeHash)) || t.has(tUserCodes, []byte(r.UserCodeHash)), func() { t.addDevice(r) }
	case storage.Client:
		there, add = t.has(tClients, []byte(r.ID)), func() { t.addClient(r) }
	case storage.RegistrationToken:
		there = t.has(tRegistrations, []byte(r.ID)) || t.has(tRegistrationHashes, []byte(r.Hash))
		add = func() { t.addRegistration(r) }
	case storage.Mail:
		r.LeaseUntil = time.Time{}
		there, add = t.has(tMails, []byte(r.ID)), func() { t.addMail(r) }
	case storage.LogoutNotice:
		r.LeaseUntil = time.Time{}
		there, add = t.has(tNotices, noticeKey(r.NoticeKey)), func() { t.addNotice(r) }
	default:
		return fmt.Errorf("a record of type %T", item)
	}
	if !there {
		add()
	}
	return nil
}

// fillOwned stores what belongs to an account, which must be there.
func (t *txn) fillOwned(accountID int64, there bool, add func()) error {
	if !t.hasAccount(accountID) {
		return fmt.Errorf("a record of account %d: %w", accountID, storage.ErrNotFound)
	}
	if !there {
		add()
	}
	return nil
}

func (t *txn) fillAccount(a storage.Account) {
	if t.hasAccount(a.ID) || t.has(tSubs, []byte(a.Sub)) || t.has(tUsernames, []byte(a.UsernameKey)) || t.has(tEmails, []byte(a.EmailKey)) {
		return
	}
	a.Resume, a.Picture = nil, nil
	t.addAccount(a)
	t.raiseID(a.ID)
}

func (t *txn) fillFile(f storage.StoredFile) {
	a, _ := t.account(f.AccountID)
	p := slot(&a, f.Kind)
	if p == nil || *p != nil || t.has(tFiles, []byte(f.Info.ID)) {
		return
	}
	t.addFile(file{account: a.ID, kind: f.Kind, info: f.Info, content: f.Content})
	*p = &f.Info
	save(t, tAccounts, idKey(a.ID), walkAccount, a)
}

// raiseID has no ID up to last be given out.
func (t *txn) raiseID(last int64) {
	was, ok := t.get(tMeta, []byte(keyLastID))
	if !ok || int64(binary.BigEndian.Uint64(was)) < last {
		t.point(tMeta, []byte(keyLastID), idKey(last))
	}
}
