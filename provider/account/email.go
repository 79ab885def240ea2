package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"latchkey/provider/audit"
	"latchkey/storage"
)

// mailAskEmail is a request for the mail that proves a new address.
const mailAskEmail = requestPrefix + "email"

// PendingEmail is a change of address that waits for its proof.
type PendingEmail struct {
	Email              string
	AskedAt, ExpiresAt time.Time
}

// emailChange is the data of a token that proves a new address.
type emailChange struct {
	Email string `json:"email"`
	Key   string `json:"key"`
	// SID is the session that asked.
	SID string `json:"sid,omitempty"`
}

// emailRequest is the sealed content of the request for that token's mail.
type emailRequest struct {
	AccountID int64     `json:"account_id"`
	Token     string    `json:"token"`
	Expires   time.Time `json:"expires"`
	Locale    string    `json:"locale,omitempty"`
	Address   string    `json:"address,omitempty"`
	RequestID string    `json:"request_id,omitempty"`
}

// ChangeEmail begins to move an account to another address: that one is asked to confirm, the present one is told. The caller has made sure that the
// person signed in a moment ago. What it does, and so its time, does not depend on whether the new address is known: nobody looks until the answer
// is out, and then a known address gets another mail. An earlier change that waits is void. Refusals: Invalid, Throttled, Gone.
func (s *Service) ChangeEmail(ctx context.Context, accountID int64, sid, email string, caller Caller) error {
	a, err := s.active(ctx, accountID)
	if err != nil {
		return err
	}
	e, ok := ParseEmail(email)
	switch {
	case email == "":
		return invalid(FieldEmail, Missing)
	case !ok:
		return invalid(FieldEmail, Malformed)
	case e.Key == a.EmailKey:
		return invalid(FieldEmail, SameValue)
	}
	mails := s.config.Limits.Mail
	if err := s.take(ctx, caller, s.addressLimit(caller), mails.limit("email", emailDigest(email)), mails.limit("email.account", strconv.FormatInt(a.ID, 10))); err != nil {
		return err
	}
	with, err := s.emailEffects(a, emailChange{Email: e.Address, Key: e.Key, SID: sid}, caller)
	if err != nil {
		return err
	}
	if err := s.store.ApplyEffects(ctx, a.ID, with, s.now()); err != nil {
		return gone("ask for new address", err)
	}
	s.wake()
	s.record(ctx, audit.EmailChangeAsked, caller, audit.Event{AccountID: a.ID, SID: sid})
	return nil
}

// emailEffects are the token, the request for its mail, and the notice to the present address.
func (s *Service) emailEffects(a storage.Account, d emailChange, c Caller) (storage.Effects, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return storage.Effects{}, fmt.Errorf("encode new address: %w", err)
	}
	token, one, err := s.newToken(storage.PurposeEmail, data)
	if err != nil {
		return storage.Effects{}, err
	}
	r, err := s.sealed(mailAskEmail, a.ID, localeOf(c, a), emailRequest{AccountID: a.ID, Token: token, Expires: one.ExpiresAt, Locale: c.Locale,
		Address: c.Address, RequestID: c.RequestID}, s.config.VerifyTTL)
	if err != nil {
		return storage.Effects{}, err
	}
	with := storage.Effects{Void: []storage.Purpose{storage.PurposeEmail}, Put: []storage.OneTime{one}, Mail: []storage.Mail{r}}
	if a.EmailVerified {
		err = s.addWarning(&with, a, MailEmailAsked, c, Letter{Address: d.Email})
	}
	return with, err
}

// expandEmail makes the mail of a request: to the new address, or, where that has an account, to its owner.
func (s *Service) expandEmail(ctx context.Context, id string, plain []byte) error {
	var r emailRequest
	if err := json.Unmarshal(plain, &r); err != nil {
		return fmt.Errorf("decode request: %w", err)
	}
	one, a, err := s.peek(ctx, storage.PurposeEmail, r.Token)
	if IsKind(err, BadToken) {
		return nil // taken back meanwhile
	}
	if err != nil {
		return err
	}
	d, err := emailOf(one)
	if err != nil {
		return err
	}
	c := Caller{Address: r.Address, RequestID: r.RequestID, Locale: r.Locale}
	owner, err := s.store.Account(ctx, storage.AccountKey{EmailKey: d.Key})
	if err == nil && owner.ID != a.ID {
		return s.tellEmailTaken(ctx, owner, c, id)
	}
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return fmt.Errorf("look for address: %w", err)
	}
	l := Letter{To: d.Email, Name: a.Username, Link: s.links.Mailed(LinkEmail, r.Token), Expires: r.Expires, When: s.now(), Where: c.Address}
	m, err := s.sealed(MailEmailConfirm, a.ID, localeOf(c, a), l, s.config.VerifyTTL)
	if err != nil {
		return err
	}
	return s.applyRequest(ctx, a.ID, storage.Effects{Finish: id, Mail: []storage.Mail{m}}, "queue proof of address")
}

func (s *Service) tellEmailTaken(ctx context.Context, owner storage.Account, c Caller, request string) error {
	if owner.Disabled {
		return s.sendNothing(ctx)
	}
	c.Locale = "" // the language of who asked says nothing about who has the address
	m, err := s.mail(MailEmailTaken, owner, c, Letter{}, s.config.NoticeTTL)
	if err != nil {
		return err
	}
	return s.applyRequest(ctx, owner.ID, storage.Effects{Finish: request, Mail: []storage.Mail{m}}, "queue notice")
}

func emailOf(one storage.OneTime) (emailChange, error) {
	var d emailChange
	if err := json.Unmarshal(one.Data, &d); err != nil || d.Key == "" {
		return d, fmt.Errorf("decode new address: %w", errors.Join(err, errors.New("it has no key")))
	}
	return d, nil
}

// PendingEmail is the change of address that waits; nil for none.
func (s *Service) PendingEmail(ctx context.Context, accountID int64) (*PendingEmail, error) {
	list, err := s.store.ListOneTimes(ctx, accountID, storage.PurposeEmail, s.now())
	if err != nil || len(list) == 0 {
		return nil, wrap("list changes of address", err)
	}
	d, err := emailOf(list[0])
	if err != nil {
		return nil, err
	}
	return &PendingEmail{Email: d.Email, AskedAt: list[0].CreatedAt, ExpiresAt: list[0].ExpiresAt}, nil
}

// CancelEmail takes back a change that waits. There may be none. Refusals: Gone.
func (s *Service) CancelEmail(ctx context.Context, accountID int64, caller Caller) error {
	if err := s.store.ApplyEffects(ctx, accountID, storage.Effects{Void: []storage.Purpose{storage.PurposeEmail}}, s.now()); err != nil {
		return gone("cancel change of address", err)
	}
	s.record(ctx, audit.EmailChangeStopped, caller, audit.Event{AccountID: accountID, Detail: "owner"})
	return nil
}

// PeekEmail tells the account whose change a token proves, and the new address, without using it. Refusals: BadToken.
func (s *Service) PeekEmail(ctx context.Context, token string) (storage.Account, string, error) {
	one, a, err := s.peek(ctx, storage.PurposeEmail, token)
	if err != nil {
		return storage.Account{}, "", err
	}
	d, err := emailOf(one)
	return a, d.Email, err
}

// ConfirmEmail uses the token: the account has the new address, proven. Every session but the one that asked ends, with offline grants, whatever was
// mailed to the former address is void, and that address, where it was proven, can undo it for EmailUndo: all in one write.
// Refusals: BadToken, EmailTaken (somebody else has it by now), Throttled.
func (s *Service) ConfirmEmail(ctx context.Context, token string, caller Caller) (storage.Account, error) {
	if err := s.AttemptAny(ctx, caller); err != nil {
		return storage.Account{}, err
	}
	one, a, err := s.token(ctx, storage.PurposeEmail, token, caller)
	if err != nil {
		return storage.Account{}, err
	}
	d, err := emailOf(one)
	if err != nil {
		return storage.Account{}, err
	}
	var with storage.Effects
	a, err = s.change(ctx, a, func(a *storage.Account) (storage.Effects, error) {
		with = storage.Effects{Take: &one.OneTimeKey, Void: mailedPurposes(), End: &storage.EndScope{ExceptSID: d.SID, Offline: true}}
		if a.EmailVerified {
			if err := s.addUndo(&with, *a, d.Email, one.CreatedAt, caller); err != nil {
				return storage.Effects{}, err
			}
		}
		a.Email, a.EmailKey, a.EmailVerified = d.Email, d.Key, true
		return with, nil
	})
	if errors.Is(err, storage.ErrEmailTaken) {
		return storage.Account{}, &Refusal{Kind: EmailTaken}
	}
	if err != nil {
		return storage.Account{}, badToken("change address", err)
	}
	s.wakeFor(with)
	s.record(ctx, audit.EmailChanged, caller, audit.Event{AccountID: a.ID})
	return a, nil
}

// mailedPurposes are the tokens that went to the account's address and let somebody do something to it.
func mailedPurposes() []storage.Purpose {
	return []storage.Purpose{storage.PurposeEmail, storage.PurposeVerify, storage.PurposeReset, storage.PurposeSignIn, storage.PurposeCode, storage.PurposeInvite, storage.PurposeClaim}
}

// localeOf is the language of a mail that a request causes about an account.
func localeOf(c Caller, a storage.Account) string {
	if l := normalLocale(c.Locale); l != "" {
		return l
	}
	return a.Locale
}

// wrap says what failed, where something did.
func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
