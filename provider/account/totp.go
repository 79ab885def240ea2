package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" // #nosec G505 -- RFC 6238 §1.2: the algorithm that every authenticator app has
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"latchkey/storage"
)

const (
	totpSecret = 20               // bytes: the length of the HMAC (RFC 4226 §4 R6)
	totpDigits = 6                // RFC 4226 §5.3
	totpPeriod = 30 * time.Second // RFC 6238 §5.2
	totpDrift  = 1                // steps that a device's clock may be early or late (RFC 6238 §5.2)

	// totpPurpose is the [Vault] purpose of secrets in the store, totpSetupPurpose that of those that are yet to be confirmed.
	totpPurpose      = "totp secret"
	totpSetupPurpose = "totp set-up"
	// totpSetupTTL is how long somebody has to set an app up.
	totpSetupTTL = 30 * time.Minute
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// hotp is the code of a counter (RFC 4226 §5.3).
func hotp(secret []byte, counter uint64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// totpStep is the counter of a time (RFC 6238 §4.2).
func totpStep(t time.Time) int64 { return t.Unix() / int64(totpPeriod/time.Second) }

// matchTOTP finds the step whose code this is. It looks at every step that counts, so that its time tells nothing.
func matchTOTP(secret []byte, code string, now time.Time) (step int64, ok bool) {
	current := totpStep(now)
	for s := current - totpDrift; s <= current+totpDrift; s++ {
		if s >= 0 && subtle.ConstantTimeCompare([]byte(hotp(secret, uint64(s))), []byte(code)) == 1 { // #nosec G115 -- not negative
			step, ok = s, true
		}
	}
	return step, ok
}

// spaceless is a code without what people put between its parts.
func spaceless(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '-' || r == '\t' {
			return -1
		}
		return r
	}, code)
}

// looksLikeTOTP tells a code of an app from a recovery code.
func looksLikeTOTP(code string) bool {
	c := spaceless(code)
	return len(c) == totpDigits && strings.Trim(c, "0123456789") == ""
}

// useTOTP checks a code of a secret and uses it up: of any number of callers with one code, in whatever replica, one succeeds (RFC 6238 §5.2).
// Refusals: WrongCode.
func (s *Service) useTOTP(ctx context.Context, accountID int64, secret []byte, code string) error {
	if !looksLikeTOTP(code) {
		return &Refusal{Kind: WrongCode}
	}
	now := s.now()
	step, ok := matchTOTP(secret, spaceless(code), now)
	if !ok {
		return &Refusal{Kind: WrongCode}
	}
	key := "totp " + digest(fmt.Sprintf("%d %d %x", accountID, step, secret))
	until := time.Unix((step+totpDrift+1)*int64(totpPeriod/time.Second), 0).Add(time.Minute) // clocks of replicas differ
	err := s.store.SpendOnce(ctx, key, until, now)
	if errors.Is(err, storage.ErrSpent) {
		return &Refusal{Kind: WrongCode}
	}
	if err != nil {
		return fmt.Errorf("spend code: %w", err)
	}
	return nil
}

// sealTOTP is a secret as the store has it: bound to its account.
func (s *Service) sealTOTP(a storage.Account, secret []byte) ([]byte, error) {
	box, err := s.vault.Seal(totpPurpose, a.Sub, secret)
	if err != nil {
		return nil, fmt.Errorf("seal totp secret: %w", err)
	}
	return box, nil
}

func (s *Service) openTOTP(a storage.Account) ([]byte, error) {
	secret, err := s.vault.Open(totpPurpose, a.Sub, a.TOTP.Sealed)
	if err != nil {
		return nil, fmt.Errorf("open totp secret of account %d: %w", a.ID, err)
	}
	return secret, nil
}

// TOTPSetup is an authenticator app that is being set up.
type TOTPSetup struct {
	// Ticket is sealed: it goes back with a code of the app.
	Ticket string
	// Secret is the key as people type it, in base32; URI the same as apps read it from a QR code.
	Secret, URI string
}

// totpPending is what a set-up carries through the browser.
type totpPending struct {
	Secret    []byte    `json:"s"`
	ExpiresAt time.Time `json:"x"`
	// Replaces is when the app was set up that this one takes the place of; zero for none.
	Replaces time.Time `json:"r,omitzero"`
}

// fits tells whether the account is still as it was when the set-up began.
func (p totpPending) fits(a storage.Account) bool {
	if a.TOTP == nil {
		return p.Replaces.IsZero()
	}
	return sameMoment(a.TOTP.ConfirmedAt, p.Replaces)
}

// BeginTOTP makes a secret for an app, which takes the place of the one that there is. Nothing is stored until a code of it came back: until then the former
// one stays. Refusals: NoMethod.
func (s *Service) BeginTOTP(a storage.Account) (TOTPSetup, error) {
	if !s.allows(MethodTOTP) {
		return TOTPSetup{}, &Refusal{Kind: NoMethod}
	}
	secret := s.randomBytes(totpSecret)
	if secret == nil {
		return TOTPSetup{}, errors.New("read random bytes")
	}
	p := totpPending{Secret: secret, ExpiresAt: s.now().Add(totpSetupTTL)}
	if a.TOTP != nil {
		p.Replaces = a.TOTP.ConfirmedAt
	}
	sealed, err := s.sealText(totpSetupPurpose, a.Sub, p)
	if err != nil {
		return TOTPSetup{}, err
	}
	return s.totpSetup(a, sealed, secret), nil
}

// ResumeTOTP is the set-up of a ticket, again: a wrong code is no reason to scan a new one. Refusals: StepGone.
func (s *Service) ResumeTOTP(a storage.Account, sealed string) (TOTPSetup, error) {
	p, err := s.pendingTOTP(a, sealed)
	if err != nil {
		return TOTPSetup{}, err
	}
	return s.totpSetup(a, sealed, p.Secret), nil
}

func (s *Service) pendingTOTP(a storage.Account, sealed string) (totpPending, error) {
	var p totpPending
	if err := s.openText(totpSetupPurpose, a.Sub, sealed, &p); err != nil || !s.now().Before(p.ExpiresAt) || len(p.Secret) != totpSecret {
		return p, &Refusal{Kind: StepGone}
	}
	return p, nil
}

func (s *Service) totpSetup(a storage.Account, sealed string, secret []byte) TOTPSetup {
	text := base32Text.EncodeToString(secret)
	return TOTPSetup{Ticket: sealed, Secret: text, URI: totpURI(s.config.Second.Issuer, totpName(a), text)}
}

func totpName(a storage.Account) string {
	if a.Email != "" {
		return a.Email
	}
	return a.Username
}

// totpURI is the key as authenticator apps read it: otpauth://totp/ISSUER:ACCOUNT with the issuer once more as a parameter. Neither may have a colon,
// which is what divides them.
func totpURI(issuer, account, secret string) string {
	plain := func(v string) string { return strings.ReplaceAll(v, ":", " ") }
	escape := func(v string) string { return strings.ReplaceAll(url.QueryEscape(v), "+", "%20") }
	return "otpauth://totp/" + escape(plain(issuer)) + ":" + escape(plain(account)) + "?secret=" + secret + "&issuer=" + escape(plain(issuer)) +
		fmt.Sprintf("&algorithm=SHA1&digits=%d&period=%d", totpDigits, int(totpPeriod/time.Second))
}
