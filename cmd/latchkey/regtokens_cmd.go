package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/config"
	"latchkey/provider/admin"
)

func (a *app) tokensCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List the tokens that have not expired", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out []admin.Token
			if err := c.call(ctx, "GET", "registration-tokens", nil, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) {
				row(w, "ID", "NAME", "USED", "PKCE", "CREATED", "EXPIRES")
				for _, t := range out {
					row(w, t.ID, t.Name, used(t), pkce(t), t.CreatedAt, t.ExpiresAt)
				}
			})
		})
	}}
	remove := &cobra.Command{Use: "delete ID", Short: "Delete a token; the clients that registered with it stay", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return a.done(cmd, "DELETE", "registration-tokens/"+url.PathEscape(args[0]), nil, "Deleted.")
	}}
	return group("tokens", "Look after initial access tokens: who has one may register clients (RFC 7591)", a.createTokenCommand(), list, remove)
}

func (a *app) createTokenCommand() *cobra.Command {
	var in admin.NewToken
	var expires string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token; it is shown this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			if expires != "" {
				var d config.Duration
				if err := d.UnmarshalText([]byte(expires)); err != nil {
					return usageError{fmt.Errorf("--expires %w", err)}
				}
				if in.ExpiresIn = int64(d.D() / time.Second); in.ExpiresIn < 1 {
					return usageError{errors.New("--expires is less than a second")}
				}
			}
			return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
				var out admin.Token
				if err := c.call(ctx, "POST", "registration-tokens", in, &out); err != nil {
					return err
				}
				return a.show(cmd, out, func(w io.Writer) {
					row(w, "id", out.ID)
					row(w, "name", out.Name)
					row(w, "used", used(out))
					row(w, "pkce", pkce(out))
					row(w, "expires_at", out.ExpiresAt)
					row(w, "token", out.Token)
					_, _ = fmt.Fprintln(a.stderr, "The token is shown this once: keep it now.")
				})
			})
		},
	}
	f := cmd.Flags()
	f.IntVar(&in.MaxUses, "uses", 0, "how many clients may be registered with it (default no bound)")
	f.StringVar(&expires, "expires", "", "how long it is good, such as 24h or 30d (default no end)")
	f.BoolVar(&in.PKCEExempt, "pkce-exempt", false, "excuse its confidential clients from PKCE; only for software that cannot be changed")
	return cmd
}

func used(t admin.Token) string {
	if t.MaxUses == 0 {
		return strconv.Itoa(t.Uses)
	}
	return fmt.Sprintf("%d of %d", t.Uses, t.MaxUses)
}

func pkce(t admin.Token) string {
	if t.PKCEExempt {
		return "exempt"
	}
	return "required"
}
