package admin

import (
	"context"
	"net/http"

	"latchkey/provider/account"
	"latchkey/storage"
)

// Factors are the second factors of people. [account.Service] has them.
type Factors interface {
	TwoStep(ctx context.Context, a storage.Account) (account.TwoStep, error)
	ResetFactors(ctx context.Context, accountID int64, caller account.Caller) error
}

// UserFactors says which second factors an account has.
type UserFactors struct {
	// TOTP: an authenticator app is set up. Passkeys and RecoveryCodes count what there is. Required: the rules ask for a second factor.
	TOTP          bool `json:"totp"`
	Passkeys      int  `json:"passkeys"`
	RecoveryCodes int  `json:"recovery_codes"`
	Required      bool `json:"required"`
}

func (a api) factorsOf(ctx context.Context, found storage.Account) (*UserFactors, error) {
	st, err := a.Factors.TwoStep(ctx, found)
	if err != nil {
		return nil, err
	}
	return &UserFactors{TOTP: st.On(), Passkeys: st.Passkeys, RecoveryCodes: st.Codes, Required: st.Required}, nil
}

// resetFactors takes every second factor of somebody away.
func (a api) resetFactors(r *http.Request) (any, error) {
	found, err := a.user(r)
	if err != nil {
		return nil, err
	}
	return Done{true}, a.Factors.ResetFactors(r.Context(), found.ID, caller())
}
