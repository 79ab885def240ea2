package account

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"latchkey/storage"
)

// stepPurpose is the [Vault] purpose of tickets.
const stepPurpose = "sign-in step"

// ticket is what a step carries through the browser, sealed: who proved what, and when. Nothing of it is stored.
type ticket struct {
	ID        string   `json:"i"`
	AccountID int64    `json:"a"`
	Need      StepNeed `json:"n"`
	// PasswordSetAt of the account: a password that was changed since takes the ticket along.
	PasswordSetAt time.Time `json:"s"`
	ExpiresAt     time.Time `json:"x"`

	Dialect     Dialect   `json:"d"`
	Persistent  bool      `json:"p,omitempty"`
	Replace     string    `json:"r,omitempty"`
	AMR         []string  `json:"m"`
	DeviceToken string    `json:"k,omitempty"`
	Since       time.Time `json:"t"`
	Key         string    `json:"e,omitempty"`
	Second      bool      `json:"f,omitempty"`
	Two         bool      `json:"w,omitempty"`
	Must        bool      `json:"q,omitempty"`
	Trust       bool      `json:"u,omitempty"`
}

// stepNeeded is the refusal that says what is needed.
func (s *Service) stepNeeded(in opening, a storage.Account, need StepNeed, methods []Method) error {
	id, err := s.secret(18)
	if err != nil {
		return err
	}
	now := s.now()
	since := in.Since
	if since.IsZero() {
		since = now
	}
	t := ticket{ID: id, AccountID: a.ID, Need: need, PasswordSetAt: a.PasswordSetAt, ExpiresAt: now.Add(s.config.Second.StepTTL), Dialect: in.Dialect,
		Persistent: in.Persistent, Replace: in.Replace, AMR: in.AMR, DeviceToken: in.DeviceToken, Since: since, Key: in.Key, Second: in.Second, Two: in.Two, Must: in.Must,
		Trust: in.Trust}
	sealed, err := s.sealText(stepPurpose, "", t)
	if err != nil {
		return err
	}
	return &Refusal{Kind: StepNeeded, Step: &Step{Ticket: sealed, Need: need, Methods: methods, ExpiresAt: t.ExpiresAt}}
}

// step opens a ticket: what is to be opened, and for whom. The caller is whoever comes with it now. Refusals: StepGone.
func (s *Service) step(ctx context.Context, sealed string, caller Caller) (opening, storage.Account, StepNeed, error) {
	var t ticket
	if err := s.openText(stepPurpose, "", sealed, &t); err != nil || !s.now().Before(t.ExpiresAt) {
		return opening{}, storage.Account{}, "", &Refusal{Kind: StepGone}
	}
	a, err := s.active(ctx, t.AccountID)
	if IsKind(err, Gone) || err == nil && !a.PasswordSetAt.Equal(t.PasswordSetAt) {
		return opening{}, storage.Account{}, "", &Refusal{Kind: StepGone}
	}
	if err != nil {
		return opening{}, storage.Account{}, "", err
	}
	if t.Need == NeedEnrol { // who set a second factor up meanwhile is asked for that one
		methods, err := s.SecondMethods(ctx, a, t.AMR)
		if err != nil {
			return opening{}, storage.Account{}, "", err
		}
		if len(methods) > 0 {
			return opening{}, storage.Account{}, "", &Refusal{Kind: StepGone}
		}
	}
	return opening{Dialect: t.Dialect, Caller: caller, Persistent: t.Persistent, Replace: t.Replace, AMR: t.AMR, DeviceToken: t.DeviceToken, Since: t.Since,
		Key: t.Key, Second: t.Second, Two: t.Two, Must: t.Must, Trust: t.Trust, Step: t.ID, StepEnds: t.ExpiresAt}, a, t.Need, nil
}

// spendStep uses up the step that a session comes of, so that a ticket opens one.
func (s *Service) spendStep(ctx context.Context, in opening) error {
	if in.Step == "" {
		return nil
	}
	err := s.store.SpendOnce(ctx, "step "+in.Step, in.StepEnds, s.now())
	if errors.Is(err, storage.ErrSpent) {
		return &Refusal{Kind: StepGone}
	}
	if err != nil {
		return fmt.Errorf("spend step: %w", err)
	}
	return nil
}

// spendFirst is spendStep for what changes the account before it goes on: of one ticket that happens once. What goes on has no step any more.
func (s *Service) spendFirst(ctx context.Context, in opening) (opening, error) {
	if err := s.spendStep(ctx, in); err != nil {
		return in, err
	}
	in.Step = ""
	return in, nil
}

// missingFactor says whether a second factor is still needed, or has to be set up first.
func (s *Service) missingFactor(ctx context.Context, in opening, a storage.Account, device knownDevice) (StepNeed, []Method, error) {
	must := in.Must || s.SecondRequired(a)
	if in.Second || twoFactors(in.AMR) || a.TOTP == nil && !must && !in.Two {
		return "", nil, nil
	}
	methods, err := s.SecondMethods(ctx, a, in.AMR)
	if err != nil {
		return "", nil, err
	}
	switch {
	case len(methods) == 0 && must:
		return NeedEnrol, s.offered(), nil
	case len(methods) == 0:
		return "", nil, nil
	case in.Two || in.Must || !firstFactor(in.AMR) || !device.trusted(s.now()): // a browser stands in beside a password or a passkey, not beside a mail
		return NeedSecond, methods, nil
	}
	fell, err := s.hadTwo(ctx, in, a) // to prove oneself again must not make a session worth less
	if fell {
		return NeedSecond, methods, err
	}
	return "", nil, err
}

// hadTwo tells whether the session that is renewed was opened with two factors.
func (s *Service) hadTwo(ctx context.Context, in opening, a storage.Account) (bool, error) {
	if in.Replace == "" {
		return false, nil
	}
	old, err := s.store.Session(ctx, in.Replace, s.now())
	if errors.Is(err, storage.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("load session: %w", err)
	}
	return old.AccountID == a.ID && twoFactors(old.AMR), nil
}

// needs tells whether err is the refusal that asks for this.
func needs(err error, need StepNeed) bool {
	r, ok := errors.AsType[*Refusal](err)
	return ok && r.Kind == StepNeeded && r.Step != nil && r.Step.Need == need
}

// sealText seals what travels through a browser, for a purpose and bound to a context.
func (s *Service) sealText(purpose, bound string, content any) (string, error) {
	plain, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("encode %s: %w", purpose, err)
	}
	box, err := s.vault.Seal(purpose, bound, plain)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	return base64.RawURLEncoding.EncodeToString(box), nil
}

// maxSealedText bounds what is opened, in bytes.
const maxSealedText = 4 << 10

// openText reverses sealText. Any error means that it is none of ours, or bound to something else.
func (s *Service) openText(purpose, bound, sealed string, to any) error {
	if sealed == "" || len(sealed) > maxSealedText {
		return errors.New("nothing sealed")
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return fmt.Errorf("decode %s: %w", purpose, err)
	}
	plain, err := s.vault.Open(purpose, bound, box)
	if err != nil {
		return fmt.Errorf("open %s: %w", purpose, err)
	}
	return json.Unmarshal(plain, to)
}
