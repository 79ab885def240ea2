package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) healthcheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Ask the running server whether it is ready", Args: cobra.NoArgs,
		Long: "Ask the running server, at server.ops_listen, whether it is ready (with --live: whether it runs). For containers without a shell.\n" +
			"With --at and --issuer: ask for discovery document and keys at an address, such as that of a Service; no other configuration is needed.",
		RunE: a.healthcheck,
	}
	cmd.Flags().Bool("live", false, "ask only whether it runs")
	cmd.Flags().String("at", "", "ask for discovery document and keys at this `URL`, by the issuer's name")
	cmd.Flags().Bool("insecure", false, "with --at: take any certificate")
	return cmd
}

func (a *app) healthcheck(cmd *cobra.Command, _ []string) error {
	if at, err := cmd.Flags().GetString("at"); err == nil && at != "" {
		return a.healthcheckAt(cmd, at)
	}
	cfg, err := a.load(cmd, false)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(cfg.Server.OpsListen)
	if err != nil {
		return errors.New("there is no operators' listener to ask (server.ops_listen)")
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	path := "/readyz"
	if live, err := cmd.Flags().GetBool("live"); err == nil && live {
		path = "/livez"
	}
	req, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, "http://"+net.JoinHostPort(host, port)+path, nil)
	if err != nil {
		return err
	}
	res, err := (&http.Client{Timeout: 5 * time.Second}).Do(req)
	if err != nil {
		return unavailableError{err}
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4096))
	if err != nil {
		return unavailableError{err}
	}
	text := strings.TrimSpace(string(body))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server says: %s", text)
	}
	return a.show(cmd, map[string]string{"status": text}, func(w io.Writer) { _, _ = fmt.Fprintln(w, text) })
}
