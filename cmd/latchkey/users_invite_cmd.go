package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

// inviteCommand makes an account that its owner opens.
func (a *app) inviteCommand() *cobra.Command {
	var in admin.NewInvitation
	cmd := &cobra.Command{
		Use: "invite EMAIL", Short: "Make an account and mail its owner a link to open it", Args: cobra.ExactArgs(1),
		Long: "Make an account and mail its owner a link to open it: they tell their name and choose a password. It works whether or not people can sign up\n" +
			"themselves. Somebody who was invited and has not come yet gets another link, and the former stops working.",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Email = args[0]
			return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
				var out admin.Invited
				if err := c.call(ctx, "POST", "invitations", in, &out); err != nil {
					return err
				}
				return a.show(cmd, out, func(w io.Writer) {
					userRows(w, out.User)
					userGroups(w, out.User)
					_, _ = fmt.Fprintf(w, "\nThe invitation works until %s. It is mailed by the server.\n", out.ExpiresAt.Format("2006-01-02 15:04 UTC"))
				})
			})
		},
	}
	cmd.Flags().StringVar(&in.FullName, "name", "", "full name, which the person can change")
	cmd.Flags().StringSliceVar(&in.Groups, "groups", nil, "groups of the account")
	cmd.Flags().StringVar(&in.Locale, "locale", "", "language (BCP 47) of the mail")
	return cmd
}
