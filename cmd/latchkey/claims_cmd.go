package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

// maxClaims bounds a file of claims, in bytes.
const maxClaims = 64 << 10

const whatClaims = `--claims names a JSON file with standard claims of OpenID Connect (Core §5.1), such as
  {"given_name": "Ada", "birthdate": "1815-12-10", "zoneinfo": "Europe/London", "address": {"locality": "London", "country": "England"},
   "phone_number": "+44 20 7946 0958", "phone_number_verified": true, "email_verified": true}
null takes a claim away; claims that are not named stay as they are.`

func (a *app) updateUserCommand() *cobra.Command {
	update := &cobra.Command{
		Use: "update USER", Short: "Change what an account says of a person", Args: cobra.ExactArgs(1), Long: "Change what an account says of a person. " + whichUser + "\n" + whatClaims,
		RunE: func(cmd *cobra.Command, args []string) error {
			claims, err := readClaims(cmd)
			if err != nil {
				return err
			}
			if claims == nil {
				return usageError{errors.New("nothing to change; name a file with --claims")}
			}
			return a.user(cmd, "PATCH", "users/"+url.PathEscape(args[0]), admin.UserChange{Claims: claims})
		},
	}
	update.Flags().String("claims", "", "JSON `file` with claims")
	return update
}

// readClaims reads the file of --claims; nil where there is none.
func readClaims(cmd *cobra.Command) (admin.Claims, error) {
	name, err := cmd.Flags().GetString("claims")
	if err != nil || name == "" {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	content, err := io.ReadAll(io.LimitReader(f, maxClaims+1))
	if err != nil {
		return nil, fmt.Errorf("read claims: %w", err)
	}
	if len(content) > maxClaims {
		return nil, usageError{errors.New("the file of claims is longer than 64 KiB")}
	}
	var claims admin.Claims
	if err := json.Unmarshal(content, &claims); err != nil || claims == nil {
		return nil, usageError{fmt.Errorf("%s holds no JSON object of claims", name)}
	}
	return claims, nil
}

// claimRows prints the claims of an account, below its row.
func claimRows(w io.Writer, u admin.User) {
	if len(u.Claims) == 0 {
		return
	}
	_, _ = fmt.Fprintln(w)
	for _, name := range slices.Sorted(maps.Keys(u.Claims)) {
		value := u.Claims[name]
		if _, text := value.(string); !text {
			b, err := json.Marshal(value)
			if err != nil {
				continue // what was decoded a moment ago
			}
			value = string(b)
		}
		row(w, name, value)
	}
}
