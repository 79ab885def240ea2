package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/validator"
	"latchkey/keys"
	"latchkey/provider/admin"
)

const mintHelp = `Make tokens for testing applications that validate them: good ones, and ones that are wrong in one way each. A server in development
mode makes them (latchkey serve --dev) and this command asks it at its admin socket; no other server does.

They are signed with keys of their own, which are in the JWK set of that server until it ends. No key leaves it.

  latchkey token mint --dev                              a good access token
  latchkey token mint --dev --kind expired               one that has expired
  latchkey token mint --dev --list                       all kinds: what is wrong, where that is said, what a validator must do
  latchkey token mint --dev --all --audience https://api.example.com -o json

One kind prints the token alone. See docs/validating-tokens.md.`

// errNotDev is the answer where tokens are asked for outside of development mode.
var errNotDev = errors.New("tokens are minted in development mode only: start the server with --dev (or dev: true), and say so here too")

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "mint", Short: "Make tokens, good and wrong, for testing applications (development mode)", Long: mintHelp, Args: cobra.NoArgs, RunE: a.mint}
	f := cmd.Flags()
	f.StringSlice("kind", nil, "`kind` of token; may be repeated (default good)")
	f.Bool("all", false, "one of every kind")
	f.Bool("list", false, "list the kinds, and make none")
	mintFlags(cmd)
	_ = cmd.RegisterFlagCompletionFunc("kind", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		as, _ := cmd.Flags().GetString("as")
		return kindNames(as), cobra.ShellCompDirectiveNoFileComp
	})
	return group("token", "Tokens for testing", cmd)
}

// mintFlags are what minting and checking have in common.
func mintFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("as", validator.AsAccess, "what a good token is: access (RFC 9068) or id (OpenID Connect Core)")
	f.String("client", "", "`client_id` (default that of the sample application)")
	f.String("audience", "", "`aud` of access tokens (default as configured)")
	f.String("scope", "", "`scope` of access tokens")
	f.String("subject", "", "`sub` (default the client itself; of ID tokens, somebody)")
	f.String("user", "", "account whose sub it is: number, username or e-mail address")
	f.String("nonce", "", "`nonce` of ID tokens")
	f.String("alg", "", "signature algorithm (default that of access tokens; of ID tokens, RS256)")
	f.Duration("lifetime", 0, "how long good tokens live, up to a day (default as configured)")
	_ = cmd.RegisterFlagCompletionFunc("as", cobra.FixedCompletions([]string{validator.AsAccess, validator.AsID}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("alg", cobra.FixedCompletions(keys.Algorithms(), cobra.ShellCompDirectiveNoFileComp))
}

func kindNames(as string) (names []string) {
	for _, k := range validator.Kinds(as) {
		names = append(names, k.Name)
	}
	return names
}

// mintRequest reads the flags of mintFlags. user is an account to be looked up, "" for none.
func mintRequest(cmd *cobra.Command) (q validator.Request, user string, err error) {
	f := cmd.Flags()
	get := func(name string) string { v, _ := f.GetString(name); return v }
	lifetime, _ := f.GetDuration("lifetime")
	q = validator.Request{As: get("as"), Client: get("client"), Audience: get("audience"), Scope: get("scope"), Subject: get("subject"), Nonce: get("nonce"), Alg: get("alg"),
		Lifetime: int64(lifetime / time.Second)}
	if q.As != validator.AsAccess && q.As != validator.AsID {
		return q, "", usageError{errors.New("--as must be access or id")}
	}
	if f.Changed("lifetime") && lifetime < time.Second {
		return q, "", usageError{errors.New("--lifetime must be a second or more")}
	}
	if user = get("user"); user != "" && q.Subject != "" {
		return q, "", usageError{errors.New("--user and --subject exclude one another")}
	}
	return q, user, nil
}

func (a *app) mint(cmd *cobra.Command, _ []string) error {
	q, user, err := mintRequest(cmd)
	if err != nil {
		return err
	}
	f := cmd.Flags()
	list, _ := f.GetBool("list")
	all, _ := f.GetBool("all")
	q.Kinds, _ = f.GetStringSlice("kind")
	if list {
		return a.showKinds(cmd, q.As)
	}
	if all && len(q.Kinds) > 0 {
		return usageError{errors.New("--all and --kind exclude one another")}
	}
	for _, k := range q.Kinds {
		if !contains(kindNames(q.As), k) {
			return usageError{fmt.Errorf("there is no kind %q; --list shows them", k)}
		}
	}
	if !all && len(q.Kinds) == 0 {
		q.Kinds = []string{"good"}
	}
	m, err := a.devServer(cmd)
	if err != nil {
		return err
	}
	if err := m.find(cmd.Context(), &q, user); err != nil {
		return err
	}
	made, err := m.Make(cmd.Context(), q)
	if err != nil {
		return err
	}
	return a.show(cmd, made.Tokens, func(w io.Writer) {
		if len(made.Tokens) == 1 {
			_, _ = fmt.Fprintln(w, made.Tokens[0].Token)
			return
		}
		for _, t := range made.Tokens {
			row(w, t.Name, t.Expect, t.Token)
		}
	})
}

func contains(all []string, s string) bool {
	for _, one := range all {
		if one == s {
			return true
		}
	}
	return false
}

func (a *app) showKinds(cmd *cobra.Command, as string) error {
	kinds := validator.Kinds(as)
	return a.show(cmd, kinds, func(w io.Writer) {
		row(w, "KIND", "MUST", "WHAT IS WRONG", "CLAUSE")
		for _, k := range kinds {
			row(w, k.Name, map[validator.Expect]string{validator.Take: "take", validator.Refuse: "refuse", validator.Either: "either"}[k.Expect], k.Wrong, k.Clause)
		}
	})
}

// devServer is a running server in development mode, at its admin socket.
type devServer struct{ client *adminClient }

var _ validator.Issuer = devServer{}

// devServer finds it. The store is never opened here: keys of tokens are in the server alone.
func (a *app) devServer(cmd *cobra.Command) (devServer, error) {
	cfg, err := a.load(cmd, false)
	if err != nil {
		return devServer{}, err
	}
	if !cfg.Dev {
		return devServer{}, errNotDev
	}
	socket := cfg.AdminSocketPath()
	if socket == "" {
		return devServer{}, unavailableError{errors.New("the server has no admin socket (set server.admin_socket)")}
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", socket)
	}
	conn, err := dial(cmd.Context(), "", "")
	if err != nil {
		return devServer{}, unavailableError{fmt.Errorf("no server answers at %s: start one with latchkey serve --dev", socket)}
	}
	_ = conn.Close()
	return devServer{&adminClient{&http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: time.Minute}}}, nil
}

// find puts the subject of an account into a request.
func (d devServer) find(ctx context.Context, q *validator.Request, user string) error {
	if user == "" {
		return nil
	}
	var u admin.User
	if err := d.client.call(ctx, "GET", "users/"+url.PathEscape(user), nil, &u); err != nil {
		return err
	}
	q.Subject = u.Sub
	return nil
}

// Make implements [validator.Issuer].
func (d devServer) Make(ctx context.Context, q validator.Request) (out validator.Answer, err error) {
	return out, d.client.call(ctx, "POST", strings.TrimPrefix(mintRoute, "/v1/"), q, &out)
}

// Roll implements [validator.Issuer].
func (d devServer) Roll(ctx context.Context, alg string) error {
	return d.client.call(ctx, "POST", strings.TrimPrefix(rollRoute, "/v1/"), validator.Request{Alg: alg}, new(admin.Done))
}

// State implements [validator.Issuer].
func (d devServer) State(ctx context.Context) (out validator.State, err error) {
	return out, d.client.call(ctx, "GET", strings.TrimPrefix(stateRoute, "/v1/"), nil, &out)
}
