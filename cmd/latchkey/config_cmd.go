package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"latchkey/cmd/latchkey/config"
)

func (a *app) configCommand() *cobra.Command {
	check := &cobra.Command{
		Use: "check", Short: "Check the configuration and tell every fault", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := a.load(cmd, true); err != nil {
				return err
			}
			return a.show(cmd, map[string]bool{"ok": true}, func(w io.Writer) { _, _ = fmt.Fprintln(w, "The configuration is good.") })
		},
	}
	show := &cobra.Command{
		Use: "show", Short: "Print the values in force, secrets redacted, and the discovery document", Args: cobra.NoArgs,
		RunE: a.showConfig,
	}
	example := &cobra.Command{
		Use: "example", Short: "Print an example file with every key, its meaning and its default", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(config.Example())
			return err
		},
	}
	return group("config", "Check, show and explain the configuration", check, show, example)
}

func (a *app) showConfig(cmd *cobra.Command, _ []string) error {
	cfg, err := a.load(cmd, false)
	if err != nil {
		return err
	}
	values, err := cfg.Effective()
	if err != nil {
		return err
	}
	discovery, err := a.discovery(cfg)
	if err != nil {
		return fmt.Errorf("discovery document: %w", err)
	}
	both := struct {
		Config    map[string]any  `json:"config"`
		Discovery json.RawMessage `json:"discovery"`
	}{Discovery: discovery}
	if err := yaml.Unmarshal(values, &both.Config); err != nil {
		return err
	}
	pretty, err := json.MarshalIndent(both.Discovery, "", "  ")
	if err != nil {
		return err
	}
	return a.show(cmd, both, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "%s\n# What applications see at %s/.well-known/openid-configuration:\n%s\n", values, cfg.Issuer, pretty)
	})
}
