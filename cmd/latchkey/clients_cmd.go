package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
)

func (a *app) clientsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List all applications", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out []admin.Client
			if err := c.call(ctx, "GET", "clients", nil, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) {
				row(w, "CLIENT ID", "NAME", "AUTHENTICATES BY", "GRANTS", "FROM")
				for _, one := range out {
					from := "store"
					if one.Declared {
						from = "configuration"
					}
					row(w, one.ID, one.Name, one.AuthMethod, strings.Join(one.GrantTypes, " "), from)
				}
			})
		})
	}}
	show := &cobra.Command{Use: "show CLIENT_ID", Short: "Show an application", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return a.client(cmd, "GET", "clients/"+url.PathEscape(args[0]), nil)
	}}
	var rotation admin.Rotate
	rotate := &cobra.Command{
		Use: "rotate-secret CLIENT_ID", Short: "Make a new secret; the newest former one stays good beside it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.client(cmd, "POST", "clients/"+url.PathEscape(args[0])+"/secret", rotation)
		},
	}
	rotate.Flags().BoolVar(&rotation.DropFormer, "drop-former", false, "refuse every former secret at once")
	remove := &cobra.Command{Use: "delete CLIENT_ID", Short: "Delete an application and revoke its grants", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
		return a.done(cmd, "DELETE", "clients/"+url.PathEscape(args[0]), nil, "Deleted.")
	}}
	return group("clients", "Look after applications", a.createClientCommand(), list, show, rotate, remove)
}

func (a *app) createClientCommand() *cobra.Command {
	var in admin.Client
	cmd := &cobra.Command{
		Use: "create CLIENT_ID", Short: "Register an application; its secret is shown this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.ID = args[0]
			return a.client(cmd, "POST", "clients", in)
		},
	}
	f := cmd.Flags()
	f.StringVar(&in.Name, "name", "", "name that people see")
	f.StringVar(&in.URI, "uri", "", "home page")
	f.StringArrayVar(&in.RedirectURIs, "redirect-uri", nil, "redirect `URI`; may be repeated")
	f.StringArrayVar(&in.PostLogoutRedirectURIs, "post-logout-redirect-uri", nil, "where people may return to after signing out; may be repeated")
	f.StringVar(&in.ApplicationType, "type", "web", "web or native")
	f.StringVar(&in.AuthMethod, "auth", "client_secret_basic", "client_secret_basic, client_secret_post or none (a public client)")
	f.StringSliceVar(&in.GrantTypes, "grant", nil, "grant type; may be repeated (default authorization_code,refresh_token)")
	f.StringVar(&in.Scope, "scope", "", `scopes it may ask for (default "openid profile email offline_access")`)
	f.StringArrayVar(&in.Audiences, "audience", nil, "resource (RFC 8707) it may ask tokens for; may be repeated")
	f.StringVar(&in.IDTokenAlg, "id-token-alg", "", "algorithm of its ID tokens, one of keys.algorithms (default RS256)")
	f.BoolVar(&in.SkipConsent, "skip-consent", false, "ask no consent: the operator answers for it")
	return cmd
}

// client makes a call that answers with a client, and shows it.
func (a *app) client(cmd *cobra.Command, method, path string, in any) error {
	return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
		var out admin.Client
		if err := c.call(ctx, method, path, in, &out); err != nil {
			return err
		}
		return a.show(cmd, out, func(w io.Writer) {
			row(w, "client_id", out.ID)
			row(w, "client_name", out.Name)
			row(w, "token_endpoint_auth_method", out.AuthMethod)
			row(w, "grant_types", strings.Join(out.GrantTypes, " "))
			row(w, "redirect_uris", strings.Join(out.RedirectURIs, " "))
			row(w, "scope", out.Scope)
			for _, s := range out.Secrets {
				row(w, "secret "+s.ID, fmt.Sprint("since ", s.CreatedAt.UTC().Format("2006-01-02T15:04:05Z")))
			}
			if out.Secret != "" {
				row(w, "client_secret", out.Secret)
				_, _ = fmt.Fprintln(a.stderr, "The secret is shown this once: keep it now.")
			}
		})
	})
}
