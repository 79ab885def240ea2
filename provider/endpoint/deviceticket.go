package endpoint

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"latchkey/provider/oauth"
	"latchkey/storage"
)

const ticketPurpose = "device ticket"

// ticket is what is sealed: the question that was put. Its context is the session.
type ticket struct {
	UserCodeHash string `json:"u"`
	CodeHash     string `json:"c"`
}

func (e *DeviceApproval) ticket(userCodeHash, codeHash, sid string) (string, error) {
	plain, err := json.Marshal(ticket{userCodeHash, codeHash})
	if err != nil {
		return "", fmt.Errorf("encode ticket: %w", err)
	}
	sealed, err := e.Vault.Seal(ticketPurpose, sid, plain)
	if err != nil {
		return "", fmt.Errorf("seal ticket: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (e *DeviceApproval) open(sealed, sid string) (ticket, error) {
	b, err := oauth.DecodeBase64(sealed)
	if err != nil || len(b) > 1<<10 {
		return ticket{}, ErrNoDevice
	}
	plain, err := e.Vault.Open(ticketPurpose, sid, b)
	if err != nil {
		return ticket{}, ErrNoDevice
	}
	var t ticket
	if err := json.Unmarshal(plain, &t); err != nil {
		return ticket{}, fmt.Errorf("decode ticket: %w", err)
	}
	return t, nil
}

func (e *DeviceApproval) bars(c storage.Client, a storage.Account) bool {
	return e.Admits != nil && !e.Admits(c, a)
}
