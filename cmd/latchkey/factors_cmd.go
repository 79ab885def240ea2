package main

import (
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

func (a *app) resetFactorsCommand() *cobra.Command {
	const short = "Take every second factor of a person away"
	return &cobra.Command{Use: "reset-factors USER", Short: short, Args: cobra.ExactArgs(1),
		Long: short + ": authenticator app, passkeys and recovery codes. Every session of the person ends, and a notice is mailed. " +
			"First make sure that it is them who ask. " + whichUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.done(cmd, "POST", "users/"+url.PathEscape(args[0])+"/reset-factors", nil, "The factors are gone; all sessions have ended.")
		}}
}

// userFactors prints the second factors of an account, below what else there is.
func userFactors(w io.Writer, u admin.User) {
	if u.Factors == nil {
		return
	}
	_, _ = fmt.Fprintln(w)
	row(w, "authenticator app", u.Factors.TOTP)
	row(w, "passkeys", u.Factors.Passkeys)
	row(w, "recovery codes", u.Factors.RecoveryCodes)
	row(w, "second factor required", u.Factors.Required)
}
