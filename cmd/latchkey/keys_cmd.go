package main

import (
	"context"
	"fmt"
	"io"
	"net/url"

	"github.com/spf13/cobra"

	"latchkey/keys"
	"latchkey/provider/admin"
)

func (a *app) keysCommand() *cobra.Command {
	list := &cobra.Command{Use: "list", Short: "List signing keys with their states and times", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out []admin.Key
			if err := c.call(ctx, "GET", "keys", nil, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) {
				row(w, "KID", "ALG", "STATE", "ACTIVATES", "RETIRES", "GONE", "SEALED BY")
				for _, k := range out {
					row(w, k.KID, k.Alg, k.State, k.ActivatesAt, k.RetiresAt, k.GoneAt, k.SealKeyID)
				}
			})
		})
	}}
	rotate := &cobra.Command{Use: "rotate", Short: "Bring the next key forward as early as is safe", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		alg, err := cmd.Flags().GetString("alg")
		if err != nil {
			return err
		}
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out admin.Rotated
			if err := c.call(ctx, "POST", "keys/rotate", admin.RotateKeys{Alg: alg}, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) { row(w, "the next key signs from", out.ActivatesAt) })
		})
	}}
	rotate.Flags().String("alg", "", "rotate the ring of this algorithm only")
	_ = rotate.RegisterFlagCompletionFunc("alg", cobra.FixedCompletions(keys.Algorithms(), cobra.ShellCompDirectiveNoFileComp))
	reseal := &cobra.Command{Use: "reseal", Short: "Seal all keys anew with the current sealing key", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
			var out admin.Resealed
			if err := c.call(ctx, "POST", "keys/reseal", nil, &out); err != nil {
				return err
			}
			return a.show(cmd, out, func(w io.Writer) { row(w, "sealed anew:", out.Resealed) })
		})
	}}
	generate := &cobra.Command{Use: "generate-sealing-key", Short: "Print a fresh sealing key", Args: cobra.NoArgs, RunE: func(*cobra.Command, []string) error {
		_, err := fmt.Fprintln(a.stdout, keys.GenerateSealingKey())
		return err
	}}
	return group("keys", "Look after the signing keys", list, rotate, a.revokeCommand(), reseal, generate)
}

func (a *app) revokeCommand() *cobra.Command {
	return &cobra.Command{
		Use: "revoke KID", Short: "EMERGENCY: stop publishing and using a key at once", Args: cobra.ExactArgs(1),
		Long: "Revoke is for a key that has leaked. Every token it signed fails at once, people have to sign in again, and applications that\n" +
			"cache JWKS may refuse good tokens for a while. To replace a key in peace, use rotate.",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAdmin(cmd, func(ctx context.Context, c *adminClient) error {
				var out admin.Revoked
				if err := c.call(ctx, "POST", "keys/"+url.PathEscape(args[0])+"/revoke", nil, &out); err != nil {
					return err
				}
				_, _ = fmt.Fprintln(a.stderr, "KEY REVOKED: every token that it signed is refused from now on.")
				return a.show(cmd, out, func(w io.Writer) {
					row(w, "KID", "ALG", "WAS", "SIGNS NOW", "GOOD TOKENS MAY FAIL UNTIL")
					row(w, out.KID, out.Alg, out.Was, out.ActiveKID, out.MayFailUntil)
				})
			})
		},
	}
}
