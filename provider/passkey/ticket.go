package passkey

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// vaultPurpose is what questions are sealed for; the context is the ceremony, what it is for, and the browser.
const vaultPurpose = "passkey"

// maxTicket bounds a ticket, in characters.
const maxTicket = 4096

// The ceremonies, as they stand in a ticket's context.
const (
	getCeremony    = "get"
	createCeremony = "create"
)

// ticket is what must be remembered of a question.
type ticket struct {
	Challenge string `json:"c"`
	// Handle is whose credential it must be; none means anybody's.
	Handle []byte `json:"h,omitempty"`
	// Verify: the user must be verified.
	Verify bool `json:"v,omitempty"`
	// Quiet: the browser makes the credential without asking (§5.1.3, conditional mediation).
	Quiet   bool  `json:"q,omitempty"`
	Expires int64 `json:"e"` // milliseconds since 1970
}

func (t ticket) expires() time.Time { return time.UnixMilli(t.Expires) }

func sealContext(ceremony, purpose, browser string) string {
	return ceremony + "\x00" + purpose + "\x00" + browser
}

func (p *Party) seal(ceremony, purpose, browser string, t ticket) (string, error) {
	t.Expires = p.now().Add(TTL).UnixMilli()
	plain, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode ticket: %w", err)
	}
	box, err := p.vault.Seal(vaultPurpose, sealContext(ceremony, purpose, browser), plain)
	if err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(box), nil
}

// unseal opens a ticket. Errors: ErrTicket.
func (p *Party) unseal(ceremony, purpose, browser, text string) (t ticket, err error) {
	if browser == "" || text == "" || len(text) > maxTicket {
		return t, ErrTicket
	}
	box, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return t, ErrTicket
	}
	plain, err := p.vault.Open(vaultPurpose, sealContext(ceremony, purpose, browser), box)
	if err != nil {
		return t, ErrTicket // what the vault says is of no use to anybody: it is not ours
	}
	if err := json.Unmarshal(plain, &t); err != nil {
		return t, fmt.Errorf("decode ticket: %w", err)
	}
	if !p.now().Before(t.expires()) {
		return t, ErrTicket
	}
	return t, nil
}

// fromUs: browsers write origins in one way only, so nothing but the same bytes is the same (§7.1 step 9, §7.2 step 13).
func (p *Party) fromUs(origin string) error {
	if !slices.Contains(p.config.Origins, origin) {
		return fmt.Errorf("%w: origin", ErrRefused)
	}
	return nil
}
