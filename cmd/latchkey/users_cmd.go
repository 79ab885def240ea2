package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

const whichUser = "USER is a number, a username, an e-mail address or a sub."

func (a *app) usersCommand() *cobra.Command {
	var in admin.NewUser
	create := &cobra.Command{
		Use: "create", Short: "Make an account", Args: cobra.NoArgs, Long: "Make an account. The password comes from standard input or --password-file.\n" + whatClaims,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if in.Claims, err = readClaims(cmd); err != nil {
				return err
			}
			if in.Password, err = a.password(cmd); err != nil {
				return err
			}
			return a.user(cmd, "POST", "users", in)
		},
	}
	create.Flags().StringVar(&in.Username, "username", "", "username")
	create.Flags().StringVar(&in.Email, "email", "", "e-mail address")
	create.Flags().StringVar(&in.FullName, "full-name", "", "full name")
	create.Flags().String("password-file", "", "`file` with the password")
	create.Flags().String("claims", "", "JSON `file` with claims")

	password := &cobra.Command{
		Use: "set-password USER", Short: "Set a password; every session ends and a notice is mailed", Args: cobra.ExactArgs(1),
		Long: "Set a password, which comes from standard input or --password-file. Every session of the person ends, and a notice is mailed.\n" + whichUser,
		RunE: func(cmd *cobra.Command, args []string) error {
			secret, err := a.password(cmd)
			if err != nil {
				return err
			}
			return a.done(cmd, "PUT", "users/"+url.PathEscape(args[0])+"/password", admin.Password{Password: secret}, "The password is set; all sessions have ended.")
		},
	}
	password.Flags().String("password-file", "", "`file` with the password")

	one := func(name, short, method, suffix string) *cobra.Command {
		return &cobra.Command{Use: name + " USER", Short: short, Long: short + ". " + whichUser, Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
			return a.user(cmd, method, "users/"+url.PathEscape(args[0])+suffix, nil)
		}}
	}
	remove := &cobra.Command{Use: "delete USER", Short: "Delete an account with all that is its own", Long: "Delete an account with all that is its own. " + whichUser, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.done(cmd, "DELETE", "users/"+url.PathEscape(args[0]), nil, "Deleted.")
		}}
	return group("users", "Look after accounts", create, a.inviteCommand(), a.importUsersCommand(), a.exportUsersCommand(), a.updateUserCommand(), a.listUsersCommand(), one("show", "Show an account", "GET", ""),
		one("disable", "Disable an account: it cannot sign in, and its tokens are refused", "POST", "/disable"),
		one("enable", "Enable an account again", "POST", "/enable"), one("keep", "Keep an account that its owner asked to delete", "POST", "/keep"), password, a.resetFactorsCommand(), a.logoutsCommand(), remove)
}

func (a *app) listUsersCommand() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List all accounts", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			all := []admin.User{}
			for after := int64(0); ; {
				var page []admin.User
				if err := c.call(ctx, "GET", fmt.Sprintf("users?after=%d", after), nil, &page); err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				all, after = append(all, page...), page[len(page)-1].ID
			}
			return a.show(cmd, all, func(w io.Writer) { userRows(w, all...) })
		})
	}}
}

func userRows(w io.Writer, users ...admin.User) {
	row(w, "ID", "USERNAME", "EMAIL", "VERIFIED", "DISABLED", "CREATED", "SUB")
	for _, u := range users {
		row(w, u.ID, u.Username, u.Email, u.EmailVerified, u.Disabled, u.CreatedAt, u.Sub)
	}
	for _, u := range users {
		if u.DeleteAt != nil {
			_, _ = fmt.Fprintf(w, "account %d will be deleted at %s, as its owner asked\n", u.ID, u.DeleteAt.Format(time.RFC3339))
		}
	}
}

// userGroups prints the groups of an account, below what else there is.
func userGroups(w io.Writer, u admin.User) {
	if len(u.Groups) > 0 {
		_, _ = fmt.Fprintln(w)
		row(w, "groups", strings.Join(u.Groups, ", "))
	}
}

// user makes a call that answers with an account, and shows it.
func (a *app) user(cmd *cobra.Command, method, path string, in any) error {
	return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
		var out admin.User
		if err := c.call(ctx, method, path, in, &out); err != nil {
			return err
		}
		return a.show(cmd, out, func(w io.Writer) { userRows(w, out); claimRows(w, out); userGroups(w, out); userFactors(w, out) })
	})
}

// done makes a call that has nothing to show but that it is done.
func (a *app) done(cmd *cobra.Command, method, path string, in any, text string) error {
	return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
		var out admin.Done
		if err := c.call(ctx, method, path, in, &out); err != nil {
			return err
		}
		return a.show(cmd, out, func(w io.Writer) { _, _ = fmt.Fprintln(w, text) })
	})
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
