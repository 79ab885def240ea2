package admin

import (
	"encoding/hex"
	"strings"

	"latchkey/provider/account"
	"latchkey/provider/client"
)

// IsSecretHash says whether s is an encoding that [storage.ClientSecret] allows.
func IsSecretHash(s string) bool {
	if digits, ok := strings.CutPrefix(s, "sha256:"); ok {
		sum, err := hex.DecodeString(digits)
		return err == nil && len(sum) == 32 && digits == strings.ToLower(digits)
	}
	return account.IsHash(s)
}

// invalid tells the operator everything that is wrong with a client.
func invalid(faults []client.Fault) error {
	if len(faults) == 0 {
		return nil
	}
	f := &Fault{Code: "invalid", Message: "the client is not valid", Fields: map[string]string{}}
	for _, one := range faults {
		problem := one.String()
		if f.Fields[one.Field] != "" {
			problem = f.Fields[one.Field] + "; " + problem
		}
		f.Fields[one.Field] = problem
	}
	return f
}
