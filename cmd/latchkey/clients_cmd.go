package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"latchkey/provider/admin"
	"latchkey/provider/client"
	"latchkey/storage"
)

func (a *app) clientsCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List all applications", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			out, err := allClients(ctx, c)
			if err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) {
				row(w, "CLIENT ID", "NAME", "AUTHENTICATES BY", "GRANTS", "FROM")
				for _, one := range out {
					row(w, one.Text("client_id"), one.Text("client_name"), one.Text("token_endpoint_auth_method"), one.Text("grant_types"), from(one))
				}
			})
		})
	}}
	show := &cobra.Command{Use: "show CLIENT_ID", Short: "Show everything of an application", Args: cobra.ExactArgs(1), RunE: func(cmd *cobra.Command, args []string) error {
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
	return group("clients", "Look after applications", a.createClientCommand(), a.updateClientCommand(), list, show, a.diffCommand(), rotate, remove, a.tokensCommand())
}

// allClients reads page after page.
func allClients(ctx context.Context, c *adminClient) ([]admin.Client, error) {
	all := []admin.Client{}
	for after := ""; ; {
		var page []admin.Client
		if err := c.call(ctx, "GET", "clients?after="+url.QueryEscape(after), nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page...)
		before := after
		for _, one := range page {
			if !one.Declared {
				after = max(after, one.Text("client_id"))
			}
		}
		if after == before { // nothing more of the store
			break
		}
	}
	storage.Sort(all, func(x, y admin.Client) int { return strings.Compare(x.Text("client_id"), y.Text("client_id")) })
	return all, nil
}

// from says where a client comes from.
func from(c admin.Client) string {
	switch {
	case c.Declared:
		return "configuration"
	case c.Inert:
		return "configuration, no more"
	case c.Registered:
		return "itself"
	}
	return "store"
}

// memberFlags makes flags for the members that are given often; every other one comes by --metadata.
func memberFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("metadata", "", "`file` of client metadata (RFC 7591) as a JSON object, - for standard input; other flags win over it")
	f.String("name", "", "name that people see")
	f.String("uri", "", "home page")
	f.StringArray("redirect-uri", nil, "redirect `URI`; may be repeated")
	f.StringArray("post-logout-redirect-uri", nil, "where people may return to after signing out; may be repeated")
	f.String("type", "", "web or native (default web)")
	f.String("auth", "", "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt or none, a public client (default client_secret_basic)")
	f.StringSlice("grant", nil, "grant type; may be repeated (default authorization_code,refresh_token)")
	f.StringSlice("response-type", nil, `response type; may be repeated (default code)`)
	f.String("scope", "", `scopes it may ask for (default "openid profile email offline_access")`)
	f.StringArray("audience", nil, "resource (RFC 8707) it may ask tokens for; may be repeated")
	f.String("jwks-uri", "", "where its public keys are fetched")
	f.String("id-token-alg", "", "algorithm of its ID tokens, one of keys.algorithms, or HS256 (default RS256)")
	f.Bool("skip-consent", false, "ask no consent: the operator answers for it")
}

// flagged are the members that flags stand for.
func flagged() map[string]string {
	return map[string]string{
		"name": "client_name", "uri": "client_uri", "redirect-uri": "redirect_uris", "post-logout-redirect-uri": "post_logout_redirect_uris",
		"type": "application_type", "auth": "token_endpoint_auth_method", "grant": "grant_types", "response-type": "response_types", "scope": "scope",
		"audience": "audiences", "jwks-uri": "jwks_uri", "id-token-alg": "id_token_signed_response_alg", "skip-consent": "skip_consent",
	}
}

// metadata puts together what file and flags say.
func (a *app) metadata(cmd *cobra.Command) (client.Metadata, error) {
	m, f := client.Metadata{}, cmd.Flags()
	if name := f.Lookup("metadata").Value.String(); name != "" {
		in := a.stdin
		if name != "-" {
			file, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			defer func() { _ = file.Close() }()
			in = file
		}
		raw, err := io.ReadAll(io.LimitReader(in, client.MaxMetadataBytes+1))
		if err != nil {
			return nil, fmt.Errorf("--metadata: %w", err)
		}
		if m, err = client.ParseMetadata(raw); err != nil {
			return nil, usageError{fmt.Errorf("--metadata: %w", err)}
		}
	}
	for flag, member := range flagged() {
		if !f.Changed(flag) {
			continue
		}
		switch f.Lookup(flag).Value.Type() {
		case "bool":
			m[member], _ = f.GetBool(flag)
		case "string":
			m[member], _ = f.GetString(flag)
		case "stringArray":
			m[member], _ = f.GetStringArray(flag)
		default:
			m[member], _ = f.GetStringSlice(flag)
		}
	}
	return m, nil
}

func (a *app) createClientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "create CLIENT_ID", Short: "Register an application; its secret is shown this once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := a.metadata(cmd)
			if err != nil {
				return err
			}
			m["client_id"] = args[0]
			return a.client(cmd, "POST", "clients", m)
		},
	}
	memberFlags(cmd)
	return cmd
}

func (a *app) updateClientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "update CLIENT_ID", Short: "Change the members that are given; null puts one back to its default", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := a.metadata(cmd)
			if err != nil {
				return err
			}
			if len(m) == 0 {
				return usageError{errors.New("nothing to change: name --metadata or a flag")}
			}
			return a.client(cmd, "PATCH", "clients/"+url.PathEscape(args[0]), m)
		},
	}
	memberFlags(cmd)
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
			rows(w, out)
			if out.Secret != "" {
				row(w, "client_secret", out.Secret)
				_, _ = fmt.Fprintln(a.stderr, "The secret is shown this once: keep it now.")
			}
		})
	})
}
