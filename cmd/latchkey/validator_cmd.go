package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"latchkey/cmd/latchkey/validator"
)

const validatorHelp = `Send good and wrong tokens to an endpoint of your application, and report which it wrongly took or refused. A server in development mode
(latchkey serve --dev), which the application must trust as its issuer, makes them; this command asks it at its admin socket.

  latchkey check-validator http://localhost:3000/api/me --dev --audience https://api.example.com

Every request is a GET with Authorization: Bearer unless said otherwise. Choose an endpoint that anybody with a good token may call, and that changes nothing.
At the end the server publishes a new key and withdraws another, to see whether the application follows.

Exit status:
  0   every answer is as it must be
  1   a token was wrongly taken or refused, or was answered in another way
  2   the command line makes no sense
  69  the server or the application cannot be reached; nothing wrong was found before that

See docs/validating-tokens.md.`

func (a *app) validatorCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check-validator URL", Short: "Test how an application validates tokens (development mode)", Long: validatorHelp, Args: cobra.ExactArgs(1), RunE: a.checkValidator}
	f := cmd.Flags()
	mintFlags(cmd)
	f.String("method", http.MethodGet, "`method` of requests")
	f.String("in", validator.InHeader, "where the token goes: header, cookie or query")
	f.String("name", "", "`name` of the header, cookie or parameter (default Authorization, access_token)")
	f.String("scheme", "Bearer", `what stands before the token in the header; "" for nothing`)
	f.String("taken", "2xx", "`statuses` that say that a token was taken")
	f.String("refused", "401,403", "`statuses` that say that it was refused")
	f.Bool("own-client", false, "the application takes tokens of --client alone")
	f.Bool("asks-issuer", false, "the application asks the issuer whether a token still lives (introspection)")
	f.StringSlice("skip", nil, "`kind` not to be sent; may be repeated")
	f.Duration("timeout", 10*time.Second, "time for each request")
	f.Duration("pause", 0, "time between requests")
	f.Duration("patience", 40*time.Second, "how long a good token may be refused: applications fetch keys anew only so often")
	f.String("ca-file", "", "PEM `file` of authorities for the application's certificate")
	f.String("keys-listen", "127.0.0.1:0", "`address` where an intruder's keys are served, as some tokens say; \"\" for nowhere")
	f.Bool("verbose", false, "list everything, not only what is wrong")
	f.VarP(&shape{"table"}, "output", "o", "shape of the report: table, json or junit")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"table", "json", "junit"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("in", cobra.FixedCompletions([]string{validator.InHeader, validator.InCookie, validator.InQuery}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("skip", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		as, _ := cmd.Flags().GetString("as")
		return kindNames(as), cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// shape is the flag of a report's shape. It is no string, so that the rule of other commands is not applied to it.
type shape struct{ name string }

func (s *shape) String() string { return s.name }

// Type is for help.
func (s *shape) Type() string { return "shape" }

// Set implements [github.com/spf13/pflag.Value].
func (s *shape) Set(v string) error {
	if v != "table" && v != "text" && v != "json" && v != "junit" {
		return errors.New("must be table, json or junit")
	}
	s.name = v
	return nil
}

func (a *app) checkValidator(cmd *cobra.Command, args []string) error {
	o, user, err := checkOptions(cmd, args[0])
	if err != nil {
		return err
	}
	server, err := a.devServer(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	if err := server.find(ctx, &o.Request, user); err != nil {
		return err
	}
	if listen, _ := cmd.Flags().GetString("keys-listen"); listen != "" {
		trap, err := openTrap(ctx, server, listen)
		if err != nil {
			return err
		}
		defer trap.close()
		o.Request.KeysAt, o.Hits = trap.at, trap.count
	}
	report, err := validator.Check(ctx, server, o)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return unavailableError{fmt.Errorf("check %s: %w", o.Target.URL, err)}
	}
	if err := a.writeReport(cmd, report); err != nil {
		return err
	}
	switch report.Worst() {
	case validator.Wrong, validator.Unexpected:
		return errDiffers
	case validator.Fault:
		return unavailableError{errors.New("not every request was answered")}
	}
	return nil
}

func (a *app) writeReport(cmd *cobra.Command, r *validator.Report) error {
	switch cmd.Flags().Lookup("output").Value.String() {
	case "json":
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(struct {
			*validator.Report
			Complaints []validator.Complaint `json:"complaints"`
		}{r, r.Complaints()})
	case "junit":
		return r.WriteJUnit(a.stdout)
	}
	verbose, _ := cmd.Flags().GetBool("verbose")
	return r.WriteTable(a.stdout, verbose)
}

// checkOptions reads the command line. Every error is one of usage.
func checkOptions(cmd *cobra.Command, target string) (o validator.Options, user string, err error) {
	f := cmd.Flags()
	if o.Request, user, err = mintRequest(cmd); err != nil {
		return o, "", err
	}
	if o.Target, err = checkTarget(cmd, target); err != nil {
		return o, "", usageError{err}
	}
	o.Skip, _ = f.GetStringSlice("skip")
	known := kindNames(o.Request.As)
	for _, k := range validator.Extra() {
		known = append(known, k.Name)
	}
	for _, k := range o.Skip {
		if !contains(known, k) || k == "good" || k == "no-token" {
			return o, "", usageError{fmt.Errorf("--skip %s: no such kind that could be left out; latchkey token mint --list shows them", k)}
		}
	}
	o.Pause, _ = f.GetDuration("pause")
	o.Patience, _ = f.GetDuration("patience")
	o.Now = time.Now
	if o.Request.Scope != "" {
		o.Duties = append(o.Duties, validator.RuleScope)
	}
	if own, _ := f.GetBool("own-client"); own {
		o.Duties = append(o.Duties, validator.RuleClient)
	}
	if asks, _ := f.GetBool("asks-issuer"); asks {
		o.Duties = append(o.Duties, validator.RuleSession)
	}
	return o, user, nil
}

func checkTarget(cmd *cobra.Command, target string) (t validator.Target, err error) {
	f := cmd.Flags()
	get := func(name string) string { v, _ := f.GetString(name); return v }
	u, err := url.Parse(target)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return t, fmt.Errorf("%q is no http or https address", target)
	}
	t = validator.Target{URL: target, Method: strings.ToUpper(get("method")), In: get("in"), Name: get("name"), Scheme: get("scheme")}
	switch t.In {
	case validator.InHeader, validator.InCookie, validator.InQuery:
	default:
		return t, errors.New("--in must be header, cookie or query")
	}
	if t.Name == "" {
		t.Name = map[string]string{validator.InHeader: "Authorization", validator.InCookie: "access_token", validator.InQuery: "access_token"}[t.In]
	}
	if t.Takes, err = validator.ParseStatuses(get("taken")); err != nil {
		return t, fmt.Errorf("--taken: %w", err)
	}
	if t.Refuses, err = validator.ParseStatuses(get("refused")); err != nil {
		return t, fmt.Errorf("--refused: %w", err)
	}
	if t.Takes.Overlaps(t.Refuses) {
		return t, errors.New("--taken and --refused have a status in common")
	}
	timeout, _ := f.GetDuration("timeout")
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}
	if name := get("ca-file"); name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			return t, err
		}
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return t, fmt.Errorf("--ca-file %s: no certificate in it", name)
		}
	}
	t.HTTP = &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return t, nil
}

// trap serves the intruder's keys where tokens say that they are, and counts who comes.
type trap struct {
	at    string
	count func() int
	close func()
}

func openTrap(ctx context.Context, server devServer, listen string) (*trap, error) {
	made, err := server.Make(ctx, validator.Request{Kinds: []string{"good"}})
	if err != nil {
		return nil, err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("--keys-listen: %w", err)
	}
	h := validator.NewTrap(made)
	hs := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = hs.Serve(ln) }() // ends with close
	return &trap{at: "http://" + ln.Addr().String(), count: h.Count, close: func() { _ = hs.Close() }}, nil
}
