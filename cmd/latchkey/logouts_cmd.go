package main

import (
	"context"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

func (a *app) logoutsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logouts USER", Short: "Show which applications were told that a session ended, and which not", Args: cobra.ExactArgs(1),
		Long: "Show what came of telling applications that sessions of a person ended (Back-Channel Logout), for a week. " + whichUser +
			" An account that was deleted is still known by its number.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
				var out []admin.Logout
				if err := c.call(ctx, "GET", "users/"+url.PathEscape(args[0])+"/logouts", nil, &out); err != nil {
					return err
				}
				return a.show(cmd, out, func(w io.Writer) {
					row(w, "ENDED", "CLIENT ID", "STATE", "TRIES", "AT", "LAST ERROR", "SESSION")
					for _, l := range out {
						row(w, l.EndedAt, l.ClientID, l.State, l.Attempts, l.At, l.LastError, l.SID)
					}
				})
			})
		},
	}
}
