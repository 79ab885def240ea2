package main

import "github.com/spf13/cobra"

func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "serve", Short: "Run the server", Args: cobra.NoArgs,
		Long: "Run the server until SIGTERM or an interrupt; then readiness goes down, requests go on for server.shutdown.delay,\n" +
			"and those under way may end within server.shutdown.timeout. A second signal ends it at once.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load(cmd, true)
			if err != nil {
				return err
			}
			return a.serve(cmd.Context(), cfg, a.stdout)
		},
	}
}
